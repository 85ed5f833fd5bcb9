"""The one door for money: each reference once, stakes out of the right buckets, and back into the very same."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from django.db import transaction

from kgen.clock import database_now
from kgen.errors import ReferenceReused
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import execute, fill, new_id, nothing_changes, one, prove, rows
from wallet import ledger
from wallet.errors import InsufficientBalance
from wallet.ledger import Bucket, JournalEntry, Kind, LockedWallet, SystemAccount, Transfer

pytestmark = pytest.mark.django_db

PLAY = (Bucket.BONUS, Bucket.BOUGHT, Bucket.EARNED)


@pytest.fixture
def client_id() -> UUID:
    """A client, as the ledger knows it."""
    return new_id()


@pytest.fixture
def wallet_id(client_id: UUID) -> UUID:
    """A wallet with 10 of bonus, 20 of bought and 40 of earned money."""
    id = new_id()
    ledger.open_wallets([(id, client_id, "KCASH")], now=database_now())
    wallet, house = ledger.lock_wallet(id), account(client_id, SystemAccount.HOUSE)
    for bucket, amount in zip(PLAY, (10, 20, 40), strict=True):
        move = Transfer(house, wallet.ids[bucket], amount)
        ledger.book(JournalEntry(f"gift:{bucket}", Kind.REWARD, client_id, "KCASH", [move], wallet))
    return id


@pytest.fixture
def escrow(client_id: UUID) -> int:
    """Where stakes go."""
    return account(client_id, SystemAccount.ESCROW)


def account(client_id: UUID, kind: SystemAccount) -> int:
    """A system account."""
    return ledger.system_account(client_id=client_id, currency="KCASH", kind=kind)


def held(wallet: LockedWallet) -> tuple[int, ...]:
    """(bonus, bought, earned) of a locked wallet."""
    return tuple(wallet.holds(bucket) for bucket in PLAY)


def stored(wallet_id: UUID) -> tuple[int, ...]:
    """(bonus, bought, earned) as they stand."""
    return held(ledger.lock_wallet(wallet_id))


def deposit(wallet_id: UUID, client_id: UUID, amount: int = 5) -> JournalEntry:
    """An entry that stands for nothing yet."""
    wallet = ledger.lock_wallet(wallet_id)
    move = Transfer(account(client_id, SystemAccount.DEPOSITS), wallet.ids[Bucket.BOUGHT], amount)
    return JournalEntry("deposit:1", Kind.DEPOSIT, client_id, "KCASH", [move], wallet)


def test_a_repeated_entry_is_reported_as_repeated_and_moves_no_money(wallet_id: UUID, client_id: UUID) -> None:
    first = ledger.book(deposit(wallet_id, client_id))
    with nothing_changes():
        again = ledger.book(deposit(wallet_id, client_id))
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.id, again.created_at) == (first.id, first.created_at)
    assert stored(wallet_id) == (10, 25, 40)


@pytest.mark.parametrize("change", ["amount", "kind", "bucket", "source", "more", "fewer"])
def test_a_reference_with_other_postings_is_refused(wallet_id: UUID, client_id: UUID, change: str) -> None:
    entry = deposit(wallet_id, client_id)
    ledger.book(entry)
    assert entry.wallet
    (move,) = entry.moves
    other = {
        "amount": replace(entry, moves=[replace(move, amount=6)]),
        "kind": replace(entry, kind=Kind.ADJUSTMENT),
        "bucket": replace(entry, moves=[replace(move, destination=entry.wallet.ids[Bucket.EARNED])]),
        "source": replace(entry, moves=[replace(move, source=account(client_id, SystemAccount.HOUSE))]),
        "more": replace(entry, moves=[move, move]),
        "fewer": replace(entry, moves=[]),
    }[change]
    with nothing_changes(), pytest.raises(ReferenceReused), transaction.atomic():
        ledger.book(replace(other, id=new_id()))


def test_postings_in_another_order_are_the_same_booking(wallet_id: UUID, escrow: int) -> None:
    with transaction.atomic():
        ledger.pay_stake(wallet_id=wallet_id, escrow=escrow, amount=35, reference="join:1")
        ledger.reverse(original="join:1", reference="refund:1", kind=Kind.LEAVE)
        again = ledger.reverse(original="join:1", reference="refund:1", kind=Kind.LEAVE)
    assert again
    assert again.repeated
    with pytest.raises(ReferenceReused), transaction.atomic():
        ledger.reverse(original="join:1", reference="refund:1", kind=Kind.REFUND)


@pytest.mark.parametrize(
    ("stake", "left"),
    [
        (1, (9, 20, 40)),
        (10, (0, 20, 40)),
        (11, (0, 19, 40)),
        (30, (0, 0, 40)),
        (31, (0, 0, 39)),
        (70, (0, 0, 0)),
    ],
)
def test_a_stake_spends_bonus_bought_earned_in_turn_and_refunds_the_same(
    wallet_id: UUID, escrow: int, stake: int, left: tuple[int, int, int]
) -> None:
    ledger.pay_stake(wallet_id=wallet_id, escrow=escrow, amount=stake, reference="join:1")
    assert stored(wallet_id) == left
    assert one("SELECT posted_balance::int FROM audit.account WHERE account_id = %s", escrow) == stake
    ledger.reverse(original="join:1", reference="refund:1", kind=Kind.LEAVE)
    assert stored(wallet_id) == (10, 20, 40)
    assert one("SELECT posted_balance::int FROM audit.account WHERE account_id = %s", escrow) == 0


def test_a_stake_above_all_buckets_changes_no_bucket(wallet_id: UUID, escrow: int) -> None:
    wallet = ledger.lock_wallet(wallet_id)
    ledger.book(
        JournalEntry("hold", Kind.WITHDRAW, wallet.client_id, "KCASH",
              [Transfer(wallet.ids[Bucket.EARNED], wallet.ids[Bucket.HELD], 15)], wallet)
    )  # fmt: skip
    with nothing_changes(), pytest.raises(InsufficientBalance), transaction.atomic():
        ledger.pay_stake(wallet_id=wallet_id, escrow=escrow, amount=56, reference="join:1")
    ledger.pay_stake(wallet_id=wallet_id, escrow=escrow, amount=55, reference="join:1")
    assert stored(wallet_id) == (0, 0, 0)


def test_an_entry_of_zero_is_not_booked(wallet_id: UUID, client_id: UUID, escrow: int) -> None:
    with nothing_changes():
        ledger.pay_stake(wallet_id=wallet_id, escrow=escrow, amount=0, reference="join:1")
        ledger.credit_bonuses([ledger.Bonus(wallet_id, 0, "welcome:1")])
        assert ledger.reverse(original="join:1", reference="refund:1", kind=Kind.LEAVE) is None
        assert ledger.book_many([]) == {}


def test_a_leave_refunds_the_paying_buckets_after_other_movements(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 20, "order-1").ok(201)
    fill(gamer, Bucket.EARNED, 40)
    uid = studio.tournament(buy_in_price=80)
    gamer.join(uid, 80).ok()
    assert gamer.buckets() == (0, 0, 30)
    studio.deposit("player-1", 7, "order-2").ok(201)
    gamer.leave(uid).ok()
    assert gamer.buckets() == (50, 27, 40)
    gamer.join(uid, 80).ok()
    assert gamer.buckets() == (0, 0, 37)
    gamer.leave(uid).ok()
    assert gamer.buckets() == (50, 27, 40)
    references = rows("SELECT split_part(reference, ':', 1), count(DISTINCT reference) FROM wallet_transaction"
                      " WHERE kind IN ('JOIN', 'LEAVE') GROUP BY 1 ORDER BY 1")  # fmt: skip
    assert references == [("join", 2), ("refund", 2)]


@pytest.fixture(params=["hash", "merge", "nested loop"])
def plan(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whichever way the planner joins."""
    for other in {"hashjoin": "hash", "mergejoin": "merge", "nestloop": "nested loop"}.items():
        execute(f"SET LOCAL enable_{other[0]} = {'on' if other[1] == request.param else 'off'}")
    yield
    execute("SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_nestloop = on")


