"""Making a tournament: what is required, every default, and exactly what is answered."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from esports.models import Tournament
from kgen.clock import database_now
from tests.support.http import StudioCaller
from tests.support.inputs import MOST
from tests.support.organising import DEFAULT_TABLE, TOURNAMENTS, allow_sponsorship, at, new, soon, wire
from wallet.models import Transaction

pytestmark = pytest.mark.django_db


def test_required_fields_alone_make_a_tournament_that_has_started(studio: StudioCaller) -> None:
    before, ends = database_now(), soon(hours=2)
    made = studio.post(TOURNAMENTS, new(title="Cup", ends_at_timestamp=ends)).ok(201)
    now = made["created_at"]
    assert before <= datetime.fromisoformat(now) <= database_now()
    assert made == {
        "tournament_uid": str(Tournament.objects.get().pk),
        "game_uid": studio.client_id,
        "tournament_status": "STARTED",
        "title": "Cup",
        "description": "",
        "buy_in_price": 10,
        "tournament_size": 100,
        "participants_count": 0,
        "schedules_at_timestamp": now,
        "moves_to_lobby_at_timestamp": now,
        "starts_at_timestamp": now,
        "locks_at_timestamp": ends,
        "ends_at_timestamp": ends,
        "created_at": now,
        "updated_at": now,
        "mode": "Quick",
        "score_order": "desc",
        "score_operator": "latest",
        "score_source": "any",
        "min_participants": 3,
        "prize_table": DEFAULT_TABLE,
        "tie_rule": "first_to_reach",
        "sponsored_amount": 0,
    }
    row = Tournament.objects.get()
    assert (row.score_min, row.score_max, row.settlement_delay_seconds) == (None, None, 0)
    assert Transaction.objects.count() == 0


def test_every_given_field_is_kept(studio: StudioCaller) -> None:
    given = new(
        title="  Grand Prix\u00e9 \U0001f3c6 ",
        description="Line one\nline two",
        mode="Ranked",
        buy_in_price=25,
        tournament_size=8,
        min_participants=2,
        score_order="asc",
        score_operator="best",
        score_source="server",
        score_min=-5,
        score_max=500,
        tie_rule="split",
        sponsored_amount=70,
        settlement_delay_seconds=604_800,
        prize_table={"name": "top", "kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 2, "amount": 60}]},
        schedules_at_timestamp=soon(hours=1),
        moves_to_lobby_at_timestamp=soon(hours=2),
        starts_at_timestamp=soon(hours=3),
        locks_at_timestamp=soon(hours=4),
        ends_at_timestamp=soon(hours=5),
    )
    made = studio.post(TOURNAMENTS, given).ok(201)
    hidden = {"score_min": -5, "score_max": 500, "settlement_delay_seconds": 604_800}
    assert {name: made[name] for name in given if name not in hidden} == {
        name: value for name, value in given.items() if name not in hidden
    }
    assert made["tournament_status"] == "DRAFT"
    assert {name: getattr(Tournament.objects.get(), name) for name in hidden} == hidden
    assert studio.get(at(made["tournament_uid"])).ok() == made


@pytest.mark.parametrize("missing", ["title", "buy_in_price", "tournament_size", "ends_at_timestamp"])
def test_a_missing_or_null_required_field_is_refused(studio: StudioCaller, missing: str) -> None:
    body = new()
    without = {name: value for name, value in body.items() if name != missing}
    for sent, code in ((body | {missing: None}, "null"), (without, "required")):
        faults = studio.post(TOURNAMENTS, sent).refused(400, "BAD_REQUEST")["errors"]
        assert [(fault["field"], fault["code"]) for fault in faults] == [(missing, code)]
    assert Tournament.objects.count() == 0


def test_a_call_without_a_body_names_every_required_field(studio: StudioCaller) -> None:
    faults = studio.post(TOURNAMENTS).refused(400, "BAD_REQUEST")["errors"]
    assert sorted(fault["field"] for fault in faults) == [
        "buy_in_price",
        "ends_at_timestamp",
        "title",
        "tournament_size",
    ]


def test_unknown_fields_and_optional_nulls_count_as_omitted(studio: StudioCaller) -> None:
    plain = studio.post(TOURNAMENTS, new()).ok(201)
    nulls = dict.fromkeys(
        ["description", "mode", "score_operator", "score_min", "prize_table", "locks_at_timestamp", "sponsored_amount"]
    )
    made = studio.post(TOURNAMENTS, new(colour="red", tournament_status="COMPLETED", participants_count=7, **nulls))
    different = {name for name, value in made.ok(201).items() if value != plain[name]}
    assert different <= {name for name in plain if name.endswith(("_timestamp", "_at", "_uid"))}


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({"score_operator": "sum"}, "server"),
        ({"score_operator": "sum", "score_source": "any"}, "any"),
        ({"score_operator": "sum", "score_source": "server"}, "server"),
        ({"score_operator": "best"}, "any"),
        ({"score_source": "server"}, "server"),
    ],
)
def test_a_sum_takes_scores_from_the_server_only_by_default(
    studio: StudioCaller, given: dict[str, Any], source: str
) -> None:
    assert studio.post(TOURNAMENTS, new(**given)).ok(201)["score_source"] == source


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("title", 5),
        ("description", "x" * 4001),
        ("mode", ["Quick"]),
        ("buy_in_price", -1),
        ("buy_in_price", 2**52 + 1),
        ("buy_in_price", "10"),
        ("buy_in_price", 10.5),
        ("buy_in_price", True),
        ("tournament_size", 0),
        ("tournament_size", 1_000_001),
        ("min_participants", 0),
        ("min_participants", 101),
        ("score_order", "DESC"),
        ("score_order", ["desc"]),
        ("score_operator", "average"),
        ("score_source", "client"),
        ("score_min", MOST + 1),
        ("score_max", -MOST - 1),
        ("score_max", 1.5),
        ("prize_table", 7),
        ("prize_table", []),
        ("tie_rule", "none"),
        ("sponsored_amount", -1),
        ("sponsored_amount", True),
        ("settlement_delay_seconds", -1),
        ("settlement_delay_seconds", 604_801),
        ("ends_at_timestamp", 1_900_000_000),
        ("ends_at_timestamp", "2030-01-01"),
        ("ends_at_timestamp", "2030-01-01T00:00:00"),
        ("ends_at_timestamp", "2030-01-01T00:00:00.Z"),
        ("starts_at_timestamp", "2030-13-01T00:00:00Z"),
        ("starts_at_timestamp", "0001-01-01T00:00:00+23:00"),
        ("locks_at_timestamp", ""),
    ],
)
def test_a_field_out_of_its_bounds_is_named_and_creates_no_tournament(
    studio: StudioCaller, field: str, value: Any
) -> None:
    problem = studio.post(TOURNAMENTS, new(**{field: value})).refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == [field]
    assert Tournament.objects.count() == 0


def test_values_at_the_bounds_are_accepted(studio: StudioCaller) -> None:
    made = studio.post(
        TOURNAMENTS,
        new(
            title="t" * 200,
            description="d" * 4000,
            buy_in_price=2**52 // 1_000_000,
            tournament_size=1_000_000,
            min_participants=1_000_000,
            score_min=-MOST,
            score_max=MOST,
        ),
    ).ok(201)
    assert (made["buy_in_price"], made["tournament_size"]) == (4_503_599_627, 1_000_000)
    assert (len(made["title"]), len(made["description"])) == (200, 4000)
    one = studio.post(TOURNAMENTS, new(tournament_size=1, min_participants=1, score_min=3, score_max=3)).ok(201)
    assert one["tournament_size"] == 1


def test_a_score_min_above_score_max_is_refused(studio: StudioCaller) -> None:
    problem = studio.post(TOURNAMENTS, new(score_min=4, score_max=3)).refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == ["score_min"]


def test_all_stakes_plus_sponsorship_above_2_to_the_52_are_refused(studio: StudioCaller) -> None:
    allow_sponsorship(studio, 2**52)
    most = new(buy_in_price=2**50, tournament_size=3, min_participants=1, sponsored_amount=2**50)
    made = studio.post(TOURNAMENTS, most).ok(201)
    assert made["sponsored_amount"] == 2**50
    for over in ({"sponsored_amount": 2**50 + 1}, {"tournament_size": 4}, {"buy_in_price": 2**50 + 1}):
        problem = studio.post(TOURNAMENTS, most | over).refused(400, "BAD_REQUEST")
        assert [fault["field"] for fault in problem["errors"]] == ["buy_in_price"]
    assert Tournament.objects.count() == 1


def test_only_the_studio_sees_a_draft_before_its_schedule(studio: StudioCaller) -> None:
    gamer = studio.gamer("ann")
    made = studio.post(TOURNAMENTS, new(schedules_at_timestamp=soon(hours=1))).ok(201)
    uid = made["tournament_uid"]
    assert studio.get(at(uid)).ok() == made
    gamer.get(f"/fe/esports/tournaments/{uid}").refused(404, "TOURNAMENT_NOT_FOUND")
    gamer.join(uid).refused(404, "TOURNAMENT_NOT_FOUND")
    assert gamer.get("/fe/esports/tournaments/active").ok() == []


def test_times_of_any_offset_come_back_in_utc(studio: StudioCaller) -> None:
    ends = (database_now() + timedelta(days=3)).replace(microsecond=0)
    abroad = (ends + timedelta(hours=5, minutes=30)).replace(tzinfo=None).isoformat() + "+05:30"
    assert studio.post(TOURNAMENTS, new(ends_at_timestamp=abroad)).ok(201)["ends_at_timestamp"] == wire(ends)
