"""Making a tournament: prize tables by name and spelled out, and the proof that they can be paid."""

from typing import Any

import pytest

from esports.models import PrizeTable, Tournament
from tests.support.http import StudioCaller
from tests.support.organising import DEFAULT_TABLE, TOURNAMENTS, allow_sponsorship, at, new

pytestmark = pytest.mark.django_db

MULTIPLES = {"kind": "multiples", "bands": [{"percent_bp": 5000, "multiple_bp": 15000}]}
FIXED = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 30}]}
SHARES = {
    "kind": "shares",
    "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 7000}, {"from_rank": 2, "to_rank": 3, "share_bp": 3000}],
}


def keep(studio: StudioCaller, name: str, table: Any) -> PrizeTable:
    """A client's table under a name, as the console makes it."""
    return PrizeTable.objects.create(client_id=studio.client_id, name=name, table=table)


@pytest.mark.parametrize("table", [MULTIPLES, FIXED, SHARES], ids=lambda table: table["kind"])
def test_a_table_of_each_kind_can_be_given_inline(studio: StudioCaller, table: dict[str, Any]) -> None:
    made = studio.post(TOURNAMENTS, new(prize_table=table)).ok(201)
    assert made["prize_table"] == table
    named = studio.post(TOURNAMENTS, new(prize_table=table | {"name": "mine", "colour": "red"})).ok(201)
    assert named["prize_table"] == table | {"name": "mine"}


def test_a_named_table_is_copied_into_the_tournament(studio: StudioCaller) -> None:
    kept = keep(studio, "winner takes it", FIXED | {"name": "something else"})
    uid = studio.tournament(prize_table="winner takes it")
    expected = FIXED | {"name": "winner takes it"}
    assert studio.get(at(uid)).ok()["prize_table"] == expected
    PrizeTable.objects.filter(pk=kept.pk).update(table=SHARES)
    assert studio.get(at(uid)).ok()["prize_table"] == expected
    assert studio.post(TOURNAMENTS, new(prize_table="default")).ok(201)["prize_table"] == DEFAULT_TABLE


@pytest.mark.parametrize("name", ["theirs", "Default", "no such", "x" * 200])
def test_an_unknown_name_and_another_clients_name_are_refused_alike(
    studio: StudioCaller, other_studio: StudioCaller, name: str
) -> None:
    keep(other_studio, "theirs", FIXED)
    problem = studio.post(TOURNAMENTS, new(prize_table=name)).refused(400, "PRIZE_TABLE_INVALID")
    assert problem["detail"] == "There is no prize table with this name."
    assert other_studio.post(TOURNAMENTS, new(prize_table="theirs")).status == 201


@pytest.mark.parametrize("kept", [[], [FIXED], "text", 7, {}, FIXED | {"bands": []}])
def test_a_malformed_stored_table_is_a_refusal_and_not_a_500(studio: StudioCaller, kept: Any) -> None:
    keep(studio, "broken", kept)
    studio.post(TOURNAMENTS, new(prize_table="broken")).refused(400, "PRIZE_TABLE_INVALID")


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"kind": "fixed"},
        {"kind": "lottery", "bands": FIXED["bands"]},
        {"kind": "fixed", "bands": []},
        {"kind": "fixed", "bands": [{"from_rank": n, "to_rank": n, "amount": 1} for n in range(1, 102)]},
        {"kind": "fixed", "bands": [{"from_rank": 2, "to_rank": 2, "amount": 1}]},
        {"kind": "fixed", "bands": [FIXED["bands"][0], {"from_rank": 3, "to_rank": 3, "amount": 1}]},
        {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 1.5}]},
        {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": True}]},
        {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 10_001}]},
        {"kind": "shares", "bands": [SHARES["bands"][0], {"from_rank": 2, "to_rank": 2, "share_bp": 3001}]},
        {"kind": "multiples", "bands": [{"percent_bp": 6000, "multiple_bp": 10000}] * 2},
        {"kind": "multiples", "bands": FIXED["bands"]},
        {"name": 5, **FIXED},
    ],
)
def test_a_malformed_table_is_refused(studio: StudioCaller, table: dict[str, Any]) -> None:
    studio.post(TOURNAMENTS, new(prize_table=table)).refused(400, "PRIZE_TABLE_INVALID")
    assert Tournament.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "field_size"),
    [
        # 31 for the first of three stakes of 10
        ({"prize_table": {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 31}]}}, 3),
        # the second prize is too much, and only from the fifth gamer on
        (
            {
                "prize_table": {
                    "kind": "fixed",
                    "bands": [
                        {"from_rank": 1, "to_rank": 4, "amount": 5},
                        {"from_rank": 5, "to_rank": 9, "amount": 41},
                    ],
                }
            },
            5,
        ),
        # half the field wins 2.5 × the stake: 4 gamers bring 40 and win 50
        ({"prize_table": {"kind": "multiples", "bands": [{"percent_bp": 5000, "multiple_bp": 25000}]}}, 4),
        ({"buy_in_price": 0, "prize_table": FIXED, "sponsored_amount": 29}, 3),
    ],
)
def test_an_insolvent_table_is_refused_with_the_smallest_insolvent_field(
    studio: StudioCaller, fields: dict[str, Any], field_size: int
) -> None:
    problem = studio.post(TOURNAMENTS, new(**fields)).refused(400, "PRIZE_TABLE_INSOLVENT")
    assert problem["field_size"] == field_size
    assert Tournament.objects.count() == 0


def test_sponsorship_or_a_larger_minimum_makes_a_table_solvent(studio: StudioCaller) -> None:
    table = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 50}]}
    studio.post(TOURNAMENTS, new(prize_table=table)).refused(400, "PRIZE_TABLE_INSOLVENT")
    assert studio.post(TOURNAMENTS, new(prize_table=table, sponsored_amount=20)).status == 201
    assert studio.post(TOURNAMENTS, new(prize_table=table, min_participants=5)).status == 201


def test_a_free_tournament_can_pay_prizes_from_its_sponsorship(studio: StudioCaller) -> None:
    for table in (FIXED, SHARES):
        made = studio.post(TOURNAMENTS, new(buy_in_price=0, sponsored_amount=30, prize_table=table)).ok(201)
        assert (made["buy_in_price"], made["sponsored_amount"]) == (0, 30)


def test_multiples_of_a_zero_buy_in_are_refused_inline_and_by_name(studio: StudioCaller) -> None:
    keep(studio, "multiples", MULTIPLES)
    for table in (MULTIPLES, "multiples"):
        studio.post(TOURNAMENTS, new(buy_in_price=0, prize_table=table)).refused(400, "PRIZE_TABLE_INVALID")


@pytest.mark.parametrize("fields", [{}, {"prize_table": SHARES}, {"sponsored_amount": 30}])
def test_a_free_tournament_whose_table_can_pay_nobody_is_refused(studio: StudioCaller, fields: dict[str, Any]) -> None:
    allow_sponsorship(studio, 30)
    studio.post(TOURNAMENTS, new(buy_in_price=0, **fields)).refused(400, "PRIZE_TABLE_INVALID")
    uid = studio.tournament(**fields)
    studio.patch(at(uid), {"buy_in_price": 0}).refused(400, "PRIZE_TABLE_INVALID")
    assert studio.get(at(uid)).ok()["buy_in_price"] == 10
