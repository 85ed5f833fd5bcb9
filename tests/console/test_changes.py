"""Cloning, extending, ending, cancelling: what is shown first is what then happens, and it leaves a trace."""

import re
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.test import Client as Browser

from esports.models import Participation, Tournament, TournamentDraft
from esports.selectors.tournaments import read_tournament
from esports.services.cancelling import REFUNDS_AT_ONCE, book_cancellations
from kgen.admin_site.roles import Role
from kgen.clock import database_now
from kgen.jobs.models import Job
from kgen.models import AuditEntry
from rewards.services.settling import settle_due
from tests.support.addresses import TOURNAMENT_LIST
from tests.support.console import markup
from tests.support.http import GamerCaller, Gamers, StudioCaller
from tests.support.jobs import finished
from tests.support.operators import logged_in, operator_in
from tests.support.organising import end, escrow, seat_many, sponsor
from tests.support.time import hourly
from users.models import Client
from wallet.models import Kind, Transaction

pytestmark = pytest.mark.django_db


def at(uid: str, what: str) -> str:
    return f"/console/play/tournaments/{uid}/{what}/"


def facts(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))


@pytest.fixture
def running(studio: StudioCaller, gamers: Gamers) -> str:
    """Under way: five have joined, three of them with a score, 100 sponsored for the first rank."""
    table = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 60}]}
    uid = studio.tournament(sponsored_amount=100, prize_table=table)
    for index, player in enumerate(gamers(5)):
        player.join(uid).ok()
        if index < 3:
            player.score(uid, index).ok()
    return uid


# --- Cancelling


def test_cancelling_shows_its_refunds_and_then_makes_them(
    organiser: Browser, studio: StudioCaller, running: str
) -> None:
    shown = facts(markup(organiser.get(at(running, "cancel"))))
    assert (shown["Refunds"], shown["Stakes that go back"]) == ("5", "50 KCASH")
    assert shown["Sponsorship that goes back"] == "100 KCASH"
    page = markup(organiser.post(at(running, "cancel"), {"do": "cancel", "reason": "rain"}, follow=True))
    assert "All is back: 5 refunds, and 100 KCASH of sponsorship." in page
    assert Transaction.objects.filter(kind=Kind.REFUND).count() == 5
    assert (escrow(running), sponsor(studio)) == (0, 0)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.reason, entry.object_id) == ("tournament.cancel", "rain", running)
    assert Tournament.objects.get().cancel_reason == "rain"


def test_a_change_needs_a_reason(organiser: Browser, running: str) -> None:
    for what in ("cancel", "end"):
        page = markup(organiser.post(at(running, what), {"do": what, "reason": " "}, follow=True))
        assert "Give a reason." in page
    assert not AuditEntry.objects.exists()
    assert read_tournament(Tournament.objects.get().pk).status.value == "STARTED"  # type: ignore[union-attr]


def test_a_large_cancellation_shows_its_progress(organiser: Browser, studio: StudioCaller) -> None:
    uid = studio.tournament(tournament_size=2000)
    seat_many(uid, REFUNDS_AT_ONCE + 5)
    shown = markup(organiser.get(at(uid, "cancel")))
    assert facts(shown)["Refunds"] == "1,005"
    assert "The first 1,000 are refunded at once" in shown
    page = markup(organiser.post(at(uid, "cancel"), {"do": "cancel", "reason": "rain"}, follow=True))
    assert "Refunds that are still to come: 5." in page
    assert "1,000 of 1,005 refunds are done; 50 KCASH are still to go back." in page
    assert at(uid, "refunds") in page
    assert 'hx-trigger="every 2s"' in page
    book_cancellations()
    piece = markup(organiser.get(at(uid, "refunds")))
    assert "All is back: 1,005 refunds." in piece
    assert "hx-trigger" not in piece


def test_cancelling_many_tournaments_is_a_job_with_progress(
    organiser: Browser, studio: StudioCaller, other_studio: StudioCaller
) -> None:
    big, small, hidden = studio.tournament(tournament_size=2000), studio.tournament(), other_studio.tournament()
    seat_many(big, REFUNDS_AT_ONCE + 5)
    over = studio.tournament()
    end(over)
    limited = logged_in(operator_in(Role.ORGANISER, Client.objects.get(pk=studio.client_id)))
    ticked = {"action": "tournaments_cancel", "_selected_action": [big, small, hidden, over]}
    assert "Give a reason" in markup(limited.post(TOURNAMENT_LIST, ticked, follow=True))
    assert logged_in(operator_in(Role.VIEWER)).post(TOURNAMENT_LIST, ticked | {"reason": "rain"}).status_code != 500
    assert not Job.objects.exists()
    page = markup(limited.post(TOURNAMENT_LIST, ticked | {"reason": "rain"}, follow=True))
    job = Job.objects.get()
    assert f"/console/jobs/{job.pk}/progress" in page
    assert "0 of 3" in page
    finished(job)
    book_cancellations()
    page = markup(limited.get(f"/console/jobs/{job.pk}/"))
    assert "3 of 3" in page
    assert "1 refused" in page
    assert "The tournament is over." in page
    kept = Tournament.objects.in_bulk([big, small, hidden])
    assert [kept[UUID(uid)].refunded_at is not None for uid in (big, small, hidden)] == [True, True, False]
    acted = AuditEntry.objects.filter(act="tournament.cancel").values_list("object_id", "reason")
    assert set(acted) == {(big, "rain"), (small, "rain")}


