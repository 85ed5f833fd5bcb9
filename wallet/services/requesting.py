"""Asking for a withdrawal: every rule of it, and the money set aside."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from kgen.clock import database_now
from kgen.errors import GamerSuspended
from kgen.payees import Payee, payee_of
from kgen.transactions import transactional
from wallet import errors, ledger
from wallet.ledger import Bucket, LockedWallet
from wallet.models import State, Withdrawal
from wallet.selectors.withdrawals import has_open_withdrawal, withdrawn_on_day


@transactional
def request_withdrawal(*, wallet_id: UUID, amount: int | None) -> Withdrawal:
    """Reserve `amount` of earned money (None: all of it) for the KGeN wallet that is linked now; a worker pays it.

    :raises GamerSuspended: the holder is.
    :raises PhoneNotLinked: there is no KGeN wallet to pay to.
    :raises WithdrawalInProgress: one is open.
    :raises InsufficientBalance: less is earned.
    :raises WithdrawalBelowMinimum: nothing, or less than the client's minimum.
    :raises WithdrawalLimitExceeded: over the client's maximum, or over what is left of the UTC day.
    :raises WithdrawalOnHold: the link is fresh after an unlink.
    """
    wallet = ledger.lock_wallet(wallet_id)
    # Under the locked wallet's lock, which an unlink and another request take too: what is read here stays so.
    payee, now = payee_of(wallet_id), database_now()
    account_id, address = _may_withdraw(wallet_id, payee)
    wanted = _checked_amount(wallet, payee, wallet.holds(Bucket.EARNED) if amount is None else amount, now)
    if payee.hold_until is not None and now < payee.hold_until:
        raise errors.WithdrawalOnHold(available_at=payee.hold_until)
    row = Withdrawal.objects.create(
        client_id=wallet.client_id,
        wallet_id=wallet_id,
        amount=wanted,
        currency=wallet.currency,
        destination=address,
        account_id=account_id,
        rail=settings.PAYOUT_RAIL,
        state=_first_state(payee, wanted),
        created_at=now,
        updated_at=now,
        next_attempt_at=now,
    )
    ledger.hold_withdrawal(wallet=wallet, withdrawal_id=row.pk, amount=wanted)
    return row


def _may_withdraw(wallet_id: UUID, payee: Payee) -> tuple[UUID, str]:
    """The account and address to pay to."""
    if payee.suspended:
        raise GamerSuspended()
    if payee.account_id is None or payee.address is None:
        raise errors.PhoneNotLinked()
    if has_open_withdrawal(wallet_id):
        raise errors.WithdrawalInProgress()
    return payee.account_id, payee.address


def _checked_amount(wallet: LockedWallet, payee: Payee, amount: int, now: datetime) -> int:
    if amount > wallet.holds(Bucket.EARNED):
        raise errors.InsufficientBalance()
    if amount == 0 or amount < payee.minimum:
        raise errors.WithdrawalBelowMinimum(minimum=payee.minimum)
    rest = None
    if payee.daily_limit is not None:
        rest = max(0, payee.daily_limit - withdrawn_on_day(wallet.wallet_id, now))
    limit = min((bound for bound in (payee.maximum, rest) if bound is not None), default=amount)
    if amount > limit:
        raise errors.WithdrawalLimitExceeded(limit=limit, available_at=_next_day(now) if limit == rest else None)
    return amount


def _next_day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _first_state(payee: Payee, amount: int) -> State:
    over = payee.approval_above is not None and amount > payee.approval_above
    return State.AWAITING_APPROVAL if over else State.REQUESTED
