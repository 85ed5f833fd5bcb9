"""What a referee decides: which scores count, and who holds a rank; up to the settlement and not behind it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from esports.errors import ScoreOutOfRange
from esports.models import LeaderboardRow, Ruling, ScoreEvent, Tournament
from esports.ranking import MAX_SCORE
from esports.services import refereeing
from esports.services.cancelling import book_cancellations
from kgen.errors import RecordNotFound, WrongState
from kgen.valkey import valkey
from rewards.models import Settlement
from rewards.services.settling import settle_due
from tests.support import ranks
from tests.support.addresses import HISTORIC
from tests.support.clock import end
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import execute, new_id, prove
from tests.support.organising import allow_sponsorship
from tests.support.ranks import check_ranks, make_stale
from tests.support.refereeing import OPERATOR, disqualify, disqualify_by_two, participation_of, reinstate, void
from tests.support.rows import snapshot
from tests.support.settling import play

pytestmark = pytest.mark.django_db


def listed(board: dict[str, Any]) -> list[tuple[int, str, int]]:
    """The rows of a board."""
    return [(row["rank"], row["user_id"], row["score"]) for row in board["leaderboard"]]


def delayed(
    studio: StudioCaller, scores: dict[str, int | None], *, is_over: bool = True, **fields: Any
) -> tuple[str, dict[str, GamerCaller]]:
    """A tournament of these gamers that is over, unless it is told otherwise, and still to be settled."""
    uid = studio.tournament(settlement_delay_seconds=3600, **fields)
    callers = play(studio, uid, scores)
    if is_over:
        end(uid)
    return uid, callers


# --- Voiding


@pytest.mark.parametrize(
    ("operator", "number", "score", "since"),
    [
        ("latest", 2, 9, 1),
        ("latest", 0, 4, 2),
        ("best", 1, 5, 0),
        ("best", 2, 9, 1),
        ("sum", 1, 9, 2),
        ("sum", 2, 14, 1),
    ],
)
def test_a_voided_score_counts_no_more(
    studio: StudioCaller, gamer: GamerCaller, operator: str, number: int, score: int, since: int
) -> None:
    uid = studio.tournament(score_operator=operator, score_source="any")
    gamer.join(uid).ok()
    for value in (5, 9, 4):
        gamer.score(uid, value).ok()
    voided = void(uid, gamer.user_id, number)
    row = participation_of(uid, gamer.user_id)
    accepted = list(ScoreEvent.objects.order_by("id").values_list("accepted_at", flat=True))
    assert (row.score, row.reached_at, row.rank_key) == (score, accepted[since], -score)
    assert (voided.voided_by, voided.void_reason, voided.voided_at is not None) == (OPERATOR, "glitch", True)
    assert ScoreEvent.objects.count() == 3
    assert gamer.board(uid)["me"] == {"rank": 1, "score": score, "shared_rank": 1}


def test_a_gamer_without_a_valid_score_is_unranked(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    gamer.score(uid, 5, event_id="one").ok()
    assert check_ranks(uid) == 1
    void(uid, gamer.user_id)
    board = gamer.board(uid)
    assert (board["leaderboard"], board["me"], board["participants_count"]) == ([], None, 1)
    make_stale(uid)
    assert ranks.board(uid).catch_up()
    assert valkey().zcard(ranks.board(uid).ranks) == 0
    # Its id stays used; another score is a first one.
    gamer.score(uid, 5, event_id="one").ok()
    assert participation_of(uid, gamer.user_id).score is None
    gamer.score(uid, 6, event_id="two").ok()
    assert gamer.board(uid)["me"] == {"rank": 1, "score": 6, "shared_rank": 1}
    void(uid, gamer.user_id)
    gamer.leave(uid).ok()
    assert gamer.buckets() == (50, 0, 0)


def test_a_void_that_would_overflow_the_sum_is_refused(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(score_operator="sum", score_source="any")
    gamer.join(uid).ok()
    for value in (MAX_SCORE, -1, 1):
        gamer.score(uid, value).ok()
    before = snapshot()
    with pytest.raises(ScoreOutOfRange):
        void(uid, gamer.user_id, 1)
    assert snapshot() == before


# --- Disqualifying


def test_a_disqualified_gamer_appears_on_no_board(studio: StudioCaller) -> None:
    uid = studio.tournament()
    callers = play(studio, uid, {"a": 4, "b": 3, "c": 2, "d": 1})
    assert check_ranks(uid) == 4
    disqualify(uid, "b")
    make_stale(uid)
    assert check_ranks(uid) == 3
    rest = [(1, "a", 4), (2, "c", 2), (3, "d", 1)]
    for caller, me in (
        ("a", {"rank": 1, "score": 4, "shared_rank": 1}),
        ("b", None),
        ("d", {"rank": 3, "score": 1, "shared_rank": 3}),
    ):
        for query in ("", "?around=me"):
            board = callers[caller].board(uid, query)
            assert (listed(board), board["me"], board["participants_count"]) == (rest, me, 4)
    assert listed(studio.get(f"/s2s/esports/tournaments/{uid}/leaderboard").ok()) == rest


def test_a_disqualified_gamer_cannot_score_leave_or_rejoin(studio: StudioCaller) -> None:
    uid = studio.tournament()
    callers = play(studio, uid, {"a": 3, "b": None, "z": 1})
    for name in ("a", "b"):
        disqualify(uid, name)
    callers["a"].score(uid, 9).refused(409, "WRONG_STATE")
    callers["b"].score(uid, 9).refused(409, "WRONG_STATE")
    callers["b"].leave(uid).refused(409, "WRONG_STATE")
    callers["b"].join(uid).refused(409, "EXISTING_PARTICIPATION_FOUND")
    studio.gamer("c").join(uid).ok()
    rows = [{"user_id": name, "value": 5} for name in ("a", "b", "c")]
    results = studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()["results"]
    assert [(row["status"], row.get("code")) for row in results] == [
        ("refused", "WRONG_STATE"),
        ("refused", "WRONG_STATE"),
        ("accepted", None),
    ]


def test_a_reinstated_gamer_keeps_the_time_the_score_was_reached(studio: StudioCaller) -> None:
    uid = studio.tournament()
    callers = play(studio, uid, {"a": 4, "b": 3, "c": 3})
    before = participation_of(uid, "b")
    disqualify(uid, "b")
    assert participation_of(uid, "b").rank_key is None
    reinstate(uid, "b")
    after = participation_of(uid, "b")
    assert (after.score, after.reached_at, after.rank_key) == (before.score, before.reached_at, before.rank_key)
    make_stale(uid)
    assert check_ranks(uid) == 3
    callers["b"].score(uid, 9).ok()
    assert listed(callers["b"].board(uid)) == [(1, "b", 9), (2, "a", 4), (3, "c", 3)]


def test_a_reinstatement_does_not_restore_a_voided_score(studio: StudioCaller) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 4, "b": 3, "c": 2})
    disqualify(uid, "a")
    void(uid, "a")
    assert participation_of(uid, "a").score is None
    reinstate(uid, "a")
    assert (participation_of(uid, "a").rank_key, participation_of(uid, "b").rank_key) == (None, -3)


def test_a_ruling_keeps_its_operator_and_reason(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    disqualify(uid, gamer.user_id, "bot")
    reinstate(uid, gamer.user_id, "human after all")
    rulings = Ruling.objects.order_by("id").values_list("act", "reason", "operator_id", "client_id")
    client = participation_of(uid, gamer.user_id).client_id
    assert list(rulings) == [
        ("DISQUALIFY", "bot", OPERATOR, client),
        ("REINSTATE", "human after all", OPERATOR, client),
    ]
    for sql in ("UPDATE esports_ruling SET reason = ''", "DELETE FROM esports_ruling"):
        with pytest.raises(DatabaseError), transaction.atomic():
            execute(sql)


def test_a_repeated_ruling_is_refused_and_changes_nothing(studio: StudioCaller) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    disqualify(uid, "a")
    void(uid, "b")
    again: list[tuple[Callable[[], object], str]] = [
        (lambda: disqualify(uid, "a", "another reason"), "The gamer is disqualified already."),
        (lambda: void(uid, "b", reason="another reason"), "This score is voided already."),
        (lambda: reinstate(uid, "c"), "The gamer is not disqualified."),
    ]
    before = snapshot()
    for ruling, words in again:
        with pytest.raises(WrongState, match=words):
            ruling()
    assert snapshot() == before


# --- When


def test_a_ruling_after_settlement_or_cancellation_is_refused(studio: StudioCaller) -> None:
    settled, cancelled = studio.tournament(), studio.tournament()
    for uid in (settled, cancelled):
        play(studio, uid, {"a": 3, "b": 2, "c": 1})
        disqualify(uid, "c")
    studio.post(f"/s2s/esports/tournaments/{cancelled}/cancel").ok()
    end(settled)
    assert settle_due() == 1
    before = snapshot()
    for uid in (settled, cancelled):
        for ruling in (lambda: disqualify(uid, "a"), lambda: reinstate(uid, "c"), lambda: void(uid, "a")):  # noqa: B023
            with pytest.raises(WrongState):
                ruling()
    assert snapshot() == before


def test_a_ruling_on_a_gamer_who_left_or_is_unknown_is_refused(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    left = participation_of(uid, gamer.user_id).pk
    gamer.leave(uid).ok()
    with pytest.raises(WrongState):
        refereeing.disqualify(participation_id=left, operator_id=OPERATOR, reason="late")
    for unknown in (refereeing.disqualify, refereeing.reinstate):
        with pytest.raises(RecordNotFound):
            unknown(participation_id=new_id(), operator_id=OPERATOR, reason="who?")
    with pytest.raises(RecordNotFound):
        refereeing.void_score(event_id=1, operator_id=OPERATOR, reason="what?")


def test_a_ruling_changes_the_result_until_the_settlement(studio: StudioCaller) -> None:
    uid, callers = delayed(studio, {"a": 5, "b": 4, "c": 3, "d": 2, "e": 1})
    # Of 5 the ranks 1 and 2 win 15 and 10.
    disqualify(uid, "a")
    void(uid, "b")
    said = {name: caller.get(HISTORIC).ok()[0] for name, caller in callers.items()}
    provisional = {name: (row["result"], row["rank"], row["amountWon"]) for name, row in said.items()}
    assert provisional == {
        "a": ("You Lost", None, 0),
        "b": ("You Lost", None, 0),
        "c": ("Won", 1, 15),
        "d": ("Won", 2, 10),
        "e": ("You Lost", 3, 0),
    }
    Tournament.objects.update(settlement_delay_seconds=0)
    assert settle_due() == 1
    assert {name: caller.get(HISTORIC).ok()[0] for name, caller in callers.items()} == said
    results = studio.get(f"/s2s/esports/tournaments/{uid}/results").ok()
    assert [(row["rank"], row["user_id"], row["reward"]) for row in results] == [
        (1, "c", 15),
        (2, "d", 10),
        (3, "e", 0),
    ]
    record = Settlement.objects.get()
    assert record.inputs["field_size"] == 5
    assert record.inputs["disqualified"] == [str(participation_of(uid, "a").pk)]
    assert (record.ranked, record.prizes, record.to_house) == (3, 25, 25)
    call_command("verify_settlement", uid)
    assert prove().exit_code == 0
    # A ruling that is slipped in behind the settlement's back is found.
    ScoreEvent.objects.filter(participation=participation_of(uid, "c")).update(
        voided_at=record.settled_at, voided_by=OPERATOR, void_reason=""
    )
    with pytest.raises(SystemExit):
        call_command("verify_settlement", uid)


# --- When nobody is left


def test_a_tournament_whose_scores_were_all_voided_before_its_end_is_cancelled(studio: StudioCaller) -> None:
    uid = studio.tournament()
    callers = play(studio, uid, {"a": 3, "b": 2, "c": None})
    void(uid, "a")
    void(uid, "b")
    end(uid)
    assert callers["a"].get(f"/fe/esports/tournaments/{uid}").ok()["tournament_status"] == "CANCELLED"
    assert settle_due() == 0
    book_cancellations()
    assert {name: caller.buckets() for name, caller in callers.items()} == dict.fromkeys("abc", (50, 0, 0))
    assert {caller.get(HISTORIC).ok()[0]["result"] for caller in callers.values()} == {"Cancelled"}
    assert prove().exit_code == 0


@pytest.mark.parametrize("is_over", [False, True])
def test_the_stakes_of_a_field_that_was_all_disqualified_stay_with_the_house(
    studio: StudioCaller, is_over: bool
) -> None:
    allow_sponsorship(studio, 20)
    uid, callers = delayed(studio, {"a": 3, "b": 2, "c": None}, is_over=is_over, sponsored_amount=20)
    disqualify(uid, "a")
    disqualify_by_two(uid, "b")
    if not is_over:
        end(uid)
    assert callers["a"].get(f"/fe/esports/tournaments/{uid}").ok()["tournament_status"] == "COMPLETED"
    Tournament.objects.update(settlement_delay_seconds=0)
    book_cancellations()
    assert settle_due() == 1
    record = Settlement.objects.get()
    assert (record.ranked, record.prizes, record.to_house, record.to_sponsor) == (0, 0, 30, 20)
    assert {name: caller.buckets() for name, caller in callers.items()} == dict.fromkeys("abc", (40, 0, 0))
    assert {caller.get(HISTORIC).ok()[0]["result"] for caller in callers.values()} == {"You Lost"}
    call_command("verify_settlement", uid)
    assert prove().exit_code == 0


def test_the_last_gamer_in_the_ranking_is_disqualified_by_two_operators(studio: StudioCaller) -> None:
    uid, _ = delayed(studio, {"a": 3, "b": 2, "c": None})
    disqualify(uid, "a")
    disqualify(uid, "b", "a bot")
    assert (participation_of(uid, "b").disqualified_at, LeaderboardRow.objects.filter(tournament=uid).count()) == (
        None,
        1,
    )
    before = snapshot()
    with pytest.raises(WrongState, match="another operator"):
        disqualify(uid, "b")
    assert snapshot() == before
    disqualify(uid, "b", operator=OPERATOR + 1)
    assert LeaderboardRow.objects.filter(tournament=uid).count() == 0
    acts = (
        Ruling.objects.filter(participation=participation_of(uid, "b")).order_by("id").values_list("act", "operator_id")
    )
    assert list(acts) == [("PROPOSE", OPERATOR), ("DISQUALIFY", OPERATOR + 1)]
    # Who is reinstated needs two operators again.
    reinstate(uid, "b")
    disqualify(uid, "b", operator=OPERATOR + 1)
    assert participation_of(uid, "b").disqualified_at is None


def test_the_last_score_is_not_voided_where_the_house_would_win_or_the_result_would_turn(
    studio: StudioCaller,
) -> None:
    disqualified, over = studio.tournament(), studio.tournament()
    for uid in (disqualified, over):
        play(studio, uid, {"a": 3, "b": 2, "c": None})
    disqualify(disqualified, "a")
    Tournament.objects.filter(pk=over).update(settlement_delay_seconds=3600)
    end(over)
    void(over, "a")
    before = snapshot()
    for uid in (disqualified, over):
        with pytest.raises(WrongState):
            void(uid, "b")
    assert snapshot() == before
    disqualify(over, "c")  # who holds no rank anyway
