"""`POST /s2s/wallet/deposits`: bought money, once per reference of the client's, for ever."""

from typing import Any

import pytest

from tests.support.factories import ClientFactory
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import nothing_changes, one, rows

pytestmark = pytest.mark.django_db

DEPOSITS = "/s2s/wallet/deposits"


def test_a_deposit_answer_describes_its_transaction(studio: StudioCaller, gamer: GamerCaller) -> None:
    answer = studio.deposit("player-1", 300, "order-1").ok(201)
    ((uid, address, created_at),) = rows(
        "SELECT t.id::text, a.address, t.created_at FROM wallet_transaction t"
        " JOIN wallet_posting p ON p.transaction_id = t.id JOIN wallet_account a ON a.id = p.source_id"
        " WHERE t.kind = 'DEPOSIT' AND a.kind = 'deposits'"
    )
    own = gamer.session["wallet_address"]
    assert answer == {
        "uid": uid,
        "reference": "order-1",
        "from_wallet": f"{address[:4]}*****{address[-4:]}",
        "to_wallet": f"{own[:4]}*****{own[-4:]}",
        "amount": 300,
        "sync_status": "COMPLETED",
        "description": {
            "platformProtocolsTxnAmount": 300,
            "platformProtocolsTxnDescription": "Deposit",
            "platformProtocolsTxnName": "Deposit",
            "type": "DEPOSIT",
            "platformProtocolsTxnType": "CREDIT",
        },
        "created_at": created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": answer["created_at"],
        "balance_after": 350,
        "block_number": None,
        "transaction_hash": None,
        "gas_fee": None,
    }
    assert gamer.buckets() == (50, 300, 0)
    newest = gamer.get("/fe/wallet/transactions").ok()["transactions"][0]
    assert newest | {"reference": "order-1"} == answer


def test_a_repeated_deposit_gets_the_same_answer_and_books_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    first = studio.deposit("player-1", 300, "order-1")
    studio.deposit("player-1", 5, "order-2").ok(201)
    with nothing_changes():
        again = studio.deposit("player-1", 300, "order-1")
    assert (first.status, again.status) == (201, 200)
    assert again.content == first.content
    assert gamer.buckets() == (50, 305, 0)


@pytest.mark.parametrize(("user_id", "amount"), [("player-1", 301), ("player-1", 299), ("player-2", 300)])
def test_a_reference_with_another_body_is_refused(
    studio: StudioCaller, gamer: GamerCaller, user_id: str, amount: int
) -> None:
    studio.gamer("player-2")
    studio.deposit("player-1", 300, "order-1").ok(201)
    with nothing_changes():
        studio.deposit(user_id, amount, "order-1").refused(409, "REFERENCE_REUSED")


def test_two_clients_can_use_the_same_reference(
    studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller
) -> None:
    theirs = other_studio.gamer("player-1")
    studio.deposit("player-1", 300, "order-1").ok(201)
    other_studio.deposit("player-1", 7, "order-1").ok(201)
    assert (gamer.buckets(), theirs.buckets()) == ((50, 300, 0), (50, 7, 0))


def test_a_reference_stays_used_after_its_reversal(studio: StudioCaller, gamer: GamerCaller) -> None:
    first = studio.deposit("player-1", 300, "order-1")
    studio.post(f"{DEPOSITS}/order-1/reverse").ok()
    with nothing_changes():
        assert studio.deposit("player-1", 300, "order-1").content == first.content
        studio.deposit("player-1", 1, "order-1").refused(409, "REFERENCE_REUSED")
    assert gamer.buckets() == (50, 0, 0)


@pytest.mark.parametrize("user_id", ["nobody", "PLAYER-1", "player-1 x", "theirs"])
def test_an_unknown_or_foreign_gamer_is_not_found(
    studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller, user_id: str
) -> None:
    other_studio.gamer("theirs")
    with nothing_changes():
        studio.deposit(user_id, 5, "order-1").refused(404, "RECORD_NOT_FOUND")
    studio.deposit("player-1", 5, "order-1").ok(201)


