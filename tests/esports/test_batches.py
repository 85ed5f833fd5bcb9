"""Many scores, joins and leaves in one call of the batch: each gamer is told their own outcome, and only that is done.

Accepted calls and each sort of refusal come interleaved, in an order that is not the same backwards.
"""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from esports.models import Participation, ScoreEvent, Seats
from esports.services.joining import Join, Leave, join_many, leave_many
from esports.services.scoring import GamerScore, post_many
from kgen.errors import DomainError
from tests.support.clock import end
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import prove
from tests.support.refereeing import disqualify
from tests.support.withdrawals import row_of
from users.models import Gamer

pytestmark = pytest.mark.django_db


def codes(outcomes: Sequence[DomainError | None]) -> list[str]:
    """The code of each refusal; empty where all is well."""
    return [outcome.code if outcome else "" for outcome in outcomes]


def rows_of(callers: dict[str, GamerCaller]) -> dict[str, Gamer]:
    """The gamers' rows as they are now."""
    return {name: row_of(caller) for name, caller in callers.items()}


def standing(uid: str) -> dict[str, int | None]:
    """Who is in a tournament, with the score."""
    participations = Participation.objects.filter(tournament=uid, left_at=None)
    return dict(participations.values_list("gamer__user_id", "score"))


def taken(uid: str) -> int:
    """How many of a tournament's seats are."""
    return Seats.objects.get(tournament=uid).taken


def suspend(studio: StudioCaller, name: str) -> None:
    studio.post(f"/s2s/gamers/{name}/suspend", {"reason": "review"}).ok()


def test_a_batch_of_scores_gives_each_gamer_the_right_outcome(studio: StudioCaller, other_studio: StudioCaller) -> None:
    callers = {name: studio.gamer(name) for name in "abcdefgh"}
    cup = studio.tournament(buy_in_price=0, score_min=0, score_max=100)
    over, by_server = studio.tournament(buy_in_price=0), studio.tournament(buy_in_price=0, score_source="server")
    foreign = other_studio.tournament()
    for name in "abcdefg":
        callers[name].join(cup, 0).ok()
    for uid in (over, by_server):
        callers["a"].join(uid, 0).ok()
    callers["e"].score(cup, 5, "e-1").ok()
    suspend(studio, "c")
    disqualify(cup, "f")
    end(over)
    rows = rows_of(callers)
    asked: list[tuple[str, str, int, str | None, str]] = [
        ("a", cup, 11, None, ""),
        ("h", cup, 12, None, "TOURNAMENT_PARTICIPATION_NOT_FOUND"),
        ("b", cup, 13, "b-1", ""),
        ("c", cup, 14, None, "GAMER_SUSPENDED"),
        ("a", str(uuid4()), 15, None, "TOURNAMENT_NOT_FOUND"),
        ("b", cup, 16, "b-1", "REFERENCE_REUSED"),
        ("d", cup, 101, None, "SCORE_OUT_OF_RANGE"),
        ("e", cup, 5, "e-1", ""),
        ("f", cup, 17, None, "WRONG_STATE"),
        ("a", over, 18, None, "TOURNAMENT_IS_NOT_LIVE"),
        ("g", cup, 19, None, ""),
        ("a", by_server, 20, None, "SCORE_SOURCE_NOT_ALLOWED"),
        ("d", cup, 21, None, ""),
        ("b", foreign, 22, None, "TOURNAMENT_NOT_FOUND"),
        ("a", cup, 23, None, ""),
    ]
    outcomes = post_many(scores=[GamerScore(rows[name], UUID(uid), value, id) for name, uid, value, id, _ in asked])
    assert codes(outcomes) == [expected for *_, expected in asked]
    scores = {"a": 23, "b": 13, "c": None, "d": 21, "e": 5, "f": None, "g": 19}
    assert standing(cup) == scores
    assert [standing(uid) for uid in (over, by_server)] == [{"a": None}] * 2
    events = ScoreEvent.objects.order_by("id").values_list("participation__gamer__user_id", "value", "event_id")
    assert list(events) == [
        ("e", 5, "e-1"),
        ("a", 11, None),
        ("b", 13, "b-1"),
        ("g", 19, None),
        ("d", 21, None),
        ("a", 23, None),
    ]
    board = [(row["user_id"], row["score"]) for row in callers["a"].board(cup)["leaderboard"]]
    assert board == [("a", 23), ("d", 21), ("g", 19), ("b", 13), ("e", 5)]
    assert prove().exit_code == 0


