"""A gamer's scores: what they make of the standing, every refusal and their order, the window to the microsecond."""

from datetime import timedelta
from typing import Any

import pytest

from esports.models import Participation, ScoreEvent
from kgen.clock import database_now
from tests.support.addresses import UNKNOWN_UID
from tests.support.http import Answer, GamerCaller, Gamers, StudioCaller
from tests.support.inputs import MOST
from tests.support.organising import soon
from tests.support.time import INSTANT, clock_at, hourly, timetable

pytestmark = pytest.mark.django_db


def joined(studio: StudioCaller, *gamers: GamerCaller, **fields: Any) -> str:
    """A free tournament that these gamers have joined."""
    uid = studio.tournament(buy_in_price=0, **fields)
    for gamer in gamers:
        gamer.join(uid, 0).ok()
    return uid


def by_server(studio: StudioCaller, uid: str, gamer: GamerCaller, value: int, **row: Any) -> Any:
    """What became of a score that the studio's server posts."""
    rows = [{"user_id": gamer.user_id, "value": value} | row]
    return studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()["results"][0]


def score_of(gamer: GamerCaller, uid: str) -> int | None:
    """The gamer's score as the board shows it."""
    me = gamer.board(uid)["me"]
    return int(me["score"]) if me else None


def kept(uid: str) -> list[tuple[Any, ...]]:
    """The events of a tournament in their order."""
    rows = ScoreEvent.objects.filter(participation__tournament=uid).order_by("id")
    return list(rows.values_list("participation__gamer__user_id", "value", "standing", "source", "event_id"))


# --- What a score makes of the standing


@pytest.mark.parametrize(
    ("operator", "order", "values", "score", "second"),
    [
        ("latest", "desc", [5, 9, 7], 7, 2),
        ("latest", "desc", [5, 9, 9, 9], 9, 1),
        ("latest", "asc", [-5, -9, -5], -5, 2),
        ("best", "desc", [5, 9, 7, 9], 9, 1),
        ("best", "asc", [5, 9, 3, 4, 3], 3, 2),
        ("sum", "desc", [5, 9, -2], 12, 2),
        ("sum", "asc", [5, 0, 0], 5, 0),
    ],
)
def test_scores_fold_by_their_operator_and_an_unchanged_score_keeps_its_time(
    studio: StudioCaller, gamer: GamerCaller, operator: str, order: str, values: list[int], score: int, second: int
) -> None:
    uid = joined(studio, gamer, score_operator=operator, score_order=order, score_source="any")
    started = database_now()
    for index, value in enumerate(values):
        with clock_at(started + timedelta(seconds=index)):
            assert gamer.score(uid, value).ok() == {"message": "leaderboard score update successful"}
    participation = Participation.objects.get(tournament=uid)
    assert (participation.score, participation.reached_at) == (score, started + timedelta(seconds=second))
    assert score_of(gamer, uid) == score
    assert [value for _, value, *_ in kept(uid)] == values


