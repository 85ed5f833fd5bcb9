"""Bulk scores: how many rows and bytes a call may have, and that one malformed row refuses them all."""

import json
from typing import Any

import pytest

from esports.models import ScoreEvent
from tests.support.http import StudioCaller
from tests.support.inputs import MOST
from tests.support.organising import GOOD_SCORE, TOURNAMENTS, at, seat_many

pytestmark = pytest.mark.django_db

MIB = 1024 * 1024


@pytest.fixture
def uid(studio: StudioCaller) -> str:
    """A tournament that ann has joined."""
    uid = studio.tournament()
    studio.gamer("ann").join(uid).ok()
    return uid


def padded(rows: list[dict[str, Any]], size: int) -> bytes:
    """A body of these rows in exactly so many bytes, filled up by a field that nobody knows."""
    bare = len(json.dumps({"scores": rows, "note": ""}))
    return json.dumps({"scores": rows, "note": "x" * (size - bare)}).encode()


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"value": 1}, "user_id"),
        ({"user_id": "ann"}, "value"),
        ({"user_id": 5, "value": 1}, "user_id"),
        ({"user_id": "", "value": 1}, "user_id"),
        ({"user_id": " ann", "value": 1}, "user_id"),
        ({"user_id": "a\nb", "value": 1}, "user_id"),
        ({"user_id": "x" * 129, "value": 1}, "user_id"),
        ({"user_id": None, "value": 1}, "user_id"),
        (GOOD_SCORE | {"value": "1"}, "value"),
        (GOOD_SCORE | {"value": 1.5}, "value"),
        (GOOD_SCORE | {"value": True}, "value"),
        (GOOD_SCORE | {"value": None}, "value"),
        (GOOD_SCORE | {"value": MOST + 1}, "value"),
        (GOOD_SCORE | {"value": -MOST - 1}, "value"),
        (GOOD_SCORE | {"event_id": ""}, "event_id"),
        (GOOD_SCORE | {"event_id": "x" * 129}, "event_id"),
        (GOOD_SCORE | {"event_id": 7}, "event_id"),
        ([], ""),
        ("ann", ""),
        (None, ""),
    ],
)
def test_a_malformed_row_is_named_and_refuses_the_whole_call(
    studio: StudioCaller, uid: str, row: Any, field: str
) -> None:
    problem = studio.post(at(uid, "/scores"), {"scores": [GOOD_SCORE, row, GOOD_SCORE]}).refused(400, "BAD_REQUEST")
    place = "scores.1" + (f".{field}" if field else "")
    assert {fault["field"] for fault in problem["errors"]} == {place}
    assert ScoreEvent.objects.count() == 0


@pytest.mark.parametrize(
    "body", [None, {}, {"scores": None}, {"scores": []}, {"scores": GOOD_SCORE}, {"scores": "ann"}]
)
def test_a_body_without_rows_is_refused(studio: StudioCaller, uid: str, body: Any) -> None:
    problem = studio.post(at(uid, "/scores"), body).refused(400, "BAD_REQUEST")
    assert {fault["field"] for fault in problem["errors"]} == {"scores"}


def test_every_valid_value_is_accepted(studio: StudioCaller, uid: str) -> None:
    rows = [
        {"user_id": "ann", "value": MOST, "event_id": "x" * 128},
        {"user_id": "ann", "value": -MOST, "event_id": None},
        {"user_id": "ann", "value": 0, "colour": "red"},
    ]
    results = studio.post(at(uid, "/scores"), {"scores": rows}).ok()["results"]
    assert [(row["status"], row["score"]) for row in results] == [
        ("accepted", MOST),
        ("accepted", -MOST),
        ("accepted", 0),
    ]


def test_a_call_accepts_a_thousand_rows_and_refuses_one_more(studio: StudioCaller, uid: str) -> None:
    names = seat_many(uid, 20)
    rows = [{"user_id": names[number % 20], "value": number, "event_id": f"e{number}"} for number in range(1000)]
    problem = studio.post(at(uid, "/scores"), {"scores": [*rows, GOOD_SCORE]}).refused(400, "BAD_REQUEST")
    assert {fault["field"] for fault in problem["errors"]} == {"scores"}
    assert ScoreEvent.objects.count() == 0
    results = studio.post(at(uid, "/scores"), {"scores": rows}).ok()["results"]
    assert [row["user_id"] for row in results] == [row["user_id"] for row in rows]
    assert [row["score"] for row in results] == list(range(1000))
    again = studio.post(at(uid, "/scores"), {"scores": rows}).ok()["results"]
    assert {(row["status"], row["score"]) for row in again} == {("duplicate", 980 + number) for number in range(20)}
    assert ScoreEvent.objects.count() == 1000


def test_a_thousand_rows_need_a_bounded_number_of_queries(
    studio: StudioCaller, uid: str, django_assert_max_num_queries: Any
) -> None:
    rows = [{"user_id": name, "value": 1, "event_id": "e"} for name in seat_many(uid, 99)] * 10
    with django_assert_max_num_queries(12):
        studio.post(at(uid, "/scores"), {"scores": rows}).ok()


def test_a_body_may_have_a_mebibyte_and_no_byte_more(studio: StudioCaller, uid: str) -> None:
    path = at(uid, "/scores")
    assert studio.post(path, raw=padded([GOOD_SCORE], MIB)).status == 200
    studio.post(path, raw=padded([GOOD_SCORE], MIB + 1)).refused(413, "PAYLOAD_TOO_LARGE")
    studio.post(path, raw=b" " * (MIB + 1)).refused(413, "PAYLOAD_TOO_LARGE")
    assert ScoreEvent.objects.count() == 1


def test_no_other_call_takes_more_than_64_kib(studio: StudioCaller, uid: str) -> None:
    small = 64 * 1024
    for path in (at(uid, "/cancel"), TOURNAMENTS):
        studio.post(path, raw=padded([], small + 1)).refused(413, "PAYLOAD_TOO_LARGE")
    studio.patch(at(uid), raw=padded([], small + 1)).refused(413, "PAYLOAD_TOO_LARGE")
    assert studio.patch(at(uid), raw=padded([], small)).status == 200
    assert studio.post(at(uid, "/cancel"), raw=padded([], small)).status == 200
