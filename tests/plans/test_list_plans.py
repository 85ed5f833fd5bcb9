"""Every list of the API and of the console reads a page of a year's play, and never all of it."""

from datetime import timedelta
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from esports.models import Tournament
from kgen.clock import database_now
from kgen.webhooks.models import WebhookEndpoint
from rewards.models import Reward
from tests.support import factories
from tests.support.endpoints import endpoints
from tests.support.grown import Grown, Watch
from tests.support.http import Caller
from tests.support.undone import undone
from tests.support.ways import Chosen, Way
from users.models import Operator
from wallet.models import Withdrawal

pytestmark = pytest.mark.long

# Every GET of the API, by view set and action, with what shapes its statements.
READ: dict[str, list[str]] = {
    "AccountViewSet.linked_mobile_number": ["/fe/users/account/linked-mobile-number"],
    "ClaimViewSet.claimable": ["/fe/esports/rewards/claim"],
    "GamerWalletViewSet.balance": ["/fe/wallet/balance"],
    "GamerWalletViewSet.transactions": [
        f"/fe/wallet/transactions?{query}" for query in ("", "type=JOIN", "direction=CREDIT", "direction=DEBIT")
    ],
    "GamerWalletViewSet.withdrawal": ["/fe/wallet/withdrawals/{withdrawal}"],
    "GamerWalletViewSet.withdrawals": ["/fe/wallet/withdrawals"],
    "LeaderboardViewSet.leaderboard": ["/fe/esports/leaderboards/{main}/leaderboard"],
    "ResultViewSet.results": ["/s2s/esports/tournaments/{main}/results"],
    "StatisticsViewSet.historic": ["/fe/esports/statistics/historic"],
    "StudioSeriesViewSet.list": ["/s2s/esports/series"],
    "StudioSeriesViewSet.retrieve": ["/s2s/esports/series/{main}"],
    "StudioTournamentViewSet.leaderboard": ["/s2s/esports/tournaments/{large}/leaderboard"],
    "StudioTournamentViewSet.list": ["/s2s/esports/tournaments"],
    "StudioTournamentViewSet.retrieve": ["/s2s/esports/tournaments/{main}"],
    "StudioWalletViewSet.balance": ["/s2s/wallet/player-7/balance"],
    "StudioWalletViewSet.transactions": ["/s2s/wallet/player-7/transactions"],
    "TournamentViewSet.active": [
        f"/fe/esports/tournaments/active?{query}"
        for query in (
            "",
            "status=STARTED&title=cup",
            "buy_in_price=10",
            "ordering=-participants_count",
            "ordering=title",
            "ordering=-created_at&buy_in_price_min=1",
        )
    ],
    "TournamentViewSet.leaderboard": [
        f"/fe/esports/tournaments/{{large}}/leaderboard?{query}" for query in ("", "around=me", "limit=1000")
    ],
    "TournamentViewSet.participated": ["/fe/esports/tournaments/participated"],
    "TournamentViewSet.retrieve": ["/fe/esports/tournaments/{main}"],
    "WebhookViewSet.list": ["/s2s/webhooks"],
    "WebhookViewSet.retrieve": ["/s2s/webhooks/{endpoint}"],
}


def names_in(grown: Grown) -> dict[str, Any]:
    """What the paths are about."""
    wallet = grown.id("wallet", 7)
    return {
        "main": grown.main,
        "large": grown.large,
        "withdrawal": Withdrawal.objects.filter(wallet=wallet).values_list("pk", flat=True)[0],
        "endpoint": WebhookEndpoint.objects.filter(client_id=grown.client.pk)[0].pk,
        "gamer": grown.id("gamer", 7),
        "stay": grown.id("stay", 7),
        "reward": Reward.objects.filter(client=grown.client)[0].pk,
        "over": Tournament.objects.filter(settled_at__isnull=False)[0].pk,
        "client": grown.client.pk,
    }


def test_the_plan_tests_cover_every_read_of_the_api() -> None:
    assert {f"GET {name}" for name in READ} == {name for name in endpoints() if name.startswith("GET ")}


@pytest.mark.parametrize("name", READ)
def test_an_api_read_uses_an_index(grown: Grown, name: str) -> None:
    Chosen.way = Way.ORDINARY
    with undone():
        names = names_in(grown)
        for path in READ[name]:
            caller: Caller = grown.caller(7) if path.startswith("/fe/") else grown.studio()
            watch = Watch()
            with connection.execute_wrapper(watch):
                answer = caller.get(path.format(**names))
            assert answer.status in (200, 404), answer.content
            assert watch.seen
            assert not watch.faults, "\n".join([path, *watch.faults])