def test_a_tournament_that_is_over_cannot_be_changed(organiser: Browser, running: str) -> None:
    end(running)
    for what, sent in (("cancel", {}), ("end", {}), ("extend", {"time_zone": "UTC", "ends_at": "2029-01-01T00:00"})):
        assert "It is over" in markup(organiser.get(at(running, what)))
        page = markup(organiser.post(at(running, what), {"do": what, "reason": "x"} | sent, follow=True))
        assert re.search("The tournament is over|It is over", page), what
    assert not AuditEntry.objects.exists()


# --- Ending now


def test_ending_shows_its_outcome_and_then_does_it(organiser: Browser, studio: StudioCaller, running: str) -> None:
    page = markup(organiser.get(at(running, "end")))
    assert "3 of the 5 in the field hold a rank" in page
    assert facts(page) == {
        "Stakes": "50 KCASH",
        "Prizes": "60 KCASH",
        "To the house": "0 KCASH",
        "Back to the sponsor": "90 KCASH",
    }
    before = database_now()
    organiser.post(at(running, "end"), {"do": "end", "reason": "server trouble"})
    row = Tournament.objects.get()
    assert before <= row.ends_at == row.locks_at <= database_now()
    assert row.original_ends_at > row.ends_at
    late = studio.gamer("player-1").score(running, 99)
    late.refused(400, "TOURNAMENT_IS_NOT_LIVE")
    settle_due()
    assert Participation.objects.get(final_rank=1).prize == 60
    assert (escrow(running), sponsor(studio)) == (0, -10)
    assert AuditEntry.objects.get().act == "tournament.end"
    again = markup(organiser.post(at(running, "end"), {"do": "end", "reason": "again"}, follow=True))
    assert "The tournament is over." in again


def test_ending_a_tournament_that_cannot_pay_previews_the_refunds(
    organiser: Browser, studio: StudioCaller, gamers: Gamers
) -> None:
    uid = studio.tournament()
    for player in gamers(2):
        player.join(uid).ok()
    page = markup(organiser.get(at(uid, "end")))
    assert "2 have joined, and it needs 3." in page
    assert facts(page)["Stakes that go back"] == "20 KCASH"
    organiser.post(at(uid, "end"), {"do": "end", "reason": "nobody comes"})
    book_cancellations()
    assert escrow(uid) == 0
    assert read_tournament(Tournament.objects.get().pk).status.value == "CANCELLED"  # type: ignore[union-attr]


def test_a_tournament_that_has_not_started_cannot_be_ended(organiser: Browser, studio: StudioCaller) -> None:
    uid = hourly(studio)
    assert "Play has not started" in markup(organiser.get(at(uid, "end")))
    page = markup(organiser.post(at(uid, "end"), {"do": "end", "reason": "x"}, follow=True))
    assert "Play has not started: cancel the tournament instead." in page
    assert not AuditEntry.objects.exists()


# --- Extending


def india(uid: str, **later: float) -> str:
    moment = Tournament.objects.get(pk=uid).ends_at + timedelta(**later)
    return f"{moment.astimezone(ZoneInfo('Asia/Kolkata')):%Y-%m-%dT%H:%M}"


def test_extending_previews_the_new_times_and_then_sets_them(organiser: Browser, running: str) -> None:
    old = Tournament.objects.get()
    typed = {"time_zone": "Asia/Kolkata", "ends_at": india(running, minutes=90)}
    page = markup(organiser.get(at(running, "extend"), typed | {"locks_at": india(running)}))
    assert re.search(r"It ends .{10,60} \(Asia/Kolkata\) instead of .*: 1 h 30 min later\.", page)
    assert "Entries close Tue" not in page
    answer = organiser.post(at(running, "extend"), typed | {"do": "extend", "reason": "late start"})
    assert answer.status_code == 302
    row = Tournament.objects.get()
    assert (row.ends_at - old.ends_at, row.locks_at) == (timedelta(minutes=90), old.locks_at)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.reason) == ("tournament.extend", "late start")
    assert entry.before["ends_at"] != entry.after["ends_at"]


