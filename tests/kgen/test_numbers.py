"""Whole numbers in any spelling that JSON has for them, read by their exact decimal value."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgen.api.numbers import read_integer, read_number, whole_number
from tests.support.arena import Arena
from tests.support.http import GamerCaller, StudioCaller
from tests.support.inputs import MOST
from tests.support.rows import snapshot

WHOLE = {
    "10.0": 10,
    "1e1": 10,
    "1.0E+1": 10,
    "100e-1": 10,
    "0.1e2": 10,
    "-0.0": 0,
    "0e999999999": 0,
    "9007199254740991.0": MOST,
    "9.007199254740991e15": MOST,
    "-9007199254740991.000": -MOST,
    # Its nearest float is 2⁵³.
    "9007199254740993.0": 9007199254740993,
}
FRACTIONS = [
    "10.5",
    "1e-1",
    # The nearest floats of these are whole.
    "9.99999999999999999999",
    "9007199254740990.999999",
    "1.00000000000000000000001",
    "1e-400",
]
# Each is refused before its digits are multiplied out.
BEYOND = ["1e400", "-1e400", "1e999999999", "9" * 100_000, "1" + "0" * 100_000 + ".0", f"1e{'9' * 1000}"]


@pytest.mark.parametrize("text", WHOLE)
def test_a_whole_number_is_an_integer_in_any_spelling(text: str) -> None:
    value = read_number(text)
    assert (type(value), value) == (int, WHOLE[text])
    assert whole_number(text) == WHOLE[text]


@pytest.mark.parametrize("text", FRACTIONS)
def test_a_fraction_is_no_whole_number_however_near_it_is(text: str) -> None:
    assert type(read_number(text)) is float
    assert whole_number(text) is None


@pytest.mark.parametrize("text", BEYOND, ids=lambda text: text[:9])
def test_a_number_beyond_every_field_is_refused(text: str) -> None:
    assert whole_number(text) is None
    read = read_integer if text.isdigit() else read_number
    with pytest.raises(ValueError, match=r"too (large|many)"):
        read(text)


def test_a_zero_with_many_digits_is_zero() -> None:
    assert read_number("0." + "0" * 10_000) == read_number("-0e400") == 0
    assert read_number("0." + "0" * 50_000 + "1") == 0.0


@pytest.mark.parametrize("text", ["", "+1", "١", "１", " 1", "1 ", "1_0", "0x1", ".5", "1.", "NaN", "1e", "--1"])
def test_other_spellings_are_no_numbers(text: str) -> None:
    assert whole_number(text) is None


@given(st.integers(-MOST, MOST), st.integers(0, 30), st.integers(-25, 25))
def test_every_spelling_of_an_integer_is_that_integer(value: int, zeros: int, exponent: int) -> None:
    shifted = Decimal(value).scaleb(-exponent)
    for text in (f"{value}.{'0' * (zeros + 1)}", f"{shifted:f}e{exponent}", f"{shifted:f}E{exponent:+}"):
        read = read_integer(text) if text.removeprefix("-").isdigit() else read_number(text)
        assert (type(read), read) == (int, value), text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**16), max_value=10**16))
def test_a_number_is_whole_exactly_if_its_decimal_value_is(number: Decimal) -> None:
    text = f"{number:e}"
    assert (whole_number(text) is not None) == (number == number.to_integral_value())


def spelled(body: dict[str, Any], raw: str) -> bytes:
    """The body as bytes, with this spelling in the place of the text `N`."""
    return json.dumps(body).replace('"N"', raw).encode()


@pytest.mark.django_db
@pytest.mark.parametrize("ten", ["10", "10.0", "1e1", "1.0E+1"])
def test_a_whole_game_is_played_in_each_spelling(studio: StudioCaller, ten: str) -> None:
    terms = {"title": "Cup", "buy_in_price": "N", "tournament_size": "N", "ends_at_timestamp": "2030-01-01T00:00:00Z"}
    made = studio.post("/s2s/esports/tournaments", raw=spelled(terms, ten)).ok(201)
    assert (made["buy_in_price"], made["tournament_size"]) == (10, 10)
    uid = made["tournament_uid"]
    gamer = studio.gamer("g")
    assert studio.post("/s2s/session", raw=spelled({"user_id": "g", "level": "N"}, ten)).ok()["level"] == 10
    deposit = {"user_id": "g", "amount": "N", "reference": "r"}
    assert studio.post("/s2s/wallet/deposits", raw=spelled(deposit, ten)).ok(201)["amount"] == 10
    gamer.post(f"/fe/esports/tournaments/{uid}/join", raw=spelled({"joiningStake": "N"}, ten)).ok()
    score = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": "N"}}}
    gamer.post(f"/fe/esports/tournaments/{uid}/score", raw=spelled(score, ten)).ok()
    bulk = {"scores": [{"user_id": "g", "value": "N"}]}
    [result] = studio.post(f"/s2s/esports/tournaments/{uid}/scores", raw=spelled(bulk, ten)).ok()["results"]
    assert result["status"] == "accepted"
    query = f"?buy_in_price={ten.replace('+', '%2B')}"
    [listed] = gamer.get(f"/fe/esports/tournaments/active{query}").ok()
    assert (listed["tournament_uid"], listed["buy_in_price"]) == (uid, 10)
    board = gamer.board(uid, f"?limit={ten.replace('+', '%2B')}")
    assert (board["me"]["rank"], board["me"]["score"]) == (1, 10)


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [*FRACTIONS, "1e400", "9" * 20_000, '"10"', "true", str(MOST + 1), f"{MOST + 1}.0"])
def test_a_fraction_or_another_type_is_refused_and_changes_nothing(arena: Arena, raw: str) -> None:
    before = snapshot()
    score = {"metadata": {"tournamentId": arena.uid}, "payload": {"score": {"value": "N"}}}
    arena.gamer.post(f"/fe/esports/tournaments/{arena.uid}/score", raw=spelled(score, raw)).refused(400, "BAD_REQUEST")
    deposit = {"user_id": "player-1", "amount": "N", "reference": "r"}
    arena.studio.post("/s2s/wallet/deposits", raw=spelled(deposit, raw)).refused(400, "BAD_REQUEST")
    assert snapshot() == before


@pytest.mark.django_db
def test_for_an_idempotency_key_each_spelling_is_the_same_request(studio: StudioCaller) -> None:
    gamer: GamerCaller = studio.gamer("g")
    uid = studio.tournament()
    join = f"/fe/esports/tournaments/{uid}/join"
    first = gamer.post(join, raw=b'{"joiningStake": 10}', key="k")
    again = gamer.post(join, raw=b'{"joiningStake": 1.0e1}', key="k")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    gamer.post(join, raw=b'{"joiningStake": 10.5}', key="k").refused(400, "BAD_REQUEST")
    gamer.post(join, raw=b'{"joiningStake": 11.0}', key="k").refused(422, "IDEMPOTENCY_KEY_REUSED")
