"""The duty of cancelling: stakes and sponsorship go back once, however often it runs, and the escrow is empty."""

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from esports import tasks
from esports.models import Participation, Tournament
from esports.selectors.escrows import escrows_due
from esports.selectors.tournaments import cancellations_due
from esports.services import cancelling
from esports.services.cancelling import REFUNDS_AT_ONCE, book_cancellation
from kgen.clock import database_now
from tests.support.http import GamerCaller, Gamers, StudioCaller
from tests.support.organising import escrow, is_refunded, refunds, seat_many, sponsor
from tests.support.time import INSTANT, clock_at, move, timetable
from users.models import Gamer
from wallet import ledger
from wallet.models import Kind, Transaction

pytestmark = pytest.mark.django_db

SHARES = {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 10_000}]}


def ledger_proves() -> bool:
    """`verify_ledger` finds nothing: it would exit otherwise."""
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    return "no differences" in out.getvalue()


def over(uid: str) -> None:
    """Let a tournament end now."""
    move(uid, locks_at=-0.001, ends_at=0)


# --- What is due


@pytest.mark.parametrize(
    ("joined", "scored", "fields", "is_due"),
    [
        (2, 2, {}, True),  # below the minimum
        (3, 0, {}, True),  # nobody has a score
        (2, 2, {"min_participants": 2}, True),  # the table pays nobody
        (0, 0, {}, True),
        (3, 1, {}, False),
    ],
)
def test_a_tournament_below_its_minimum_is_refunded_after_its_end(
    studio: StudioCaller, gamers: Gamers, joined: int, scored: int, fields: dict[str, Any], is_due: bool
) -> None:
    uid, players = studio.tournament(**fields), gamers(joined)
    for index, player in enumerate(players):
        player.join(uid).ok()
        if index < scored:
            player.score(uid, index).ok()
    move(uid, locks_at=3600, ends_at=3600)
    end = timetable(uid).ends_at
    with clock_at(end - INSTANT):
        assert cancellations_due(10) == []
        tasks.book_cancellations()
        assert refunds() == 0
    with clock_at(end):
        assert cancellations_due(10) == ([UUID(uid)] if is_due else [])
        for _ in range(2):
            tasks.book_cancellations()
            assert (refunds(), is_refunded(uid)) == ((joined, True) if is_due else (0, False))
            assert escrow(uid) == (0 if is_due else 30)
            assert {player.buckets() for player in players} <= {(50, 0, 0) if is_due else (40, 0, 0)}
        assert cancellations_due(10) == []
        assert not book_cancellation(tournament_id=UUID(uid))
    assert ledger_proves()