WRONG: dict[str, list[Any]] = {
    "amount": [0, -1, 10**12 + 1, 2**63, 10**19, 1.5, 5.25, "5", "", True, None, [5], {"value": 5}],
    "reference": ["", " ", " x", "x ", "\tx", "a\nb", "a\x00b", "x" * 256, 5, None, ["x"], "\ud800"],
    "user_id": ["", " ", "player-1 ", "a\x00b", "p" * 129, 5, None, {}, "\udfff"],
}


@pytest.mark.parametrize("field", WRONG)
def test_an_invalid_field_is_refused(studio: StudioCaller, gamer: GamerCaller, field: str) -> None:
    with nothing_changes():
        for value in WRONG[field]:
            body = {"user_id": "player-1", "amount": 5, "reference": "order-1"} | {field: value}
            studio.post(DEPOSITS, body).refused(400, "BAD_REQUEST")


def test_a_refusal_names_the_missing_field(studio: StudioCaller, gamer: GamerCaller) -> None:
    body = {"user_id": "player-1", "amount": 5, "reference": "order-1"}
    for missing in body:
        with nothing_changes():
            problem = studio.post(DEPOSITS, {k: v for k, v in body.items() if k != missing}).refused(400, "BAD_REQUEST")
        assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [(missing, "required")]


def test_the_body_is_checked_before_the_gamer(studio: StudioCaller) -> None:
    studio.deposit("nobody", 0, "order-1").refused(400, "BAD_REQUEST")
    studio.post(f"{DEPOSITS}/nothing/reverse", raw=b"[]").refused(400, "BAD_REQUEST")


@pytest.mark.parametrize("amount", [1, 10**12])
def test_the_smallest_and_the_largest_deposit_are_accepted(
    studio: StudioCaller, gamer: GamerCaller, amount: int
) -> None:
    assert studio.deposit("player-1", amount, "order-1").ok(201)["balance_after"] == 50 + amount
    assert gamer.buckets() == (50, amount, 0)


@pytest.mark.parametrize(
    "references",
    [("a", "A"), ("é", "e\u0301"), ("x", "x\u200b"), ("n" * 254, "n" * 255), ("\U0001f4b0" * 255, "€/ß?#")],
)
def test_references_are_kept_byte_for_byte(
    studio: StudioCaller, gamer: GamerCaller, references: tuple[str, str]
) -> None:
    for reference in references:
        assert studio.deposit("player-1", 1, reference).ok(201)["reference"] == reference
    assert gamer.buckets() == (50, 2, 0)


def test_a_deposit_credits_a_suspended_gamer(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.post("/s2s/gamers/player-1/suspend", {"reason": "cheating"}).ok()
    studio.deposit("player-1", 5, "order-1").ok(201)
    assert gamer.buckets() == (50, 5, 0)


def test_deposits_are_posted_from_the_clients_deposits_account(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.gamer("player-2")
    for index, user_id in enumerate(("player-1", "player-2", "player-1")):
        studio.deposit(user_id, 10, f"order-{index}").ok(201)
    posted = "SELECT stored_balance, posted_balance::int FROM audit.account WHERE kind = 'deposits' AND client_id = %s"
    assert rows(posted, studio.client_id) == [(None, -30)]


def test_deposits_are_in_the_gamers_own_currency() -> None:
    game = StudioCaller.of(ClientFactory(currency="GEMS"))
    game.gamer("player-1")
    game.deposit("player-1", 10, "order-1").ok(201)
    assert rows("SELECT DISTINCT currency FROM wallet_posting") == [("GEMS",)]


def test_an_idempotency_key_replays_the_first_answer(studio: StudioCaller, gamer: GamerCaller) -> None:
    body = {"user_id": "player-1", "amount": 5, "reference": "order-1"}
    first = studio.post(DEPOSITS, body, key="k-1")
    again = studio.post(DEPOSITS, body, key="k-1")
    assert (first.status, again.status) == (201, 201)
    assert again.content == first.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    with nothing_changes():
        studio.post(DEPOSITS, body | {"amount": 6}, key="k-1").refused(422, "IDEMPOTENCY_KEY_REUSED")
    assert one("SELECT count(*) FROM wallet_deposit") == 1


def test_only_the_studios_server_can_deposit(gamer: GamerCaller) -> None:
    with nothing_changes():
        gamer.post(DEPOSITS, {"user_id": "player-1", "amount": 5, "reference": "x"}).refused(401, "UN_AUTHORIZED")