def test_a_batch_of_joins_gives_each_gamer_the_right_outcome(studio: StudioCaller, other_studio: StudioCaller) -> None:
    callers = {name: studio.gamer(name) for name in "abcdef"}
    cup, dear, small = (
        studio.tournament(),
        studio.tournament(buy_in_price=1000),
        studio.tournament(buy_in_price=20, tournament_size=2),
    )
    over, foreign = studio.tournament(), other_studio.tournament()
    callers["b"].join(cup).ok()
    suspend(studio, "c")
    end(over)
    rows = rows_of(callers)
    asked = [
        ("a", cup, 10, ""),
        ("b", cup, 10, "EXISTING_PARTICIPATION_FOUND"),
        ("d", small, 20, ""),
        ("c", cup, 10, "GAMER_SUSPENDED"),
        ("e", small, 20, ""),
        ("f", small, 20, "TOURNAMENT_IS_FULL"),
        ("a", cup, 10, "EXISTING_PARTICIPATION_FOUND"),
        ("d", over, 10, "TOURNAMENT_IS_NOT_LIVE"),
        ("e", cup, 11, "TOURNAMENT_INVALID_JOINING_STAKE"),
        ("f", dear, 1000, "INSUFFICIENT_BALANCE"),
        ("d", cup, 10, ""),
        ("b", str(uuid4()), 10, "TOURNAMENT_NOT_FOUND"),
        ("f", cup, 10, ""),
        ("a", foreign, 10, "TOURNAMENT_NOT_FOUND"),
        ("a", small, 20, "TOURNAMENT_IS_FULL"),
    ]
    outcomes = join_many(joins=[Join(rows[name], UUID(uid), stake) for name, uid, stake, _ in asked])
    assert codes(outcomes) == [expected for *_, expected in asked]
    assert [set(standing(uid)) for uid in (cup, small, dear, over, foreign)] == [
        {"a", "b", "d", "f"},
        {"d", "e"},
        set(),
        set(),
        set(),
    ]
    assert [taken(uid) for uid in (cup, small, dear, over)] == [4, 2, 0, 0]
    bonuses = {name: caller.buckets()[0] for name, caller in callers.items()}
    assert bonuses == {"a": 40, "b": 40, "c": 50, "d": 20, "e": 30, "f": 40}
    assert prove().exit_code == 0


def test_a_batch_of_leaves_gives_each_gamer_the_right_outcome(studio: StudioCaller, other_studio: StudioCaller) -> None:
    callers = {name: studio.gamer(name) for name in "abcdefg"}
    cup, other, over = studio.tournament(), studio.tournament(buy_in_price=20), studio.tournament()
    foreign = other_studio.tournament()
    for name in "abcdef":
        callers[name].join(cup).ok()
    callers["b"].join(other, 20).ok()
    callers["a"].join(over).ok()
    callers["d"].score(cup, 1).ok()
    suspend(studio, "c")
    disqualify(cup, "e")
    end(over)
    rows = rows_of(callers)
    asked = [
        ("g", cup, "TOURNAMENT_PARTICIPATION_NOT_FOUND"),
        ("a", cup, ""),
        ("c", cup, "GAMER_SUSPENDED"),
        ("d", cup, "WRONG_STATE"),
        ("b", other, ""),
        ("a", over, "TOURNAMENT_IS_NOT_LIVE"),
        ("a", cup, "TOURNAMENT_PARTICIPATION_NOT_FOUND"),
        ("e", cup, "WRONG_STATE"),
        ("f", cup, ""),
        ("b", str(uuid4()), "TOURNAMENT_NOT_FOUND"),
        ("f", foreign, "TOURNAMENT_NOT_FOUND"),
    ]
    outcomes = leave_many(leaves=[Leave(rows[name], UUID(uid)) for name, uid, _ in asked])
    assert codes(outcomes) == [expected for *_, expected in asked]
    assert [set(standing(uid)) for uid in (cup, other, over)] == [{"b", "c", "d", "e"}, set(), {"a"}]
    assert [taken(uid) for uid in (cup, other, over)] == [4, 0, 1]
    bonuses = {name: caller.buckets()[0] for name, caller in callers.items()}
    assert bonuses == {"a": 40, "b": 40, "c": 40, "d": 40, "e": 40, "f": 50, "g": 50}
    assert prove().exit_code == 0
