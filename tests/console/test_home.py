"""The home page: the ledger's numbers, what needs a person, and a bounded number of questions to the database."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from kgen.admin_site.roles import Role
from kgen.clock import database_now, first_id
from kgen.models import Heartbeat, Job
from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from tests.support.organising import soon
from tests.support.withdrawals import row_of
from users.models import Client, Operator, PhoneChallenge, SmsMessage
from wallet.models import Bucket, Direction, PayoutRail, Withdrawal
from wallet.selectors import ledger_totals
from wallet.services import adjusting, switching
from wallet.services.totalling import total_postings

pytestmark = pytest.mark.django_db

URL = "https://studio.example/hooks"


def home(browser: Browser) -> str:
    """The page as it is sent, read as text."""
    answer = browser.get("/console/")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def card(page: str, title: str) -> tuple[str, bool, str]:
    """(number, whether it is red, link) of a card."""
    found = re.search(
        rf'<section class="kc-card( kc-alarm)?">\s*<h3>{re.escape(title)}</h3>\s*'
        r'<p class="kc-number">(?:<a href="([^"]*)">)?([^<]*)<',
        page,
    )
    assert found, title
    return found[3], bool(found[1]), found[2] or ""


def amounts(page: str) -> dict[str, int]:
    """What the balance sheet shows, by the kind of account it links to."""
    found = re.findall(r'flows/\?account=(\w+)&currency=KCASH">([-\d,]+)<', page)
    return {kind: int(amount.replace(",", "")) for kind, amount in found}


@pytest.fixture
def settled(studio: StudioCaller) -> str:
    """A settled tournament of four, with deposits."""
    uid = studio.tournament()
    for number in range(4):
        gamer = studio.gamer(f"g{number}")
        studio.deposit(f"g{number}", 1000, f"order-{number}").ok(201)
        gamer.join(uid).ok()
        gamer.score(uid, number).ok()
    end(uid)
    settle_due()
    return uid


@pytest.mark.parametrize("counted", [False, True])
def test_the_balance_sheet_equals_the_ledger_and_sums_to_zero(browser: Browser, settled: str, counted: bool) -> None:
    if counted:
        total_postings()
    page = home(browser)
    truth = {row["kind"]: row["balance"] for row in ledger_totals() if row["currency"] == "KCASH"}
    shown = amounts(page)
    for kind, amount in shown.items():
        came_in = kind in ("deposits", "promotions", "sponsor")
        assert amount == (-1 if came_in else 1) * truth.get(kind, 0), kind
    assert shown["deposits"] == 4000
    assert truth.keys() <= shown.keys()
    assert "Adds up to 0" in page


def test_todays_numbers_link_to_their_lists(browser: Browser, settled: str) -> None:
    page = home(browser)
    ledger, today = {row["kind"]: row["balance"] for row in ledger_totals()}, str(database_now().date())
    assert card(page, "Entries")[0] == "4"
    assert card(page, "Stakes, KCASH")[0] == "40"
    assert card(page, "Prizes, KCASH")[0] == str(ledger["rewards_payable"])
    assert card(page, "House margin, KCASH")[0] == str(ledger["house"])
    for title in ("Entries", "Stakes, KCASH", "Prizes, KCASH", "House margin, KCASH"):
        link = card(page, title)[2]
        assert today in link
        assert browser.get(link).status_code == 200, link
    for title in ("Stakes, KCASH", "House margin, KCASH"):
        number, _, link = card(page, title)
        listed = browser.get(link).content.decode()
        assert re.search(rf'Total</th><td class="kc-amount">{number}</td>', listed), title
    entries = browser.get(card(page, "Entries")[2]).content.decode()
    assert len(set(re.findall(r"/participation/([0-9a-f-]{36})/change/", entries))) == 4


def test_the_home_page_lists_tournaments_that_need_watching(browser: Browser, studio: StudioCaller) -> None:
    studio.tournament(title="Far from over")
    closing = studio.tournament(title="Soon over", ends_at_timestamp=soon(minutes=40))
    over = studio.tournament(title="Over", settlement_delay_seconds=3600)
    for uid in (closing, over):
        for number in range(3):
            gamer = studio.gamer(f"g{number}")
            gamer.join(uid).ok()
            gamer.score(uid, 1).ok()
    end(over)
    page = home(browser)
    expected = {
        "Live": ("2", ["Far from over", "Soon over"]),
        "Closing within the hour": ("1", ["Soon over"]),
        "Awaiting settlement": ("1", ["Over"]),
    }
    for title, (count, titles) in expected.items():
        number, _, link = card(page, title)
        assert number == count, title
        listed = browser.get(link).content.decode()
        assert set(re.findall(r">\s*(Far from over|Soon over|Over)\s*<", listed)) == set(titles), title


def withdraw(studio: StudioCaller, name: str, **changes: Any) -> Withdrawal:
    """A withdrawal as it would stand, with no payout behind it."""
    gamer, now = row_of(studio.gamer(name)), database_now()
    return Withdrawal.objects.create(
        **{
            "client_id": gamer.client_id,
            "wallet_id": gamer.wallet_id,
            "amount": 5,
            "currency": "KCASH",
            "destination": "0x" + "1" * 40,
            "account_id": gamer.pk,
            "rail": "internal",
            "created_at": now,
            "updated_at": now,
            "next_attempt_at": now,
        }
        | changes
    )


def test_work_for_a_person_is_red(browser: Browser, studio: StudioCaller) -> None:
    calm = home(browser)
    for title in ("Payouts stuck or unknown", "Withdrawals: awaiting approval", "Paused rails", "Failed webhooks"):
        assert card(calm, title)[:2] == ("0", False)
    old = database_now() - timedelta(hours=1)
    withdraw(studio, "a", state="SENDING", created_at=old)
    withdraw(studio, "b", state="SENDING")
    withdraw(studio, "c", state="NEEDS_REVIEW", review="UNCONFIRMED")
    withdraw(studio, "d", state="AWAITING_APPROVAL", created_at=old)
    adjusting.request_adjustment(
        wallet_id=row_of(studio.gamer("a")).wallet_id,
        bucket=Bucket.BONUS,
        direction=Direction.CREDIT,
        amount=3,
        reason="a gift",
        operator_id=901,
    )
    switching.pause_rail(name=PayoutRail.objects.first().pk, operator_id=1, reason="look")
    Heartbeat.objects.create(name="sweep", at=old)
    page = home(browser)
    for title in (
        "Payouts stuck or unknown",
        "Withdrawals: needs review",
        "Withdrawals: awaiting approval",
        "Adjustments awaiting a second person",
        "Paused rails",
    ):
        number, red, link = card(page, title)
        assert (number, red) == ("1", True), title
        assert browser.get(link).status_code == 200
    number, red, link = card(page, "Last sweep")
    assert (number[:2], red) == ("3,", True)
    assert "silent" in browser.get(link).content.decode()
    stuck = browser.get(card(page, "Payouts stuck or unknown")[2]).content.decode()
    assert len(set(re.findall(r"/withdrawal/([0-9a-f-]{36})/change/", stuck))) == 1


def test_an_approved_payout_that_is_not_sent_counts_as_late(browser: Browser, studio: StudioCaller) -> None:
    now = database_now()
    old = now - timedelta(hours=1)
    approved: dict[str, Any] = {"state": "AWAITING_APPROVAL", "approved_by": 1, "created_at": old}
    late = withdraw(studio, "a", **approved, updated_at=old)
    withdraw(studio, "b", **approved, updated_at=now)
    number, red, link = card(home(browser), "Payouts stuck or unknown")
    listed = set(re.findall(r"/withdrawal/([0-9a-f-]{36})/change/", browser.get(link).content.decode()))
    assert (number, red, listed) == ("1", True, {str(late.pk)})


def test_the_home_page_names_silent_duties(browser: Browser, client_row: Client) -> None:
    now = database_now()
    for name in ("sweep", "codes", "payouts", "webhooks"):
        Heartbeat.objects.create(name=name, at=now)
    assert card(home(browser), "Last sweep")[1] is False
    Heartbeat.objects.filter(name="payouts").update(at=now - timedelta(minutes=2))
    Heartbeat.objects.filter(name="codes").delete()
    page = home(browser)
    assert card(page, "Last sweep")[1] is True
    assert "codes silent: its queue has no worker, or every run fails; payouts silent" in page
    listed = browser.get(card(page, "Last sweep")[2]).content.decode()
    assert (listed.count(">silent<"), listed.count(">runs<"), listed.count("never")) == (2, 2, 1)
    limited = logged_in(operator_in(Role.ADMIN, client_row))
    assert "Last sweep" not in home(limited)
    assert "see none" in limited.get("/console/oversight/duties/").content.decode()


def test_the_card_of_failed_jobs_links_to_the_operators_failed_jobs(browser: Browser) -> None:
    me, now = Operator.objects.get(), database_now()
    for state, back in (("FAILED", 0), ("FAILED", 8), ("DONE", 0)):
        at = now - timedelta(days=back)
        Job.objects.create(kind="webhooks.replay", operator_id=me.pk, state=state, created_at=at, finished_at=at)
    number, red, link = card(home(browser), "My failed jobs")
    listed = browser.get(link).content.decode()
    assert (number, red, len(re.findall(r"/jobs/[0-9a-f-]{36}/", listed))) == ("1", True, 1)
    assert len(re.findall(r"/jobs/[0-9a-f-]{36}/", browser.get("/console/jobs/").content.decode())) == 3


def test_the_sum_of_30_days_links_to_the_list_of_these_days(browser: Browser, settled: str) -> None:
    page = home(browser)
    for title in ("Entries", "Stakes, KCASH", "Prizes, KCASH", "House margin, KCASH"):
        found = re.search(rf'<h3>{title}</h3>.*?today; <a href="([^"]+)">([\d,]+)</a> in 30 days', page, re.S)
        assert found, title
        first, today = database_now().date() - timedelta(days=29), database_now().date()
        assert str(first) in found[1], title
        listed = browser.get(found[1])
        assert listed.status_code == 200
        if "flows" in found[1]:
            assert str(today) in found[1]
            assert f'Total</th><td class="kc-amount">{found[2]}</td>' in listed.content.decode(), title


def codes(studio: StudioCaller, sent: int, used: int) -> None:
    """So many messages today, and so many codes that were used."""
    gamer, now = row_of(studio.gamer("a")), database_now()
    for number in range(sent):
        challenge = PhoneChallenge.objects.create(
            client_id=gamer.client_id,
            gamer=gamer,
            phone=f"+9198765432{number:02}",
            number_range="+91",
            auth_code="1234",
            digest=b"x",
            created_at=now,
            expires_at=now,
            used_at=now if number < used else None,
        )
        SmsMessage.objects.create(challenge=challenge, due_at=now, sent_at=now)


@pytest.mark.parametrize(("used", "red"), [(4, True), (5, False)])
def test_messages_with_few_used_codes_are_red(browser: Browser, studio: StudioCaller, used: int, red: bool) -> None:
    codes(studio, 20, used)
    page = home(browser)
    number, is_red, link = card(page, "SMS sent today")
    assert (number, is_red) == ("20", red)
    assert browser.get(link).content.decode().count("?tab=sessions") == 20
    assert f"{used} codes used ({used * 5} %)" in page


def test_messages_show_their_cost(browser: Browser, studio: StudioCaller, settings: Any) -> None:
    codes(studio, 20, 10)
    settings.SMS_PRICE = (Decimal("0.18"), "INR")
    page = home(browser)
    assert card(page, "SMS spend today")[:2] == ("3.60 INR", False)
    assert "20 messages at 0.18 INR, 10 codes used (50 %)" in page


def test_the_count_of_failed_webhooks_equals_their_list(browser: Browser, studio: StudioCaller) -> None:
    now = database_now()
    client = row_of(studio.gamer("a")).client_id
    live, gone = (
        WebhookEndpoint.objects.create(client_id=client, url=URL, event_types=[], created_at=now, removed_at=removed)
        for removed in (None, now)
    )
    old = UUID(int=first_id(now - timedelta(days=8)).int + 1)
    for endpoint, facts in (
        (live, {"state": "FAILED"}),
        (live, {"state": "PENDING", "tries": 9}),
        (live, {"state": "PENDING", "tries": 1}),
        (live, {"state": "DELIVERED", "tries": 9}),
        (live, {"state": "FAILED", "pk": old}),
        (gone, {"state": "FAILED"}),
    ):
        event = WebhookEvent.objects.create(client_id=client, type="reward.claimed", data={}, created_at=now)
        delivered_at = now if facts["state"] == "DELIVERED" else None
        times = {"next_attempt_at": now, "give_up_at": now, "delivered_at": delivered_at}
        WebhookDelivery.objects.create(endpoint=endpoint, event=event, **times, **facts)
    number, red, link = card(home(browser), "Failed webhooks")
    listed = set(re.findall(r"/webhookdelivery/([0-9a-f-]{36})/change/", browser.get(link).content.decode()))
    assert (number, red, len(listed)) == ("2", True, 2)


def test_endpoints_that_went_off_by_themselves_are_as_many_as_their_list_has(
    browser: Browser, studio: StudioCaller
) -> None:
    now = database_now()
    client = row_of(studio.gamer("a")).client_id
    assert card(home(browser), "Webhooks switched off")[:2] == ("0", False)
    for facts in (
        {"disabled_reason": "gone", "disabled_at": now},
        {"disabled_reason": "failing", "disabled_at": now},
        {"disabled_reason": "operator", "disabled_at": now},
        {"disabled_reason": "gone", "disabled_at": now, "removed_at": now},
        {"active": True},
    ):
        WebhookEndpoint.objects.create(client_id=client, url=URL, created_at=now, **{"active": False} | facts)
    number, red, link = card(home(browser), "Webhooks switched off")
    listed = set(re.findall(r"/webhookendpoint/([0-9a-f-]{36})/", browser.get(link).content.decode()))
    assert (number, red, len(listed)) == ("2", True, 2)


def test_the_card_of_paused_rails_links_to_the_rails_page(browser: Browser) -> None:
    assert card(home(browser), "Paused rails")[2] == "/console/money/rails/"


def test_a_limited_operator_sees_the_numbers_of_its_clients(
    studio: StudioCaller, other_studio: StudioCaller, settled: str, client_row: Client
) -> None:
    other_studio.gamer("x").join(other_studio.tournament(title="Not mine")).ok()
    other_studio.deposit("x", 9999, "theirs").ok(201)
    withdraw(other_studio, "x", state="AWAITING_APPROVAL")
    page = home(logged_in(operator_in(Role.ADMIN, client_row)))
    assert amounts(page)["deposits"] == 4000
    assert card(page, "Entries")[0] == "4"
    assert card(page, "Withdrawals: awaiting approval")[0] == "0"
    assert "Not mine" not in page
    assert "Paused rails" not in page, "rails are of no client"
    assert "Adds up to 0" in page
    everything = home(logged_in(Operator.objects.create_superuser("root")))
    assert amounts(everything)["deposits"] == 13999


def test_a_role_sees_only_cards_and_links_that_it_may_open(settled: str) -> None:
    page = home(logged_in(operator_in(Role.ORGANISER)))
    assert amounts(page) == {}
    assert "Payouts stuck" not in page
    assert card(page, "Prizes, KCASH")[2].startswith("/console/rewards/reward/")
    browser = logged_in(Operator.objects.get())
    for link in set(re.findall(r'href="(/console/[^"]+)"', page)):
        assert browser.get(link, follow=True).status_code == 200, link


def test_the_home_pages_number_of_queries_does_not_grow_with_rows(
    browser: Browser, studio: StudioCaller, settled: str
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            home(browser)
        return len(captured)

    queries()
    few = queries()
    for number in range(6):
        uid = studio.tournament(title=f"Cup {number}")
        studio.gamer(f"h{number}").join(uid).ok()
        withdraw(studio, f"h{number}", state="AWAITING_APPROVAL")
    assert queries() <= few
    assert few < 40


@pytest.mark.parametrize("query", ["", "?account=house", "?account=deposits&currency=KCASH", "?currency=NONE"])
def test_flows_show_the_days_behind_a_number(browser: Browser, settled: str, query: str) -> None:
    page = browser.get(f"/console/money/flows/{query}").content.decode()
    assert (">DEPOSIT</a>" in page) is (query in ("", "?account=deposits&currency=KCASH"))
    if "deposits" in query:
        assert "-4,000" in page
        assert ">JOIN</a>" not in page


def test_flows_of_one_kind_show_only_that_kind(browser: Browser, settled: str) -> None:
    page = browser.get("/console/money/flows/?account=escrow&kind=JOIN").content.decode()
    assert ">JOIN</a>" in page
    assert ">SETTLEMENT</a>" not in page


@pytest.mark.parametrize(
    "query", ["?since=x", "?since=2026-01-02&until=2026-01-01", "?account=nope", "?until=9999-99-99"]
)
def test_flows_of_impossible_days_are_refused_readably(browser: Browser, query: str) -> None:
    answer = browser.get(f"/console/money/flows/{query}")
    assert answer.status_code == 200
    assert "kc-mark bad" in answer.content.decode()


def test_a_limited_operator_sees_flows_of_its_clients_only(
    other_studio: StudioCaller, settled: str, client_row: Client
) -> None:
    other_studio.gamer("x")
    other_studio.deposit("x", 9999, "theirs").ok(201)
    browser = logged_in(operator_in(Role.FINANCE, client_row))
    page = browser.get("/console/money/flows/?account=deposits").content.decode()
    assert "-4,000" in page
    assert "9,999" not in page
