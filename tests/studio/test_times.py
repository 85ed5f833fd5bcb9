"""Making a tournament: the times that are left out, their order, and how far away they may be."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from esports.models import Tournament
from kgen.clock import database_now
from tests.support.http import StudioCaller
from tests.support.organising import TOURNAMENTS, new, soon, wire

pytestmark = pytest.mark.django_db

NAMES = ("schedules", "moves_to_lobby", "starts", "locks", "ends")


def named(**hours: float) -> dict[str, str]:
    """Times by their wire names, so many hours from now; 0 is now itself."""
    now = database_now()
    return {f"{name}_at_timestamp": wire(now + timedelta(hours=count)) for name, count in hours.items()}


@pytest.mark.parametrize(
    ("given", "expected", "status"),
    [
        # expected: schedules, lobby, starts, locks, ends; "now" is the moment of making
        ({}, ("now", "now", "now", 9, 9), "STARTED"),
        ({"schedules": -3}, (-3, -3, -3, 9, 9), "STARTED"),
        ({"schedules": 1}, (1, 1, 1, 9, 9), "DRAFT"),
        ({"moves_to_lobby": 2}, ("now", 2, 2, 9, 9), "SCHEDULED"),
        ({"moves_to_lobby": -2}, (-2, -2, -2, 9, 9), "STARTED"),
        ({"starts": 3}, ("now", 3, 3, 9, 9), "SCHEDULED"),
        ({"starts": -1}, (-1, -1, -1, 9, 9), "STARTED"),
        ({"moves_to_lobby": -1, "starts": 3}, (-1, -1, 3, 9, 9), "LOBBY"),
        ({"schedules": -4, "starts": -1}, (-4, -1, -1, 9, 9), "STARTED"),
        ({"locks": 4}, ("now", "now", "now", 4, 9), "STARTED"),
        ({"locks": -1}, (-1, -1, -1, -1, 9), "LOCKED"),
        ({"starts": -2, "locks": -1}, (-2, -2, -2, -1, 9), "LOCKED"),
        ({"schedules": 1, "moves_to_lobby": 2, "starts": 3, "locks": 4}, (1, 2, 3, 4, 9), "DRAFT"),
        ({"schedules": 5, "starts": 5, "locks": 9}, (5, 5, 5, 9, 9), "DRAFT"),
    ],
)
def test_omitted_times_follow_from_the_given_ones(
    studio: StudioCaller, given: dict[str, float], expected: tuple[Any, ...], status: str
) -> None:
    sent = named(**given, ends=9)
    made = studio.post(TOURNAMENTS, new(**sent)).ok(201)
    now = datetime.fromisoformat(made["created_at"])
    base = datetime.fromisoformat(sent["ends_at_timestamp"]) - timedelta(hours=9)
    wanted = [wire(now if hours == "now" else base + timedelta(hours=hours)) for hours in expected]
    assert [made[f"{name}_at_timestamp"] for name in NAMES] == wanted
    assert made["tournament_status"] == status


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"ends": 0}, [("ends_at_timestamp", "not_in_future")]),
        ({"ends": -1}, [("ends_at_timestamp", "not_in_future")]),
        # Times that are filled in from the end, or are given behind it, are no faults of their own.
        ({"ends": -24 * 365.25 * 8}, [("ends_at_timestamp", "not_in_future")]),
        ({"schedules": 5, "starts": 4, "ends": -1}, [("ends_at_timestamp", "not_in_future")]),
        ({"schedules": 2, "moves_to_lobby": 1}, [("moves_to_lobby_at_timestamp", "out_of_order")]),
        ({"moves_to_lobby": 2, "starts": 1}, [("starts_at_timestamp", "out_of_order")]),
        ({"starts": 2, "locks": 1}, [("locks_at_timestamp", "out_of_order")]),
        ({"locks": 10}, [("ends_at_timestamp", "out_of_order")]),
        ({"schedules": 10}, [("locks_at_timestamp", "out_of_order")]),
        ({"schedules": -24 * 365.25 * 5 - 48, "starts": 0}, [("schedules_at_timestamp", "too_far_away")]),
        (
            {"ends": 24 * 365.25 * 5 + 48},
            [("ends_at_timestamp", "too_far_away"), ("locks_at_timestamp", "too_far_away")],
        ),
    ],
)
def test_times_out_of_order_or_too_far_away_are_named(
    studio: StudioCaller, given: dict[str, float], faults: list[tuple[str, str]]
) -> None:
    sent = named(**({"ends": 9} | given))
    problem = studio.post(TOURNAMENTS, new(**sent)).refused(400, "BAD_REQUEST")
    assert sorted((fault["field"], fault["code"]) for fault in problem["errors"]) == faults
    assert Tournament.objects.count() == 0


def test_only_the_end_must_lie_in_the_future(studio: StudioCaller) -> None:
    times = named(schedules=-24 * 365 * 5 + 48, moves_to_lobby=-9, starts=-8, locks=-7)
    made = studio.post(TOURNAMENTS, new(**times, ends_at_timestamp=soon(seconds=30))).ok(201)
    assert made["tournament_status"] == "LOCKED"
    assert studio.post(TOURNAMENTS, new(ends_at_timestamp=soon(hours=24 * 365 * 5 - 48))).status == 201