def test_a_repeated_score_keeps_its_rank_and_a_regained_score_does_not(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = joined(studio, ann, bob)
    for gamer, value in ((ann, 5), (bob, 5), (ann, 5)):
        gamer.score(uid, value).ok()
    assert [row["user_id"] for row in ann.board(uid)["leaderboard"]] == [ann.user_id, bob.user_id]
    for value in (4, 5):
        ann.score(uid, value).ok()
    assert [row["user_id"] for row in ann.board(uid)["leaderboard"]] == [bob.user_id, ann.user_id]


def test_every_accepted_score_is_kept_with_the_resulting_total(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = joined(studio, ann, bob, score_operator="sum", score_source="any", score_max=100)
    moment = database_now() + timedelta(hours=1)
    with clock_at(moment):
        ann.score(uid, 7, "e1").ok()
        ann.score(uid, 101).refused(400, "SCORE_OUT_OF_RANGE")
        by_server(studio, uid, bob, 3)
        ann.score(uid, -9).ok()
        ann.score(uid, 0).ok()
    assert kept(uid) == [
        (ann.user_id, 7, 7, "gamer", "e1"),
        (bob.user_id, 3, 3, "server", None),
        (ann.user_id, -9, -2, "gamer", None),
        (ann.user_id, 0, -2, "gamer", None),
    ]
    assert set(ScoreEvent.objects.values_list("accepted_at", flat=True)) == {moment}


@pytest.mark.parametrize(
    ("fields", "from_gamer"),
    [
        ({}, True),
        ({"score_operator": "best"}, True),
        ({"score_operator": "sum"}, False),
        ({"score_operator": "sum", "score_source": "any"}, True),
        ({"score_operator": "sum", "score_source": "server"}, False),
        ({"score_source": "server"}, False),
    ],
)
def test_a_summed_tournament_takes_server_scores_by_default(
    studio: StudioCaller, gamer: GamerCaller, fields: dict[str, str], from_gamer: bool
) -> None:
    uid = joined(studio, gamer, **fields)
    shown = gamer.get(f"/fe/esports/tournaments/{uid}").ok()["score_source"]
    assert shown == ("any" if from_gamer else "server")
    answer = gamer.score(uid, 3)
    answer.ok() if from_gamer else answer.refused(403, "SCORE_SOURCE_NOT_ALLOWED")
    assert score_of(gamer, uid) == (3 if from_gamer else None)
    assert by_server(studio, uid, gamer, 4)["status"] == "accepted"
    assert len(kept(uid)) == 1 + from_gamer


def test_a_gamer_with_a_score_cannot_leave(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = joined(studio, gamer)
    gamer.score(uid, 0).ok()
    gamer.leave(uid).refused(409, "WRONG_STATE")
    assert score_of(gamer, uid) == 0


# --- Bounds


@pytest.mark.parametrize(
    ("fields", "inside", "outside"),
    [
        ({"score_min": -10, "score_max": 100}, [-10, 0, 100], [-11, 101, MOST, -MOST]),
        ({"score_min": 5}, [5, MOST], [4, -MOST]),
        ({"score_max": -5}, [-5, -MOST], [-4, 0, MOST]),
        ({"score_min": 7, "score_max": 7}, [7], [6, 8]),
        ({}, [MOST, -MOST], []),
    ],
)
def test_score_bounds_are_inclusive_and_values_outside_change_nothing(
    studio: StudioCaller, gamer: GamerCaller, fields: dict[str, int], inside: list[int], outside: list[int]
) -> None:
    uid = joined(studio, gamer, **fields)
    for value in inside:
        gamer.score(uid, value).ok()
    for value in outside:
        gamer.score(uid, value).refused(400, "SCORE_OUT_OF_RANGE")
    assert score_of(gamer, uid) == inside[-1]
    assert [value for _, value, *_ in kept(uid)] == inside


@pytest.mark.parametrize("sign", [1, -1])
def test_an_event_that_makes_the_sum_inexact_is_refused(studio: StudioCaller, gamer: GamerCaller, sign: int) -> None:
    uid = joined(studio, gamer, score_operator="sum", score_source="any")
    gamer.score(uid, sign * MOST, "all").ok()
    gamer.score(uid, sign, "more").refused(400, "SCORE_OUT_OF_RANGE")
    assert by_server(studio, uid, gamer, sign) == {
        "user_id": gamer.user_id,
        "status": "refused",
        "code": "SCORE_OUT_OF_RANGE",
    }
    gamer.score(uid, sign * MOST, "all").ok()
    gamer.score(uid, -sign, "less").ok()
    gamer.score(uid, sign, "more").ok()
    assert (score_of(gamer, uid), len(kept(uid))) == (sign * MOST, 3)


def test_score_bounds_apply_to_each_value_and_not_to_the_sum(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = joined(studio, gamer, score_operator="sum", score_source="any", score_min=-1, score_max=10)
    for value in (10, 10, -1):
        gamer.score(uid, value).ok()
    assert score_of(gamer, uid) == 19


def test_an_invalid_score_value_is_refused(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = joined(studio, gamer)
    for value in (None, "7", 7.5, True, 2**53, -(2**53), [7], {"value": 7}):
        body = gamer.score(uid, value).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in body["errors"]] == ["payload.score.value"], value
    assert kept(uid) == []


# --- Events


def test_a_score_event_counts_once(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    uid = joined(studio, ann, bob, score_operator="sum", score_source="any")
    other = joined(studio, ann)
    for _ in range(3):
        ann.score(uid, 5, "match-1").ok()
    assert by_server(studio, uid, ann, 5, event_id="match-1") == {
        "user_id": ann.user_id,
        "status": "duplicate",
        "score": 5,
    }
    ann.score(uid, 6, "match-1").refused(409, "REFERENCE_REUSED")
    assert by_server(studio, uid, ann, 6, event_id="match-1")["code"] == "REFERENCE_REUSED"
    # Another gamer's, another tournament's, and another spelling of it are other events.
    bob.score(uid, 6, "match-1").ok()
    ann.score(other, 6, "match-1").ok()
    ann.score(uid, 1, "Match-1").ok()
    assert [row[1] for row in kept(uid)] == [5, 6, 1]
    assert (score_of(ann, uid), score_of(bob, uid), score_of(ann, other)) == (6, 6, 6)


def test_resending_an_old_event_does_not_restore_its_score(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = joined(studio, gamer)
    for value, event in ((5, "one"), (9, "two"), (5, "one")):
        gamer.score(uid, value, event).ok()
    assert score_of(gamer, uid) == 9


def test_an_event_id_has_up_to_128_characters(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = joined(studio, gamer)
    events = ["x", "é" * 128, "a/b c%2F", "😀", None]
    for event in events:
        send(gamer, uid, {"tournamentId": uid, "eventId": event, "playerId": "p", "gameId": "g"}).ok()
    assert [row[4] for row in kept(uid)] == events


def test_an_invalid_event_id_is_refused(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = joined(studio, gamer)
    bad: list[Any] = ["", "x" * 129, 7, True, ["x"], {}]
    for event in bad:
        body = send(gamer, uid, {"tournamentId": uid, "eventId": event}).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in body["errors"]] == ["metadata.eventId"], event
    assert kept(uid) == []


# --- What is refused, in this order


def send(gamer: GamerCaller, uid: str, metadata: Any, payload: Any = None) -> Answer:
    """A score with metadata of one's own."""
    body = {"metadata": metadata, "payload": {"score": {"value": 1}} if payload is None else payload}
    return gamer.post(f"/fe/esports/tournaments/{uid}/score", body)


def test_score_refuses_in_the_order_of_the_contract(studio: StudioCaller, gamers: Gamers) -> None:
    ann, bob = gamers(2)
    times = {f"{name}_at_timestamp": soon(hours=hour) for hour, name in enumerate(("starts", "locks", "ends"), 1)}
    uid = joined(studio, ann, score_source="server", score_max=10, **times)
    for gamer in (ann, bob):
        studio.post(f"/s2s/gamers/{gamer.user_id}/suspend", {"reason": "review"}).ok()
    GamerCaller({}).score(UNKNOWN_UID, "x").refused(401, "UN_AUTHORIZED")
    send(ann, UNKNOWN_UID, {"tournamentId": uid}).refused(400, "BAD_REQUEST")
    ann.score(UNKNOWN_UID, 11).refused(404, "TOURNAMENT_NOT_FOUND")
    for gamer in (ann, bob):
        gamer.score(uid, 11).refused(403, "GAMER_SUSPENDED")
        studio.post(f"/s2s/gamers/{gamer.user_id}/lift", {"reason": "cleared"}).ok()
    bob.score(uid, 11).refused(404, "TOURNAMENT_PARTICIPATION_NOT_FOUND")
    ann.score(uid, 11).refused(400, "TOURNAMENT_IS_NOT_LIVE")
    with clock_at(timetable(uid).starts_at):
        ann.score(uid, 11).refused(403, "SCORE_SOURCE_NOT_ALLOWED")
        assert by_server(studio, uid, ann, 11)["code"] == "SCORE_OUT_OF_RANGE"
    assert kept(uid) == []


def test_a_malformed_score_is_refused(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = joined(studio, gamer)
    own = {"tournamentId": uid}
    forms: list[tuple[Any, Any, str]] = [
        ({"tournamentId": UNKNOWN_UID, "tournamentUID": uid}, None, "metadata.tournamentId"),
        ({"tournamentId": uid, "tournamentUID": UNKNOWN_UID}, None, "metadata.tournamentUID"),
        ({"tournamentUID": UNKNOWN_UID}, None, "metadata.tournamentUID"),
        ({"tournamentUID": ""}, None, "metadata.tournamentUID"),
        ({"tournamentUID": 7}, None, "metadata.tournamentUID"),
        ({"tournamentId": UNKNOWN_UID}, None, "metadata.tournamentId"),
        ({"tournamentId": 7}, None, "metadata.tournamentId"),
        (None, None, "metadata"),
        ("x", None, "metadata"),
        (own, {}, "payload.score"),
        (own, {"score": 7}, "payload.score"),
        (own, {"score": {}}, "payload.score.value"),
    ]
    for metadata, payload, field in forms:
        body = send(gamer, uid, metadata, payload).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in body["errors"]] == [field]
    assert kept(uid) == []


def test_a_score_names_its_tournament_by_either_published_name_or_not_at_all(
    studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = joined(studio, gamer)
    both = {"tournamentId": uid, "tournamentUID": uid}
    for metadata in (both, {"tournamentUID": uid.upper()}, {"tournamentId": uid}, {}, {"tournamentUID": None}):
        send(gamer, uid, metadata).ok()
    assert len(kept(uid)) == 5


def test_ids_are_read_in_upper_and_lower_case(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = joined(studio, gamer)
    send(gamer, uid.upper(), {"tournamentId": uid}).ok()
    send(gamer, uid, {"tournamentId": uid.upper()}).ok()
    assert len(kept(uid)) == 2


def test_a_gamer_who_left_cannot_score(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = joined(studio, gamer)
    gamer.leave(uid).ok()
    gamer.score(uid, 1).refused(404, "TOURNAMENT_PARTICIPATION_NOT_FOUND")


# --- The window: from starts to ends


@pytest.mark.parametrize(
    ("name", "offset", "is_open"),
    [
        ("schedules_at", 0 * INSTANT, False),
        ("moves_to_lobby_at", 0 * INSTANT, False),
        ("starts_at", -INSTANT, False),
        ("starts_at", 0 * INSTANT, True),
        ("locks_at", 0 * INSTANT, True),
        ("ends_at", -INSTANT, True),
        ("ends_at", 0 * INSTANT, False),
    ],
)
def test_scores_count_from_starts_until_ends(
    studio: StudioCaller, gamer: GamerCaller, name: str, offset: Any, is_open: bool
) -> None:
    uid = hourly(studio)
    moment = getattr(timetable(uid), name) + offset
    with clock_at(timetable(uid).schedules_at):
        gamer.join(uid).ok()
    with clock_at(moment):
        answer = gamer.score(uid, 1)
    answer.ok() if is_open else answer.refused(400, "TOURNAMENT_IS_NOT_LIVE")
    assert list(ScoreEvent.objects.values_list("accepted_at", flat=True)) == ([moment] if is_open else [])
