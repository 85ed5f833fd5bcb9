"""Gamer 360: what is shown is what the ledger says, acts leave traces, and personal data is masked."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection
from django.db.models import F
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from console.gamer.page import ROWS, TABS
from kgen.admin_site.roles import Role
from kgen.clock import database_now
from kgen.models import AuditEntry
from rewards.models import Reward
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import book_deposits, wallet_of
from tests.support.operators import logged_in, operator_in
from tests.support.settling import play
from tests.support.withdrawals import PHONE, earn, link, row_of, withdraw
from users.models import Client, CodeGuard, GamerNote, GamerSession, PhoneLink, Suspension
from wallet.models import Bucket, Transaction

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(studio: StudioCaller) -> GamerCaller:
    """A gamer with money, a phone and a withdrawal."""
    caller = studio.gamer("ann smith", email="ann@example.org", device_id="device-of-ann")
    earn(caller, 400)
    link(caller, PHONE)
    withdraw(caller, 150)
    return caller


def path_of(caller: GamerCaller, more: str = "") -> str:
    return f"/console/people/gamers/{row_of(caller).pk}/{more}"


def shown(browser: Browser, caller: GamerCaller, more: str = "") -> str:
    answer = browser.get(path_of(caller, more))
    assert answer.status_code == 200
    return answer.content.decode()


def act(browser: Browser, caller: GamerCaller, do: str, **fields: str) -> str:
    """What the page says after a form was sent."""
    return browser.post(path_of(caller, "acts/"), {"do": do} | fields, follow=True).content.decode()


def test_the_balances_equal_the_ledger(browser: Browser, person: GamerCaller) -> None:
    page = " ".join(shown(browser, person).split())
    for bucket in Bucket:
        held = wallet_of(person).accounts.get(kind=bucket).balance
        assert f'data-bucket="{bucket}">{held:,}</p>' in page
    assert "To spend: 300." in page


def test_the_statement_has_a_running_balance_and_pages(browser: Browser, person: GamerCaller) -> None:
    book_deposits(person, ROWS)
    booked = Transaction.objects.filter(wallet=wallet_of(person)).order_by("-created_at", "-id")
    first = shown(browser, person, "?tab=statement")
    assert len(re.findall(r"/console/wallet/transaction/[0-9a-f-]{36}/", first)) == ROWS
    assert f'<td class="kc-amount">{booked[0].balance_after:,}</td>' in first
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    rest = browser.get(following).content.decode()
    ids = [str(row.pk) for row in booked]
    assert [id for id in ids if id in first] == ids[:ROWS]
    assert [id for id in ids if id in rest] == ids[ROWS:]
    for amount in ("−150", "+400", "+50"):
        assert f'<td class="kc-amount">{amount}</td>' in rest


def test_the_tabs_list_tournaments_rewards_withdrawals_and_adjustments(browser: Browser, studio: StudioCaller) -> None:
    uid = studio.tournament(title="Friday cup")
    winner = play(studio, uid, {"winner": 9, "second": 3, "third": 1})["winner"]
    assert "so far" in shown(browser, winner, "?tab=play")
    end(uid)
    settle_due()
    reward = Reward.objects.get(gamer=row_of(winner))
    played = shown(browser, winner, "?tab=play")
    assert "Friday cup" in played
    assert "so far" not in played
    assert f'<td class="kc-amount">{reward.amount:,}</td>' in played
    won = shown(browser, winner, "?tab=rewards")
    assert "UNCLAIMED" in won
    assert f"/console/play/participations/{reward.participation_id}/prize/" in won
    earn(winner, 70)
    assert "a gift" in shown(browser, winner, "?tab=adjustments")
    link(winner, PHONE)
    row = withdraw(winner, 30)
    paid = shown(browser, winner, "?tab=withdrawals")
    assert f"/console/money/withdrawals/{row.pk}/" in paid
    assert row.destination not in paid


def test_personal_data_is_masked_until_a_reason_is_given(as_role: Any, person: GamerCaller) -> None:
    browser = as_role(Role.SUPPORT)
    link_address = row_of(person).kgen_account.address  # type: ignore[union-attr]
    secrets = [PHONE, "ann@example.org", "device-of-ann", link_address, wallet_of(person).address]
    pages = "".join(shown(browser, person, f"?tab={tab.name}") for tab in TABS)
    assert [secret for secret in secrets if secret in pages] == []
    assert "+91••••••••10" in pages
    assert all(secret not in shown(browser, person, "contact/") for secret in secrets)
    browser.post(path_of(person, "contact/"), {"do": "show", "reason": " "})
    assert not AuditEntry.objects.filter(act="phone.see").exists()
    answer = browser.post(path_of(person, "contact/"), {"do": "show", "reason": "a call"})
    assert all(secret in answer.content.decode() for secret in secrets)
    assert "no-store" in answer.headers["Cache-Control"]
    entry = AuditEntry.objects.get(act="phone.see")
    assert (entry.object_id, entry.reason, entry.operator_name) == (str(row_of(person).pk), "a call", "support")
    assert as_role(Role.VIEWER).get(path_of(person, "contact/")).status_code == 403


def test_a_gamer_is_suspended_and_unsuspended_with_a_reason(as_role: Any, person: GamerCaller) -> None:
    browser, gamer = as_role(Role.SUPPORT), row_of(person)
    assert "Give a reason" in act(browser, person, "suspend")
    assert row_of(person).suspended_at is None
    assert "The gamer is suspended." in act(browser, person, "suspend", reason="cheats")
    assert "suspended already" in act(browser, person, "suspend", reason="cheats")
    assert "The suspension is lifted." in act(browser, person, "lift", reason="did not")
    assert "not suspended" in act(browser, person, "lift", reason="did not")
    entries = AuditEntry.objects.filter(object_id=str(gamer.pk)).order_by("id")
    assert [(entry.act, entry.reason) for entry in entries] == [
        ("gamer.suspend", "cheats"),
        ("gamer.lift", "did not"),
    ]
    assert [(row.reason, row.lift_reason) for row in Suspension.objects.all()] == [("cheats", "did not")]


def test_unlinking_is_refused_while_a_withdrawal_is_open(as_role: Any, person: GamerCaller) -> None:
    browser = as_role(Role.SUPPORT)
    assert "The gamer has an open withdrawal." in act(browser, person, "unlink", reason="lost")
    assert row_of(person).kgen_account is not None
    assert not AuditEntry.objects.exists()


def test_an_operator_unlinks_a_phone(as_role: Any, studio: StudioCaller) -> None:
    caller, browser = studio.gamer("bob"), as_role(Role.SUPPORT)
    assert "No phone is linked." in act(browser, caller, "unlink", reason="lost")
    account, gamer = link(caller, PHONE), row_of(caller)
    PhoneLink.objects.create(client=gamer.client, gamer=gamer, account=account, linked_at=gamer.linked_at)
    assert "The phone is unlinked." in act(browser, caller, "unlink", reason="lost")
    page = shown(browser, caller)
    assert "operator support" in page
    assert ">lost</td>" in page
    assert AuditEntry.objects.get().act == "gamer.unlink_phone"


def test_ending_a_session_kills_its_tokens(as_role: Any, person: GamerCaller) -> None:
    person.get("/fe/wallet/balance").ok()
    assert "No session of this gamer is live now." in act(as_role(Role.SUPPORT), person, "end_session", reason="stolen")
    person.get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")
    assert GamerSession.objects.get().end_reason == "ended by operator"
    assert AuditEntry.objects.get().reason == "stolen"


def test_notes_are_kept_as_written(as_role: Any, person: GamerCaller) -> None:
    browser = as_role(Role.SUPPORT)
    assert "A note has 1 to" in act(browser, person, "note", text="  ")
    assert "The note is kept." in act(browser, person, "note", text="called twice\n<b>angry</b>")
    note = GamerNote.objects.get()
    assert (note.operator.username, note.gamer_id) == ("support", row_of(person).pk)
    assert "&lt;b&gt;angry&lt;/b&gt;" in shown(browser, person, "?tab=notes")
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.object_id) == ("gamer.write_note", str(note.gamer_id))
    assert "angry" not in f"{entry.before}{entry.after}{entry.reason}", "notes may hold personal data"
    assert as_role(Role.VIEWER).post(path_of(person, "acts/"), {"do": "note", "text": "x"}).status_code == 403
    with pytest.raises(IntegrityError, match="stay as they were written"):
        GamerNote.objects.update(text="calm")


def test_locks_on_codes_are_shown(browser: Browser, studio: StudioCaller) -> None:
    caller = studio.gamer("bob")
    sent = caller.post("/fe/users/auth/otp/register", {"phone_number": PHONE}).ok()
    wrong = {"phone_number": PHONE, "countryCode": "", "authCode": sent["authCode"], "otp": "000000"}
    caller.post("/fe/users/auth/otp/verify", wrong).refused(400, "INVALID_OTP")
    page = shown(browser, caller, "?tab=sessions")
    assert "<td>1 of 10</td>" in page
    assert "Numbers tried today: 1 of 5." in page
    assert PHONE not in page


def test_a_lock_is_lifted_with_a_reason(as_role: Any, studio: StudioCaller) -> None:
    caller = studio.gamer("bob")
    caller.post("/fe/users/auth/otp/register", {"phone_number": PHONE}).ok()
    CodeGuard.objects.update(locked_until=database_now() + timedelta(hours=20))
    support = as_role(Role.SUPPORT)
    page = shown(support, caller, "?tab=sessions")
    assert page.count('<span class="kc-mark bad">locked</span>') == 2
    assert 'value="lift_lock"' in page
    assert 'value="lift_lock"' not in shown(as_role(Role.FINANCE), caller, "?tab=sessions")
    sent = {"do": "lift_lock", "reason": "known voice"}
    assert as_role(Role.ORGANISER).post(path_of(caller, "acts/"), sent).status_code == 403
    assert "Give a reason" in act(support, caller, "lift_lock")
    assert CodeGuard.objects.filter(locked_until=None).count() == 0
    assert "The lock is lifted" in act(support, caller, "lift_lock", reason="known voice")
    assert CodeGuard.objects.filter(locked_until=None).count() == 2
    assert "are not locked" in act(support, caller, "lift_lock", reason="known voice")
    entry = AuditEntry.objects.get(act="gamer.lift_lock")
    assert (entry.object_id, entry.reason) == (str(row_of(caller).pk), "known voice")
    assert 'value="lift_lock"' not in shown(support, caller, "?tab=sessions")


def test_an_operator_of_some_games_cannot_lift_a_numbers_lock(
    as_role: Any, studio: StudioCaller, client_row: Client
) -> None:
    caller = studio.gamer("bob")
    caller.post("/fe/users/auth/otp/register", {"phone_number": PHONE}).ok()
    CodeGuard.objects.update(locked_until=database_now() + timedelta(hours=20))
    limited = as_role(Role.SUPPORT, client_row)
    assert "Only an operator of all games can lift" in shown(limited, caller, "?tab=sessions")
    told = act(limited, caller, "lift_lock", reason="known voice")
    assert "A lock of the number, which counts in all games, stays." in told
    assert CodeGuard.objects.get(locked_until=None).gamer_id == row_of(caller).pk
    assert "an operator of all games can lift the lock" in act(limited, caller, "lift_lock", reason="again")


def test_only_a_live_session_can_be_ended(browser: Browser, person: GamerCaller) -> None:
    assert "End the live session" in shown(browser, person, "?tab=sessions")
    year = timedelta(days=400)
    GamerSession.objects.update(started_at=F("started_at") - year, expires_at=F("expires_at") - year)
    assert "End the live session" not in shown(browser, person, "?tab=sessions")
    assert "No session of this gamer is live." in act(browser, person, "end_session", reason="stolen")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("term", ["user id", "gamer id", "wallet", "address", "KGeN account"])
def test_the_list_finds_a_gamer_by_any_of_its_ids(browser: Browser, person: GamerCaller, term: str) -> None:
    gamer, account = row_of(person), row_of(person).kgen_account
    assert account is not None
    terms = {
        "user id": gamer.user_id,
        "gamer id": gamer.pk,
        "wallet": gamer.wallet_id,
        "address": gamer.wallet.address.upper().replace("0X", "0x"),
        "KGeN account": account.pk,
    }
    row = f"/console/users/gamer/{gamer.pk}/change/"
    assert row in browser.get("/console/users/gamer/", {"q": terms[term]}).content.decode()
    for other in (f"{terms[term]}9", PHONE, PHONE[1:]):
        assert row not in browser.get("/console/users/gamer/", {"q": other}).content.decode()


def test_other_clients_gamers_are_unknown(person: GamerCaller, other_studio: StudioCaller) -> None:
    browser = logged_in(operator_in(Role.ADMIN, Client.objects.get(pk=other_studio.client_id)))
    for more in ("", "contact/", "?tab=statement"):
        assert browser.get(path_of(person, more)).status_code == 404
    for do in ("suspend", "unlink", "end_session", "note"):
        assert browser.post(path_of(person, "acts/"), {"do": do, "reason": "x", "text": "x"}).status_code == 404
    gamer = row_of(person)
    assert str(gamer.pk) not in browser.get("/console/users/gamer/", {"q": gamer.user_id}).content.decode()
    assert not AuditEntry.objects.exists()


def test_tabs_need_their_permissions(as_role: Any, person: GamerCaller) -> None:
    page = shown(as_role(Role.ORGANISER), person, "?tab=statement")
    assert "data-bucket" not in page
    assert "?tab=statement" not in page
    assert "Profile" in page
    assert "?tab=play" in page


def test_the_number_of_queries_does_not_grow_with_rows(browser: Browser, studio: StudioCaller) -> None:
    caller = studio.gamer("bob")
    counts: list[dict[str, int]] = []
    for _ in range(2):
        for _ in range(4):
            earn(caller, 5)
            caller.join(studio.tournament()).ok()
            act(browser, caller, "note", text="again")
            act(browser, caller, "end_session", reason="again")
            caller = studio.gamer("bob")
        counts.append({tab.name: _queries(browser, caller, tab.name) for tab in TABS})
    assert counts[0] == counts[1]
    assert max(counts[0].values()) <= 22


def _queries(browser: Browser, caller: GamerCaller, tab: str) -> int:
    shown(browser, caller, f"?tab={tab}")
    with CaptureQueriesContext(connection) as asked:
        shown(browser, caller, f"?tab={tab}")
    return len(asked)


def test_garbage_in_the_address_causes_no_500(browser: Browser, person: GamerCaller) -> None:
    assert browser.get(path_of(person, "?tab=nope")).status_code == 200
    assert browser.get(path_of(person, "?tab=statement&cursor=garbage")).status_code == 400
    assert browser.get(f"/console/people/gamers/{UUID(int=7)}/").status_code == 404
    assert browser.get("/console/users/gamer/", {"q": "\u0000"}).status_code in (200, 302)


def test_the_breadcrumb_of_personal_data_names_the_gamer(browser: Browser, person: GamerCaller) -> None:
    assert f'<a href="{path_of(person)}">{person.user_id}</a>' in shown(browser, person, "contact/")
