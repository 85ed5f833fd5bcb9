"""Search: every id leads to its row, what role and limit hide is not found, people's numbers leave a trace."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from esports.models import Participation, Tournament, TournamentTemplate
from kgen.admin_site.roles import Role
from kgen.clock import database_now
from kgen.jobs.models import Job
from kgen.models import AuditEntry
from kgen.webhooks.events import write
from kgen.webhooks.models import WebhookEndpoint
from rewards.models import Reward
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from tests.support.withdrawals import PHONE, earn, link, row_of
from users.models import Client, Gamer, GamerSession, Operator
from wallet.models import Account, Adjustment, Deposit, Transaction, Withdrawal

pytestmark = pytest.mark.django_db
PATH = "/console/find/"


def look(browser: Browser, text: str) -> str:
    """The answer to a search, by the form on every page."""
    answer: Any = browser.post(PATH, {"q": text}, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def hits(page: str) -> dict[str, list[str]]:
    """Where each group's results lead."""
    groups = re.findall(r"<h2>([^<]+)</h2>\s*<ul>(.*?)</ul>", page, flags=re.S)
    return {unescape(title): re.findall(r'<a href="([^"]+)"', listed) for title, listed in groups}


@pytest.fixture
def rows(studio: StudioCaller, client_row: Client) -> dict[str, Any]:
    """A row of every kind that can be found, by its group."""
    uid = studio.tournament(title="Monsoon Cup")
    for number in range(4):
        gamer = studio.gamer(f"g{number}")
        gamer.join(uid).ok()
        gamer.score(uid, number).ok()
    end(uid)
    settle_due()
    gamer = studio.gamer("ann")
    earn(gamer, 50)
    link(gamer, PHONE)
    gamer.post("/fe/wallet/withdraw", {"amount": 20}, key="w")
    endpoint = WebhookEndpoint.objects.create(
        client_id=client_row.pk, url="https://studio.example/hook", created_at=database_now()
    )
    delivery = write(client_row.pk, "webhook.test", {}, [endpoint])[0]
    return {
        "Tournaments": Tournament.objects.get(),
        "Participations": Participation.objects.latest("pk"),
        "Gamers": row_of(gamer),
        "Sessions": GamerSession.objects.latest("pk"),
        "Wallets": row_of(gamer).wallet,
        "Transactions": Transaction.objects.filter(kind="JOIN").latest("pk"),
        "Adjustments": Adjustment.objects.get(),
        "Rewards": Reward.objects.latest("pk"),
        "Clients": client_row,
        "Webhook deliveries": delivery,
        "Webhook endpoints": endpoint,
    }


def test_a_search_by_id_leads_to_the_row(browser: Browser, rows: dict[str, Any]) -> None:
    for group, row in rows.items():
        for text in (str(row.pk), f"  {str(row.pk).upper()} "):
            found = hits(look(browser, text))
            assert list(found) == [group], (group, found)
            assert len(found[group]) == 1
        assert browser.get(found[group][0], follow=True).status_code == 200, group


def test_a_search_finds_a_withdrawal(browser: Browser, rows: dict[str, Any]) -> None:
    gamer, now = rows["Gamers"], database_now()
    row = Withdrawal.objects.first() or Withdrawal.objects.create(
        client_id=gamer.client_id,
        wallet_id=gamer.wallet_id,
        amount=5,
        currency="KCASH",
        destination="0x" + "1" * 40,
        account_id=gamer.pk,
        rail="internal",
        created_at=now,
        updated_at=now,
        next_attempt_at=now,
    )
    assert hits(look(browser, str(row.pk))) == {"Withdrawals": [f"/console/money/withdrawals/{row.pk}/"]}


def test_a_search_finds_names_titles_and_references(browser: Browser, rows: dict[str, Any]) -> None:
    tournament, gamer, booked = rows["Tournaments"], rows["Gamers"], rows["Transactions"]
    page = f"/console/play/tournaments/{tournament.pk}/"
    assert hits(look(browser, "monsoon"))["Tournaments"] == [page]
    assert hits(look(browser, "Cup")) == {}, "the beginning, not the middle"
    assert hits(look(browser, "M%")) == {}, "signs of a pattern are plain letters here"
    assert hits(look(browser, "ann"))["Gamers"] == [f"/console/people/gamers/{gamer.pk}/"]
    link = f"/console/wallet/transaction/{booked.pk}/change/"
    assert hits(look(browser, booked.reference))["Transactions"] == [link]
    assert link in hits(look(browser, booked.reference[:25]))["Transactions"]
    assert hits(look(browser, "join:")) == {}, "a beginning that says nothing is no search"