# Lists of the console that are not Django's own, and the pages that have lists on them.
PAGES = (
    "home/",
    "oversight/approvals/",
    "money/withdrawals/",
    "money/withdrawals/?tab=sent",
    "money/adjustments/",
    "money/flows/",
    "money/rails/",
    "jobs/",
    "jobs/?show=failed",
    "oversight/duties/",
    "people/gamers/{gamer}/",
    "people/gamers/{gamer}/?part=money",
    "play/tournaments/{main}/",
    "play/tournaments/{main}/standing/",
    "play/tournaments/{over}/settlement/",
    "play/participations/{stay}/",
    "money/withdrawals/{withdrawal}/",
    "studios/clients/{client}/webhooks/",
    "studios/webhooks/{endpoint}/",
)


@pytest.fixture
def browser(grown: Grown) -> Any:
    """An operator who may see everything, for one test."""
    with undone():
        found = Browser()
        found.force_login(Operator.objects.create_superuser("ann", password="a long enough password"))
        yield found


def look(browser: Browser, path: str) -> tuple[Any, list[str]]:
    """A page of the console, and the faults of its statements."""
    watch = Watch()
    with connection.execute_wrapper(watch):
        page = browser.get(path, follow=True)
    assert page.status_code == 200, (path, page.content[:500])
    assert watch.seen
    return page, [f"{path}: {fault}" for fault in watch.faults]


@pytest.mark.parametrize("path", PAGES)
def test_a_console_page_uses_an_index(grown: Grown, browser: Browser, path: str) -> None:
    _, faults = look(browser, "/console/" + path.format(**names_in(grown)))
    assert not faults, "\n".join(["FAULTS", *faults])


@pytest.mark.parametrize("operator", ["", "&operator_id=7"])
@pytest.mark.parametrize("days_ago", [(0, 0), (5, 5), (9, 0), (400, 300)])
def test_the_trail_filtered_by_days_uses_its_index(
    grown: Grown, browser: Browser, days_ago: tuple[int, int], operator: str
) -> None:
    """Of a day long ago as of today, and where there is none."""
    first, last = (database_now().date() - timedelta(days=back) for back in days_ago)
    query = f"?at_from={first}&at_to={last}{operator}"
    page, faults = look(browser, f"/console/kgen/auditentry/{query}")
    if page.context["cl"].next_query:
        faults += look(browser, f"/console/kgen/auditentry/{page.context['cl'].next_query}")[1]
    assert not faults, "\n".join(["FAULTS", *faults])


# A rare value of these is looked for among all rows: each would need an index of its own.
UNINDEXED = {
    "wallet.adjustment": {"state", "direction", "bucket"},
}
LISTS = {model._meta.label_lower: (model, shown) for model, shown in admin.site._registry.items()}


@pytest.mark.parametrize("label", LISTS)
def test_a_console_list_uses_an_index_under_each_filter_and_on_page_two(
    grown: Grown, browser: Browser, label: str
) -> None:
    """Under each of its filters, and on its second page."""
    address = reverse(f"admin:{label.replace('.', '_')}_changelist")
    page, faults = look(browser, address)
    shown = page.context["cl"]
    unindexed = UNINDEXED.get(label, set())
    specs = [spec for spec in shown.filter_specs if getattr(spec, "field_path", None) not in unindexed]
    filters = {choice.get("query_string") for spec in specs for choice in spec.choices(shown)}
    for query in {*filters, shown.next_query} - {None, "", "?"}:
        faults += look(browser, address + query)[1]
    assert not faults, "\n".join(["FAULTS", *faults])


# Whatever somebody may type into the search of any list.
TYPED = (
    "player-7",
    "{gamer}",
    "{main}",
    "{withdrawal}",
    "0x" + "ab" * 20,
    "join:{stay}",
    "0x" + "c" * 64,
    "gamer.note",
)


@pytest.mark.parametrize("label", [label for label, (_, shown) in LISTS.items() if shown.get_search_fields(None)])
def test_a_search_in_a_console_list_uses_an_index(grown: Grown, browser: Browser, label: str) -> None:
    address, names = reverse(f"admin:{label.replace('.', '_')}_changelist"), names_in(grown)
    faults = [look(browser, f"{address}?{urlencode({'q': typed.format(**names)})}")[1] for typed in TYPED]
    assert not any(faults), "\n".join(["FAULTS", *chain.from_iterable(faults)])


@pytest.mark.parametrize("label", LISTS)
def test_a_console_list_limited_to_one_client_uses_an_index(grown: Grown, label: str) -> None:
    """Also where the client has next to none, among a million of others."""
    with undone():
        person = Operator.objects.create_superuser("bob", password="a long enough password")
        person.clients.add(factories.ClientFactory())
        found = Browser()
        found.force_login(person)
        _, faults = look(found, reverse(f"admin:{label.replace('.', '_')}_changelist"))
    assert not faults, "\n".join(["FAULTS", *faults])


@pytest.mark.parametrize("label", LISTS)
def test_console_lists_do_not_offer_facet_counts(grown: Grown, browser: Browser, label: str) -> None:
    page, _ = look(browser, reverse(f"admin:{label.replace('.', '_')}_changelist"))
    assert "_facets" not in page.content.decode()