def test_refunds_go_to_the_original_buckets_of_present_participants(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = studio.tournament(buy_in_price=70)
    studio.deposit(ann.user_id, 100, "d1").ok(201)
    studio.deposit(bob.user_id, 100, "d2").ok(201)
    ann.join(uid, 70).ok()
    bob.join(uid, 70).ok()
    bob.leave(uid).ok()
    studio.post(f"/s2s/gamers/{ann.user_id}/suspend", {"reason": "review"}).ok()
    over(uid)
    tasks.book_cancellations()
    assert (ann.buckets(), bob.buckets(), refunds()) == ((50, 100, 0), (50, 100, 0), 1)
    (entry,) = ann.get("/fe/wallet/transactions?type=REFUND").ok()["transactions"]
    assert (entry["amount"], entry["balance_after"]) == (70, 150)
    participations = Participation.objects.filter(tournament=uid).order_by("id")
    assert [(participation.left_at is None, participation.refunded_at is None) for participation in participations] == [
        (True, False),
        (False, True),
    ]
    assert ledger_proves()


def test_the_sponsorship_returns_to_the_sponsor_account_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(sponsored_amount=500, prize_table=SHARES)
    empty = studio.tournament(sponsored_amount=30, buy_in_price=0, prize_table=SHARES)
    gamer.join(uid).ok()
    assert (sponsor(studio), escrow(uid), escrow(empty)) == (-530, 510, 30)
    for cup in (uid, empty):
        over(cup)
    assert escrows_due() == 2
    for _ in range(2):
        tasks.book_cancellations()
        assert (sponsor(studio), escrow(uid), escrow(empty), gamer.buckets()) == (0, 0, 0, (50, 0, 0))
    assert (escrows_due(), Transaction.objects.filter(kind=Kind.SPONSORSHIP).count()) == (0, 4)
    assert ledger_proves()


def test_cancelling_a_free_tournament_moves_only_the_sponsorship(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=0)
    gamer.join(uid, 0).ok()
    over(uid)
    booked = Transaction.objects.count()
    tasks.book_cancellations()
    assert (Transaction.objects.count(), is_refunded(uid)) == (booked + 1, True)


def test_drafts_and_running_tournaments_are_not_refunded(studio: StudioCaller, gamer: GamerCaller) -> None:
    live, draft = studio.tournament(), studio.tournament()
    gamer.join(live).ok()
    over(draft)
    Tournament.objects.filter(pk=draft).update(published_at=None)
    tasks.book_cancellations()
    assert [is_refunded(uid) for uid in (live, draft)] == [False, False]
    assert refunds() == 0


# --- Many


def test_a_large_field_is_refunded_in_parts(studio: StudioCaller) -> None:
    uid = studio.tournament(sponsored_amount=40, prize_table=SHARES, tournament_size=3000)
    extra = 3
    seat_many(uid, REFUNDS_AT_ONCE + extra)
    answer = studio.post(f"/s2s/esports/tournaments/{uid}/cancel", {"reason": "fault"}).ok()
    assert (answer["tournament_status"], answer["refunds_pending"]) == ("CANCELLED", extra)
    assert (refunds(), escrow(uid), is_refunded(uid)) == (REFUNDS_AT_ONCE, extra * 10 + 40, False)
    assert ledger_proves()
    assert not book_cancellation(tournament_id=UUID(uid))
    assert (refunds(), escrow(uid), is_refunded(uid)) == (REFUNDS_AT_ONCE + extra, 0, True)
    assert studio.post(f"/s2s/esports/tournaments/{uid}/cancel").ok() == answer | {"refunds_pending": 0}
    for _ in range(2):
        tasks.book_cancellations()
    assert (refunds(), sponsor(studio)) == (REFUNDS_AT_ONCE + extra, 0)
    assert ledger_proves()


def test_a_large_part_takes_as_many_queries_as_a_small_one(
    studio: StudioCaller, other_studio: StudioCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "REFUNDS_AT_ONCE", 30)
    small, large = studio.tournament(), other_studio.tournament()
    seat_many(small, 2)
    seat_many(large, 61)
    for uid in (small, large):
        over(uid)
    with CaptureQueriesContext(connection) as of_small:
        assert not book_cancellation(tournament_id=UUID(small))
    with CaptureQueriesContext(connection) as of_large:
        assert book_cancellation(tournament_id=UUID(large))
    # A part that is not the last looks for more and leaves the sponsorship to the last.
    assert len(of_large) <= len(of_small)
    tasks.book_cancellations()
    assert (refunds(), escrow(large), is_refunded(large)) == (63, 0, True)


def test_the_longest_due_tournament_is_cancelled_first(studio: StudioCaller) -> None:
    uids = [studio.tournament() for _ in range(3)]
    for uid, seconds in zip(uids, (-10, -30, -20), strict=True):
        move(uid, schedules_at=-60, moves_to_lobby_at=-60, starts_at=-60, locks_at=seconds, ends_at=seconds)
    assert cancellations_due(2) == [UUID(uids[1]), UUID(uids[2])]
    tasks.book_cancellations()
    assert all(is_refunded(uid) for uid in uids)


# --- What must not hold it up


def test_a_refund_is_booked_even_into_a_full_wallet(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid, left = studio.tournament(), studio.tournament()
    for cup in (uid, left):
        gamer.join(cup).ok()
    fill(gamer)
    studio.deposit(gamer.user_id, 1, "one more").refused(409, "BALANCE_LIMIT_EXCEEDED")
    gamer.leave(left).ok()
    over(uid)
    tasks.book_cancellations()
    assert sum(gamer.buckets()) == 2**52 + 20
    gamer.join(studio.tournament()).ok()
    assert (escrow(uid), sum(gamer.buckets())) == (0, 2**52 + 10)
    assert ledger_proves()


def fill(gamer: GamerCaller) -> None:
    """Book so much bought money that the wallet holds all that it may."""
    wallet = ledger.lock_wallet(Gamer.objects.get(user_id=gamer.user_id).wallet_id)
    source = ledger.system_account(
        client_id=wallet.client_id, currency=wallet.currency, kind=ledger.SystemAccount.DEPOSITS
    )
    move_in = ledger.Transfer(source, wallet.ids[ledger.Bucket.BOUGHT], 2**52 - wallet.spendable())
    ledger.book(ledger.JournalEntry("fill", Kind.DEPOSIT, wallet.client_id, wallet.currency, [move_in], wallet))


def test_a_refund_that_fails_does_not_delay_other_refunds(
    studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller
) -> None:
    broken, sound = studio.tournament(), other_studio.tournament()
    stranger = other_studio.gamer("stranger")
    gamer.join(broken).ok()
    stranger.join(sound).ok()
    for uid in (broken, sound):
        over(uid)
    # Something else stands under the reference of the refund.
    participation = Participation.objects.get(tournament=broken)
    other = ledger.system_account(client_id=participation.client_id, currency="KCASH", kind=ledger.SystemAccount.HOUSE)
    escrow_id = Tournament.objects.get(pk=broken).escrow_id
    wrong = ledger.Transfer(escrow_id, other, 1)
    ledger.book(
        ledger.JournalEntry(f"refund:{participation.pk}", Kind.ADJUSTMENT, participation.client_id, "KCASH", [wrong])
    )
    tasks.book_cancellations()
    assert (is_refunded(broken), is_refunded(sound), stranger.buckets()) == (False, True, (50, 0, 0))
    assert cancellations_due(10) == [UUID(broken)]
    assert gamer.buckets() == (40, 0, 0)


def test_a_cancellation_changes_nothing_before_its_time(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    moment = database_now() + timedelta(seconds=9)
    with clock_at(moment):
        studio.post(f"/s2s/esports/tournaments/{uid}/cancel", {"reason": "fault"}).ok()
    row = Tournament.objects.get(pk=uid)
    assert (row.cancelled_at, row.over_at, row.cancel_reason) == (moment, moment, "fault")
    assert Participation.objects.get().refunded_at == moment