def test_a_reference_of_others_leads_to_its_row(browser: Browser, rows: dict[str, Any], studio: StudioCaller) -> None:
    studio.deposit("ann", 30, "shop-17").ok(201)
    deposit = Deposit.objects.get()
    booked = Transaction.objects.get(reference=f"deposit:{deposit.pk}")
    link = f"/console/wallet/transaction/{booked.pk}/change/"
    for text in (str(deposit.pk), "shop-17", booked.reference, booked.pk.hex):
        assert hits(look(browser, text)) == {"Transactions": [link]}, text
    delivery = rows["Webhook deliveries"]
    for text in (str(delivery.event_id), f"evt_{delivery.event_id}"):
        found = hits(look(browser, text))
        assert found == {"Webhook deliveries": [f"/console/kgen/webhookdelivery/{delivery.pk}/change/"]}, text
    Withdrawal.objects.update(transaction_hash="0x" + "c" * 64)
    paid = Withdrawal.objects.get()
    assert hits(look(browser, "0x" + "c" * 64)) == {"Withdrawals": [f"/console/money/withdrawals/{paid.pk}/"]}


def test_a_search_finds_a_template(browser: Browser, client_row: Client) -> None:
    now = database_now()
    row = TournamentTemplate.objects.create(client=client_row, name="Daily", terms={}, created_at=now, updated_at=now)
    link = f"/console/esports/tournamenttemplate/{row.pk}/change/"
    assert hits(look(browser, str(row.pk))) == {"Templates": [link]}


def test_a_search_finds_a_request_and_a_row_in_the_trail(browser: Browser, rows: dict[str, Any]) -> None:
    entry = AuditEntry.objects.create(act="gamer.test", request_id="abc-123", object_id=str(rows["Gamers"].pk))
    link = f"/console/kgen/auditentry/{entry.pk}/change/"
    assert hits(look(browser, "abc-123")) == {"Audit trail": [link]}
    assert hits(look(browser, entry.object_id))["Audit trail"] == [link]


def test_a_search_by_a_wallets_address_leads_to_wallet_and_gamer(browser: Browser, rows: dict[str, Any]) -> None:
    gamer = rows["Gamers"]
    found = hits(look(browser, gamer.wallet.address.upper().replace("0X", "0x")))
    assert found["Wallets"] == [f"/console/wallet/wallet/{gamer.wallet_id}/change/"]
    assert found["Gamers"] == [f"/console/people/gamers/{gamer.pk}/"]
    house = Account.objects.filter(kind="promotions").get()
    assert "account=promotions" in hits(look(browser, house.address or ""))["A client's own accounts"][0]


@pytest.mark.parametrize("typed", [PHONE, "+91 98765 43210", "+91-98765-43210"])
def test_a_search_by_phone_finds_the_gamer_and_is_in_the_trail(
    as_role: Callable[..., Browser], rows: dict[str, Any], typed: str
) -> None:
    page = look(as_role(Role.SUPPORT), typed)
    assert hits(page) == {"Gamers by phone or KGeN wallet": [f"/console/people/gamers/{rows['Gamers'].pk}/"]}
    entry = AuditEntry.objects.get(act="phone.see")
    assert entry.object_id == str(rows["Gamers"].pk)
    assert PHONE not in page, "it is not written back"
    assert "9876543210" not in str(AuditEntry.objects.values())


def test_a_search_by_kgen_wallet_finds_the_gamer_and_is_in_the_trail(
    as_role: Callable[..., Browser], rows: dict[str, Any]
) -> None:
    address = rows["Gamers"].kgen_account.address
    assert "Gamers by phone or KGeN wallet" in hits(look(as_role(Role.FINANCE), address))
    assert AuditEntry.objects.get().act == "address.see"
    assert hits(look(as_role(Role.VIEWER), address)) == {}


def test_a_search_by_phone_needs_the_permission_and_a_post(
    as_role: Callable[..., Browser], browser: Browser, rows: dict[str, Any]
) -> None:
    assert hits(look(as_role(Role.VIEWER), PHONE)) == {}
    by_address = browser.get(f"{PATH}?{urlencode({'q': PHONE})}").content.decode()
    assert hits(by_address) == {}
    assert not AuditEntry.objects.exists()
    answer: Any = browser.post(PATH, {"q": PHONE})
    assert answer.status_code == 200, "no redirect to an address that would hold it"


