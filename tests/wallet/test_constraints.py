"""What the ledger's tables refuse by themselves: half movements, overdrafts, mixed currencies, doubles."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.factories import ClientFactory
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import account_of, copy_row, execute, new_id, one, refused_by, wallet_of
from wallet.ledger import Bucket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def money(studio: StudioCaller, gamer: GamerCaller) -> None:
    """A welcome bonus and a deposit."""
    studio.deposit("player-1", 5, "order-1").ok(201)


@pytest.fixture
def posting() -> Callable[..., None]:
    """Writes the deposit's posting once more, with some columns changed."""
    id = one("SELECT max(id) FROM wallet_posting")
    return lambda **changed: copy_row("wallet_posting", id, **{"id": id + 1000} | changed)


def test_a_valid_posting_is_accepted(posting: Callable[..., None]) -> None:
    posting()
    execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("amount", [0, -1])
def test_a_posting_amount_must_be_positive(posting: Callable[..., None], amount: int) -> None:
    with refused_by("posting_amount_positive"):
        posting(amount=amount)


def test_a_posting_to_its_own_source_is_refused(gamer: GamerCaller, posting: Callable[..., None]) -> None:
    account = account_of(gamer, Bucket.BOUGHT)
    with refused_by("posting_moves"):
        posting(source_id=account, destination_id=account)


@pytest.mark.parametrize(
    ("column", "constraint"),
    [("source_id", "posting_source_currency"), ("destination_id", "posting_destination_currency")],
)
def test_a_posting_between_two_currencies_is_refused(
    posting: Callable[..., None], column: str, constraint: str
) -> None:
    gems = StudioCaller.of(ClientFactory(currency="GEMS")).gamer("player-1")
    with refused_by(constraint):
        posting(**{column: account_of(gems, Bucket.BONUS)})


def test_a_posting_in_neither_accounts_currency_is_refused(posting: Callable[..., None]) -> None:
    with refused_by("posting_source_currency"):
        posting(currency="GEMS")


@pytest.mark.parametrize("column", ["source_id", "destination_id", "transaction_id"])
def test_a_posting_needs_source_destination_and_transaction(posting: Callable[..., None], column: str) -> None:
    nothing = new_id() if column == "transaction_id" else -1
    with refused_by(f"(wallet_posting_{column}_.*_fk_.*|posting_.*_currency)"):
        posting(**{column: nothing})


def test_a_negative_balance_is_refused() -> None:
    with refused_by("balance_not_negative"):
        execute("UPDATE wallet_account SET balance = -1 WHERE kind = 'earned'")


def test_a_second_transaction_with_a_reference_is_refused() -> None:
    id = one("SELECT id FROM wallet_transaction WHERE kind = 'DEPOSIT'")
    with refused_by("wallet_transaction_reference.*"):
        copy_row("wallet_transaction", id, id=new_id())
    copy_row("wallet_transaction", id, id=new_id(), reference="another")


@pytest.mark.parametrize(("column", "value"), [("balance_after", None), ("balance_after", -1), ("wallet_id", None)])
def test_a_transaction_needs_both_wallet_and_balance_after_or_neither(column: str, value: Any) -> None:
    id = one("SELECT id FROM wallet_transaction WHERE kind = 'DEPOSIT'")
    with refused_by("statement_has_balance"):
        copy_row("wallet_transaction", id, id=new_id(), reference="another", **{column: value})


def test_only_a_gamers_account_has_a_stored_balance() -> None:
    for kind, changed, constraint in BAD_ACCOUNTS:
        id = one("SELECT id FROM wallet_account WHERE kind = %s", kind)
        with refused_by(constraint):
            copy_row("wallet_account", id, id=id + 1000, **changed)


BAD_ACCOUNTS: list[tuple[str, dict[str, Any], str]] = [
    ("bonus", {}, "one_account_each"),
    ("deposits", {"address": "0x" + "1" * 40}, "one_account_each"),
    ("bonus", {"kind": "savings"}, "gamer_accounts_carry_balances"),
    ("bonus", {"kind": "house"}, "gamer_accounts_carry_balances"),
    ("bonus", {"currency": "GEMS", "balance": None}, "gamer_accounts_carry_balances"),
    ("bonus", {"currency": "GEMS", "address": "0x" + "1" * 40}, "gamer_accounts_carry_balances"),
    ("deposits", {"kind": "earned", "address": "0x" + "1" * 40}, "gamer_accounts_carry_balances"),
    ("deposits", {"currency": "GEMS", "address": "0x" + "1" * 40, "balance": 0}, "gamer_accounts_carry_balances"),
    ("deposits", {"currency": "GEMS", "address": "0x" + "A" * 40}, "gamer_accounts_carry_balances"),
    ("deposits", {"currency": "GEMS", "address": None}, "gamer_accounts_carry_balances"),
]


def test_a_malformed_wallet_address_is_refused(gamer: GamerCaller) -> None:
    nines = "9" * 39
    for address in (
        "",
        "0x",
        f"0x{nines}",
        f"0x{nines}\n",
        f"0x{nines}A",
        f"0x{nines}g",
        f"0X{nines}9",
        f"0x{nines}99"[1:],
    ):
        with refused_by("wallet_address_form"):
            copy_row("wallet_wallet", wallet_of(gamer).id, id=new_id(), address=address)


def test_a_second_wallet_with_an_address_is_refused(gamer: GamerCaller) -> None:
    with refused_by("wallet_wallet_address.*"):
        copy_row("wallet_wallet", wallet_of(gamer).id, id=new_id())


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({}, "deposit_reference"),
        ({"reference": "order-2", "amount": 0}, "deposit_amount_positive"),
        ({"reference": "order-2", "amount": -5}, "deposit_amount_positive"),
    ],
)
def test_a_deposit_needs_a_new_reference_and_a_positive_amount(changed: dict[str, Any], constraint: str) -> None:
    with refused_by(constraint):
        copy_row("wallet_deposit", one("SELECT id FROM wallet_deposit"), id=new_id(), **changed)
