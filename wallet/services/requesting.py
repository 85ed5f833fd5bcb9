"""Requests a withdrawal: checks every rule and holds the money."""

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
    """Hold `amount` of earned money (None: all of it) for the gamer's linked KGeN wallet. A worker pays it.

    :raises GamerSuspended: the gamer is suspended.
    :raises PhoneNotLinked: no KGeN wallet is linked.
    :raises WithdrawalInProgress: another withdrawal is open.
    :raises InsufficientBalance: earned holds less.
    :raises WithdrawalBelowMinimum: the amount is 0 or below the client's minimum.
    :raises WithdrawalLimitExceeded: the amount is above the client's maximum or the rest of the UTC day's limit.
    :raises WithdrawalOnHold: the phone was linked again recently after an unlink.
    """
    wallet = ledger.lock_wallet(wallet_id)
    # An unlink and another request take the wallet's lock too, so that nothing read from here on changes meanwhile.
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
    """Return the KGeN account and the address to pay to, if the gamer may withdraw."""
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