def test_entries_of_one_wallet_are_applied_in_order(wallet_id: UUID, client_id: UUID, plan: None) -> None:
    wallet, house = ledger.lock_wallet(wallet_id), account(client_id, SystemAccount.HOUSE)
    ids = [new_id() for _ in range(40)][::-1]
    entries = []
    for index, id in enumerate(ids):
        bucket = wallet.ids[PLAY[index % 3]]
        moves = [Transfer(house, bucket, 5), Transfer(bucket, house, 7)]
        entries.append(JournalEntry(f"x:{index}", Kind.REWARD, client_id, "KCASH", moves, wallet, id))
    with transaction.atomic():
        ledger.book_many(entries[:9])
    assert stored(wallet_id) == (4, 14, 34)
    assert prove().err == ""


def test_many_entries_are_booked_in_two_queries(
    wallet_id: UUID, client_id: UUID, django_assert_num_queries: object
) -> None:
    entries = [replace(deposit(wallet_id, client_id), reference=f"x:{index}", id=new_id()) for index in range(50)]
    wallet = ledger.lock_wallet(wallet_id)
    with django_assert_num_queries(2):  # type: ignore[operator]
        booked = ledger.book_many([replace(entry, wallet=wallet) for entry in entries])
    assert len(booked) == 50
    assert stored(wallet_id) == (10, 270, 40)
    assert prove().exit_code == 0


def test_a_system_account_is_opened_once(client_id: UUID) -> None:
    first = account(client_id, SystemAccount.HOUSE)
    assert account(client_id, SystemAccount.HOUSE) == first
    others = {
        account(client_id, SystemAccount.PROMOTIONS),
        account(new_id(), SystemAccount.HOUSE),
        ledger.system_account(client_id=client_id, currency="GEMS", kind=SystemAccount.HOUSE),
        ledger.system_account(client_id=client_id, currency="KCASH", kind=SystemAccount.ESCROW, owner_id=new_id()),
    }
    assert len(others | {first}) == 5