@pytest.mark.parametrize(
    ("later", "fault"), [({"hours": -1}, "not later than the present time"), ({}, "Enter a later lock")]
)
def test_extending_to_a_time_that_is_not_later_is_refused(
    organiser: Browser, running: str, later: dict[str, float], fault: str
) -> None:
    typed = {"time_zone": "Asia/Kolkata", "ends_at": india(running, **later)}
    page = markup(organiser.get(at(running, "extend"), typed))
    assert fault in page
    assert 'name="reason"' not in page


def test_the_preview_refuses_an_extension_that_is_too_long(
    organiser: Browser, studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = hourly(studio, (-1, -1, -1, 1, 1))
    gamer.join(uid).ok()
    typed = {"time_zone": "Asia/Kolkata", "ends_at": india(uid, hours=3)}
    page = markup(organiser.get(at(uid, "extend"), typed))
    assert re.search(r"It can be .{10,40} \(Asia/Kolkata\) at the latest\.", page)
    assert "What will happen" not in page
    answer = organiser.post(at(uid, "extend"), typed | {"do": "extend", "reason": "x"})
    assert answer.status_code == 400
    assert not AuditEntry.objects.exists()


def test_extending_entries_beyond_the_end_is_refused(organiser: Browser, studio: StudioCaller) -> None:
    uid = hourly(studio, (-1, -1, -1, 1, 1))
    typed = {"time_zone": "Asia/Kolkata", "locks_at": india(uid, hours=2)}
    page = markup(organiser.get(at(uid, "extend"), typed))
    assert "This must not be before “entries close”." in page
    assert "What will happen" not in page


def test_closed_entries_cannot_be_extended(organiser: Browser, studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = hourly(studio, (-2, -2, -2, 1, 2))
    gamer.join(uid).ok()
    Tournament.objects.filter(pk=uid).update(locks_at=database_now() - timedelta(minutes=1))
    page = markup(organiser.get(at(uid, "extend"), {"time_zone": "Asia/Kolkata", "locks_at": india(uid)}))
    assert "This has passed already." in page


# --- Cloning


def test_a_clone_is_a_draft_with_the_same_terms_weeks_later(organiser: Browser, running: str) -> None:
    answer = organiser.post(at(running, "clone"), {"do": "clone"})
    draft = TournamentDraft.objects.get()
    assert answer.headers["Location"] == f"/console/play/wizard/{draft.pk}/what/"
    old = Tournament.objects.get()
    for step in ("when", "prizes"):
        assert organiser.get(f"/console/play/wizard/{draft.pk}/{step}/").status_code == 200
    assert organiser.get(f"/console/play/wizard/{draft.pk}/review/").status_code == 200
    organiser.post(f"/console/play/wizard/{draft.pk}/review/", {"do": "publish"})
    new = Tournament.objects.exclude(pk=old.pk).get()
    assert new.prize_table == old.prize_table
    assert (new.title, new.sponsored_amount, new.seats.size) == (old.title, 100, old.seats.size)
    assert new.starts_at > database_now()
    assert (new.ends_at - old.ends_at) == timedelta(weeks=1)


def test_a_clone_of_an_ended_or_extended_tournament_has_the_original_times(
    organiser: Browser, studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = hourly(studio, (-3, -2, -1, 1, 2))
    gamer.join(uid).ok()
    old = Tournament.objects.get()
    organiser.post(at(uid, "end"), {"do": "end", "reason": "power cut"})
    assert Tournament.objects.get().ends_at < old.locks_at
    assert "without the extension or the early end" in markup(organiser.get(at(uid, "clone")))
    organiser.post(at(uid, "clone"), {"do": "clone"})
    draft = TournamentDraft.objects.get()
    organiser.post(f"/console/play/wizard/{draft.pk}/review/", {"do": "publish"})
    new = Tournament.objects.exclude(pk=uid).get()
    week = timedelta(weeks=1)
    planned = [(moment + week).replace(microsecond=0) for moment in (old.locks_at, old.ends_at)]
    assert [new.locks_at, new.ends_at] == planned


@pytest.mark.parametrize("what", ["clone", "extend", "end", "cancel", "refunds"])
def test_another_clients_tournament_is_unknown(running: str, other_studio: StudioCaller, what: str) -> None:
    browser = logged_in(operator_in(Role.ADMIN, Client.objects.get(pk=other_studio.client_id)))
    assert browser.get(at(running, what)).status_code == 404
    sent = {"do": what, "reason": "x", "time_zone": "UTC", "ends_at": "2031-01-01T00:00"}
    assert browser.post(at(running, what), sent).status_code == 404
    assert not AuditEntry.objects.exists()
    assert not TournamentDraft.objects.exists()
