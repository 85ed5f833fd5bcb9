"""Makers and checkers at once: an adjustment is booked once, and never by one pair of eyes."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

from kgen.errors import DomainError
from tests.support.http import GamerCaller
from tests.support.money import LIMIT, fill, wallet_of
from tests.support.threads import begin_blocked, holding, together
from tests.support.withdrawals import link, withdraw
from users.models import Client
from wallet.models import Adjustment, Bucket, Direction, Kind, State, Transaction, Withdrawal
from wallet.services import adjusting, reviewing

MAKER = 100
OWN, DECIDED = "SECOND_PERSON_NEEDED", "WRONG_STATE"


def asked(wallet_id: UUID, amount: int = 10, direction: Direction = Direction.CREDIT) -> Adjustment:
    return adjusting.request_adjustment(
        wallet_id=wallet_id,
        bucket=Bucket.EARNED,
        direction=direction,
        amount=amount,
        reason="goodwill",
        operator_id=MAKER,
    )


def tried(call: Callable[..., object]) -> str:
    """'' or the code of its refusal."""
    try:
        call()
    except DomainError as refusal:
        return refusal.code
    return ""


def decided(decide: Callable[..., None], row: Adjustment, operator: int) -> Callable[[], str]:
    """A decision to be tried."""
    return partial(tried, partial(decide, adjustment_id=row.pk, operator_id=operator, note="agreed"))


def booked() -> int:
    return Transaction.objects.filter(kind=Kind.ADJUSTMENT).count()


def test_parallel_approvals_succeed_once_and_never_by_the_requester(gamer: GamerCaller) -> None:
    wallet = wallet_of(gamer).id
    for round in range(1, 4):
        row = asked(wallet)
        operators = [MAKER, *range(1, 9), MAKER]
        found = Counter(together(decided(adjusting.approve_adjustment, row, operator) for operator in operators))
        # Whether the maker hears of the own request or of its end depends on who came first.
        assert found[""] == 1
        assert found[OWN] + found[DECIDED] == 9
        assert found[DECIDED] >= 7
        row.refresh_from_db()
        assert (row.state, row.decided_by in range(1, 9)) == ("APPROVED", True)
        assert (booked(), gamer.buckets()) == (round, (50, 0, 10 * round))


def test_parallel_decisions_end_a_request_once(gamer: GamerCaller) -> None:
    wallet = wallet_of(gamer).id
    total = 0
    for _ in range(5):
        row = asked(wallet)
        calls = [decided(adjusting.cancel_adjustment, row, MAKER), decided(adjusting.approve_adjustment, row, MAKER)]
        calls += [decided(adjusting.approve_adjustment, row, operator) for operator in (1, 2, 3)]
        calls += [decided(adjusting.reject_adjustment, row, operator) for operator in (4, 5, 6)]
        found = together(calls)
        assert found.count("") == 1
        assert found[1] in (OWN, DECIDED)
        row.refresh_from_db()
        total += row.state == "APPROVED"
        wanted = {"CANCELLED": [MAKER], "APPROVED": [1, 2, 3], "REJECTED": [4, 5, 6]}
        assert row.decided_by in wanted[row.state]
        assert (booked(), gamer.buckets()) == (total, (50, 0, 10 * total))


def test_parallel_debits_never_exceed_the_balance(gamer: GamerCaller) -> None:
    fill(gamer, Bucket.EARNED, 25)
    wanted = [asked(wallet_of(gamer).id, direction=Direction.DEBIT) for _ in range(6)]
    found = Counter(together(decided(adjusting.approve_adjustment, row, 1) for row in wanted))
    assert found == {"": 2, "INSUFFICIENT_BALANCE": 4}
    assert gamer.buckets() == (50, 0, 5)
    assert Adjustment.objects.filter(state="REQUESTED").count() == 4


def test_parallel_credits_never_exceed_the_wallets_limit(gamer: GamerCaller) -> None:
    fill(gamer, Bucket.EARNED, LIMIT - 50 - 25)
    wanted = [asked(wallet_of(gamer).id) for _ in range(6)]
    found = Counter(together(decided(adjusting.approve_adjustment, row, 1) for row in wanted))
    assert found == {"": 2, "BALANCE_LIMIT_EXCEEDED": 4}
    assert gamer.balance()["lazy_balance"] == LIMIT - 5


@pytest.fixture
def waiting(gamer: GamerCaller) -> Withdrawal:
    """A withdrawal above the threshold."""
    return awaiting(gamer)


def awaiting(gamer: GamerCaller) -> Withdrawal:
    Client.objects.update(approval_above=0)
    fill(gamer, Bucket.EARNED, 300)
    link(gamer, f"+9198765432{gamer.user_id[-1]:0>2}")
    return withdraw(gamer, 100)


def let_out(row: Withdrawal) -> str:
    """The maker approves the withdrawal, or hears why not."""
    return tried(lambda: reviewing.approve_withdrawal(withdrawal_id=row.pk, operator_id=MAKER, reason="seen"))


ACCOUNTS = "SELECT 1 FROM wallet_account WHERE wallet_id = %s FOR UPDATE"


@pytest.mark.parametrize("first", ["request", "approval"])
def test_an_operators_request_and_approval_wait_for_each_other(waiting: Withdrawal, first: str) -> None:
    """Whoever came to the wallet first goes through, and the approval sees a request that was before it."""
    calls = {"request": partial(asked, waiting.wallet_id), "approval": partial(let_out, waiting)}
    names = sorted(calls, key=lambda name: name != first)
    with holding(ACCOUNTS, [waiting.wallet_id]):
        runners = dict(zip(names, begin_blocked(*(calls[name] for name in names)), strict=True))
    request, approval = runners["request"].result(), runners["approval"].result()
    waiting.refresh_from_db()
    assert (approval, waiting.approved_by) == ((OWN, None) if first == "request" else ("", MAKER))
    assert waiting.state == State.AWAITING_APPROVAL
    if first == "approval":
        assert waiting.updated_at < request.created_at


def test_an_operator_never_approves_after_their_own_parallel_request(
    gamers: Callable[[int], list[GamerCaller]],
) -> None:
    """An approval that went through was written before the request was: never with a request in sight."""
    crowd = gamers(8)
    rows = [awaiting(gamer) for gamer in crowd]
    calls: list[Callable[[], object]] = []
    for row in rows:
        calls += [partial(asked, row.wallet_id), partial(let_out, row)]
    found = together(calls)
    for row, request, approval in zip(rows, found[::2], found[1::2], strict=True):
        row.refresh_from_db()
        assert (approval, row.approved_by) in [("", MAKER), (OWN, None)]
        if approval == "":
            assert row.updated_at < request.created_at
        else:
            assert let_out(row) == OWN
