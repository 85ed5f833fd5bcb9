"""Bulk scores: what each row is told, in the rows' order, and what then stands."""

from collections.abc import Sequence
from typing import Any

import pytest

from esports.models import Participation, ScoreEvent
from tests.support.http import StudioCaller
from tests.support.inputs import MOST
from tests.support.organising import at, end, shift, soon

pytestmark = pytest.mark.django_db


def post(studio: StudioCaller, uid: str, *rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Post rows of (user_id, value, event_id?); the results as (user_id, status, code or score), in order."""
    names = ("user_id", "value", "event_id")
    body = {"scores": [dict(zip(names, row, strict=False)) for row in rows]}
    results = studio.post(at(uid, "/scores"), body).ok()["results"]
    for result in results:
        assert set(result) == {"user_id", "status", "code" if result["status"] == "refused" else "score"}
    return [(row["user_id"], row["status"], row.get("code", row.get("score"))) for row in results]


def joined(studio: StudioCaller, uid: str, *names: str) -> None:
    """Open sessions and join."""
    for name in names:
        studio.gamer(name).join(uid).ok()


def standing(uid: str, user_id: str) -> int | None:
    """What stands for a gamer's live stay."""
    return Participation.objects.get(tournament=uid, gamer__user_id=user_id, left_at=None).score


def events(uid: str) -> list[tuple[str, int, str | None, int, str]]:
    """The kept events in order: (user_id, value, event_id, standing, source)."""
    rows = ScoreEvent.objects.filter(participation__tournament=uid).order_by("id")
    return list(rows.values_list("participation__gamer__user_id", "value", "event_id", "standing", "source"))


def test_results_come_in_the_order_of_the_rows(studio: StudioCaller) -> None:
    uid = studio.tournament()
    joined(studio, uid, "ann", "bob", "cy")
    assert post(studio, uid, ("cy", 3), ("ann", 1), ("nobody", 9), ("bob", 2), ("ann", 4)) == [
        ("cy", "accepted", 3),
        ("ann", "accepted", 1),
        ("nobody", "refused", "RECORD_NOT_FOUND"),
        ("bob", "accepted", 2),
        ("ann", "accepted", 4),
    ]
    assert [(row["user_id"], row["score"]) for row in studio.get(at(uid, "/leaderboard")).ok()["leaderboard"]] == [
        ("ann", 4),
        ("cy", 3),
        ("bob", 2),
    ]


def test_each_refused_row_has_its_code_and_leaves_other_rows_accepted(
    studio: StudioCaller, other_studio: StudioCaller
) -> None:
    uid = studio.tournament(score_min=-5, score_max=100)
    joined(studio, uid, "ann", "gone", "barred")
    studio.gamer("gone").leave(uid).ok()
    studio.gamer("idle")
    other_studio.gamer("theirs")
    studio.post("/s2s/gamers/barred/suspend", {"reason": "cheating"}).ok()
    studio.gamer("barred too")
    studio.post("/s2s/gamers/barred too/suspend", {"reason": "cheating"}).ok()
    rows = [
        ("unknown", 1),
        ("theirs", 1),
        ("idle", 1),
        ("gone", 1),
        ("barred", 1),
        ("barred too", 1),
        ("ann", 101),
        ("ann", -6),
        ("ann", 100),
        ("ann", -5),
    ]
    assert post(studio, uid, *rows) == [
        ("unknown", "refused", "RECORD_NOT_FOUND"),
        ("theirs", "refused", "RECORD_NOT_FOUND"),
        ("idle", "refused", "TOURNAMENT_PARTICIPATION_NOT_FOUND"),
        ("gone", "refused", "TOURNAMENT_PARTICIPATION_NOT_FOUND"),
        ("barred", "refused", "GAMER_SUSPENDED"),
        ("barred too", "refused", "GAMER_SUSPENDED"),
        ("ann", "refused", "SCORE_OUT_OF_RANGE"),
        ("ann", "refused", "SCORE_OUT_OF_RANGE"),
        ("ann", "accepted", 100),
        ("ann", "accepted", -5),
    ]
    assert events(uid) == [("ann", 100, None, 100, "server"), ("ann", -5, None, -5, "server")]


def test_outside_the_window_every_row_is_refused(studio: StudioCaller) -> None:
    live = "TOURNAMENT_IS_NOT_LIVE"
    uid = studio.tournament(starts_at_timestamp=soon(hours=1), locks_at_timestamp=soon(hours=2))
    joined(studio, uid, "ann")
    assert post(studio, uid, ("ann", 1), ("nobody", 1)) == [
        ("ann", "refused", live),
        ("nobody", "refused", "RECORD_NOT_FOUND"),
    ]
    shift(uid, hours=-3)
    assert studio.get(at(uid)).ok()["tournament_status"] == "LOCKED"
    assert post(studio, uid, ("ann", 2)) == [("ann", "accepted", 2)]
    end(uid)
    assert post(studio, uid, ("ann", 3)) == [("ann", "refused", live)]
    assert (standing(uid, "ann"), len(events(uid))) == (2, 1)


def test_a_draft_takes_no_scores(studio: StudioCaller) -> None:
    uid = studio.tournament(schedules_at_timestamp=soon(hours=1))
    studio.gamer("ann")
    assert post(studio, uid, ("ann", 1)) == [("ann", "refused", "TOURNAMENT_PARTICIPATION_NOT_FOUND")]


def test_a_repeated_event_is_a_duplicate_or_refused_with_another_value(studio: StudioCaller) -> None:
    uid = studio.tournament(score_operator="sum")
    joined(studio, uid, "ann", "bob")
    assert post(studio, uid, ("ann", 5, "e1"), ("ann", 5, "e1"), ("ann", 6, "e1"), ("bob", 7, "e1")) == [
        ("ann", "accepted", 5),
        ("ann", "duplicate", 5),
        ("ann", "refused", "REFERENCE_REUSED"),
        ("bob", "accepted", 7),
    ]
    assert post(studio, uid, ("ann", 1, "e2"), ("ann", 5, "e1"), ("ann", 1), ("ann", 1), ("ann", 4, "e1")) == [
        ("ann", "accepted", 6),
        ("ann", "duplicate", 6),
        ("ann", "accepted", 7),
        ("ann", "accepted", 8),
        ("ann", "refused", "REFERENCE_REUSED"),
    ]
    assert [row[1:4] for row in events(uid) if row[0] == "ann"] == [
        (5, "e1", 5),
        (1, "e2", 6),
        (1, None, 7),
        (1, None, 8),
    ]
    other = studio.tournament(score_operator="sum")
    joined(studio, other, "ann")
    assert post(studio, other, ("ann", 9, "e1")) == [("ann", "accepted", 9)]


def test_a_refused_event_id_can_be_used_again(studio: StudioCaller) -> None:
    uid = studio.tournament(score_max=10)
    joined(studio, uid, "ann")
    assert post(studio, uid, ("ann", 11, "e"), ("ann", 10, "e")) == [
        ("ann", "refused", "SCORE_OUT_OF_RANGE"),
        ("ann", "accepted", 10),
    ]


def test_gamer_and_server_share_the_event_ids_of_a_participation(studio: StudioCaller) -> None:
    uid = studio.tournament()
    ann = studio.gamer("ann")
    ann.join(uid).ok()
    ann.score(uid, 3, "match-1").ok()
    assert post(studio, uid, ("ann", 3, "match-1"), ("ann", 4, "match-1")) == [
        ("ann", "duplicate", 3),
        ("ann", "refused", "REFERENCE_REUSED"),
    ]
    assert [row[4] for row in events(uid)] == ["gamer"]


@pytest.mark.parametrize(
    ("operator", "order", "standings"),
    [
        ("latest", "desc", [5, 9, 2, 2]),
        ("best", "desc", [5, 9, 9, 9]),
        ("best", "asc", [5, 5, 2, 2]),
        ("sum", "desc", [5, 14, 16, 18]),
        ("sum", "asc", [5, 14, 16, 18]),
    ],
)
def test_scores_of_one_call_fold_one_after_the_other(
    studio: StudioCaller, operator: str, order: str, standings: list[int]
) -> None:
    uid = studio.tournament(score_operator=operator, score_order=order)
    joined(studio, uid, "ann")
    results = post(studio, uid, ("ann", 5), ("ann", 9), ("ann", 2), ("ann", 2))
    assert results == [("ann", "accepted", score) for score in standings]
    assert (standing(uid, "ann"), [row[3] for row in events(uid)]) == (standings[-1], standings)


def test_a_sum_out_of_range_refuses_only_its_event(studio: StudioCaller) -> None:
    uid = studio.tournament(score_operator="sum")
    joined(studio, uid, "ann", "bob")
    rows = [("ann", MOST), ("ann", 1), ("ann", -1), ("ann", 1), ("bob", -MOST), ("bob", -1)]
    assert [row[1:] for row in post(studio, uid, *rows)] == [
        ("accepted", MOST),
        ("refused", "SCORE_OUT_OF_RANGE"),
        ("accepted", MOST - 1),
        ("accepted", MOST),
        ("accepted", -MOST),
        ("refused", "SCORE_OUT_OF_RANGE"),
    ]


def test_a_standing_keeps_its_time_while_it_keeps_its_value(studio: StudioCaller) -> None:
    uid = studio.tournament()
    joined(studio, uid, "ann", "bob")
    post(studio, uid, ("ann", 5))
    post(studio, uid, ("bob", 5))
    post(studio, uid, ("ann", 5))
    board = [row["user_id"] for row in studio.get(at(uid, "/leaderboard")).ok()["leaderboard"]]
    assert board == ["ann", "bob"]
    # Away and back is a change, even within one call: it takes the new time.
    post(studio, uid, ("ann", 6), ("ann", 5))
    assert [row["user_id"] for row in studio.get(at(uid, "/leaderboard")).ok()["leaderboard"]] == ["bob", "ann"]


def test_a_server_only_tournament_accepts_server_scores(studio: StudioCaller) -> None:
    uid = studio.tournament(score_source="server")
    joined(studio, uid, "ann")
    assert post(studio, uid, ("ann", 1)) == [("ann", "accepted", 1)]


def test_a_gamer_who_rejoined_starts_without_a_score(studio: StudioCaller) -> None:
    uid = studio.tournament(score_operator="sum", score_source="any")
    ann = studio.gamer("ann")
    ann.join(uid).ok()
    ann.leave(uid).ok()
    ann.join(uid).ok()
    assert post(studio, uid, ("ann", 2, "e")) == [("ann", "accepted", 2)]
    assert Participation.objects.filter(score=None).count() == 1