def test_a_role_finds_only_the_rows_it_may_see(as_role: Callable[..., Browser], rows: dict[str, Any]) -> None:
    organiser, viewer = as_role(Role.ORGANISER), as_role(Role.VIEWER)
    for group in ("Wallets", "Transactions", "Adjustments", "Webhook deliveries"):
        assert hits(look(organiser, str(rows[group].pk))) == {}, group
    for group in ("Tournaments", "Gamers", "Rewards", "Clients"):
        assert list(hits(look(organiser, str(rows[group].pk)))) == [group]
        assert list(hits(look(viewer, str(rows[group].pk)))) == [group]


def test_a_limited_operator_finds_no_row_of_other_clients(
    other_studio: StudioCaller, rows: dict[str, Any], as_role: Callable[..., Browser]
) -> None:
    other_studio.gamer("ann")
    limited = as_role(Role.ADMIN, Client.objects.get(pk=other_studio.client_id))
    for group, row in rows.items():
        assert hits(look(limited, str(row.pk))) == {}, group
    gamer, booked = rows["Gamers"], rows["Transactions"]
    for text in (PHONE, gamer.wallet.address, gamer.kgen_account.address, booked.reference, "Monsoon"):
        assert hits(look(limited, text)) == {}, text
    assert not AuditEntry.objects.filter(act__endswith=".see").exists(), "what is not shown leaves no trace of a sight"
    mine = Gamer.objects.get(client=other_studio.client_id)
    assert hits(look(limited, "ann")) == {"Gamers": [f"/console/people/gamers/{mine.pk}/"]}


def test_only_the_jobs_operator_finds_a_job(rows: dict[str, Any], client_row: Client) -> None:
    person = operator_in(Role.FINANCE, client_row)
    job = Job.objects.create(kind="export.x", operator_id=person.pk, created_at=database_now(), due_at=database_now())
    assert hits(look(logged_in(person), str(job.pk))) == {"Jobs": [f"/console/jobs/{job.pk}/"]}
    assert hits(look(logged_in(Operator.objects.create_superuser("root")), str(job.pk))) == {}


@pytest.mark.parametrize("text", ["", " ", "\x00", "a\x00b", "'", "%", "_", "0x", "+", "x" * 5000, "\ud83d", "ð" * 200])
def test_every_input_gets_an_answer(browser: Browser, rows: dict[str, Any], text: str) -> None:
    look(browser, text.encode("utf-8", "replace").decode())


def test_every_page_has_the_search_field(browser: Browser, rows: dict[str, Any]) -> None:
    for path in ("", "users/gamer/", f"play/tournaments/{rows['Tournaments'].pk}/", "kgen/auditentry/"):
        page = browser.get(f"/console/{path}").content.decode()
        assert 'id="kc-find"' in page, path
        assert 'action="/console/find/"' in page, path


def plans(browser: Browser, text: str) -> list[tuple[str, str]]:
    """(statement, plan) of every read that a search makes of the product's own tables."""
    with CaptureQueriesContext(connection) as captured:
        look(browser, text)
    found = []
    with connection.cursor() as cursor:
        # The tables are small here: what matters is whether there is an index to use.
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in captured:
            sql = query["sql"]
            if sql.startswith("SELECT") and re.search(r'FROM "(esports|wallet|users_g|users_k|rewards|kgen)', sql):
                cursor.execute(f"EXPLAIN {sql}")
                found.append((sql, "\n".join(line for (line,) in cursor.fetchall())))
        cursor.execute("SET LOCAL enable_seqscan = on")
    return found


def test_every_query_of_the_search_uses_an_index(browser: Browser, rows: dict[str, Any]) -> None:
    gamer, booked = rows["Gamers"], rows["Transactions"]
    texts = [str(gamer.pk), PHONE, gamer.wallet.address, gamer.kgen_account.address, "Monsoon", "ann"]
    for text in [*texts, booked.reference, booked.reference[:20], str(UUID(int=7)), f"0x{'c' * 64}"]:
        read = plans(browser, text)
        assert read, text
        for sql, plan in read:
            assert "Seq Scan" not in plan, (text, sql, plan)


def test_a_search_needs_a_bounded_number_of_queries(browser: Browser, rows: dict[str, Any]) -> None:
    with CaptureQueriesContext(connection) as captured:
        look(browser, str(rows["Gamers"].pk))
    assert len(captured) < 40
