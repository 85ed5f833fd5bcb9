"""No field of any call takes what the contract does not allow: 400, the field named, nothing changed."""

import pytest

from tests.support.arena import Arena
from tests.support.calls import CALLS, TABLE_MEMBERS, Call, call_with_table
from tests.support.http import Answer
from tests.support.inputs import NASTY, Nasty, Never, allowed_for, concerns, fits, refused_for
from tests.support.rows import snapshot

pytestmark = [pytest.mark.long, pytest.mark.django_db]

WITH_FIELDS = pytest.mark.parametrize("call", [c for c in CALLS if c.groups], ids=[c.name for c in CALLS if c.groups])
# The older name is read as the newer one.
SPOKEN_OF_AS = {"gamer_id": "user_id"}


@WITH_FIELDS
def test_a_field_refuses_every_invalid_value(arena: Arena, call: Call) -> None:
    before, tried = snapshot(), set()
    for nasty in NASTY:
        for batch in call.batches():
            fields = tuple(field for kind, field in batch if concerns(kind, nasty) and not fits(kind, nasty.value))
            if fields:
                assert_refused(arena, call, fields, nasty)
                tried.update(fields)
    assert tried == {field for _, fields in call.groups for field in fields}
    assert snapshot() == before


def assert_refused(arena: Arena, call: Call, fields: tuple[str, ...], nasty: Nasty) -> None:
    """With this value in all of these fields the call is a 400 that names each of them."""
    body = call.with_value(fields, nasty.raw)
    answer = arena.send(call, body, check=False)
    wanted = (400, "BAD_REQUEST") if len(body) <= 65_536 or call.bulk else (413, "PAYLOAD_TOO_LARGE")
    assert (answer.status, answer.code) == wanted, (fields, nasty.name, answer.content[:500])
    if nasty.value is not Never and answer.status == 400:
        assert_names_exactly(answer, fields, nasty.name)


def assert_names_exactly(answer: Answer, fields: tuple[str, ...], name: str) -> None:
    """Each of the fields has a fault, and nothing else has but times that were worked out from it."""
    wanted = [SPOKEN_OF_AS.get(field, field) for field in fields]
    found = [fault["field"] for fault in answer.json["errors"]]
    assert all(any(is_within(fault, field) for fault in found) for field in wanted), (name, wanted, found)
    others = [fault for fault in found if not any(is_within(fault, field) for field in wanted)]
    assert all(map(is_a_time, wanted + others)) or not others, (name, wanted, found)


def is_a_time(field: str) -> bool:
    """Whether it is one of a tournament's times."""
    return field.endswith("_at_timestamp")


def is_within(fault: str, field: str) -> bool:
    """Whether the fault is the field's, or that of something inside it."""
    return f"{fault}.".startswith(f"{field}.")


@WITH_FIELDS
def test_a_field_takes_every_valid_value_without_a_server_error(arena: Arena, call: Call) -> None:
    for kind, fields in call.groups:
        for nasty in allowed_for(kind):
            before = snapshot()
            answer = arena.send(call, call.with_value(fields, nasty.raw))
            assert answer.status < 500, (fields, nasty.name, answer.content)
            if answer.status >= 400:
                assert answer.code
                assert snapshot() == before, (fields, nasty.name)


@pytest.mark.parametrize("table", ["fixed", "shares", "multiples"])
def test_a_prize_table_refuses_invalid_members(arena: Arena, table: str) -> None:
    call, before = call_with_table(table), snapshot()
    for kind, _, field in [member for member in TABLE_MEMBERS if member[1] == table]:
        for nasty in refused_for(kind):
            answer = arena.send(call, call.with_value((field,), nasty.raw))
            wanted = ("BAD_REQUEST",) if nasty.value is Never else ("PRIZE_TABLE_INVALID", "BAD_REQUEST")
            assert (answer.status, answer.code in wanted) == (400, True), (field, nasty.name, answer.content[:500])
    assert snapshot() == before


def test_the_unchanged_bodies_are_valid(arena: Arena) -> None:
    for call in CALLS:
        answer = arena.send(call, call.with_value((), ""))
        # What they ask for may be impossible by now, but nothing is wrong with how they ask for it.
        assert answer.status in (200, 201, 401, 404, 409), (call.name, answer.content)
