"""Withdrawals: a gamer's list, the limits of a new withdrawal, and the payouts that are due."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from kgen.api.fields import id_of
from kgen.api.pagination import Key, Page, page_of
from kgen.errors import RecordNotFound
from wallet.models import OPEN, UNSENT, PayoutAttempt, State, Step, Withdrawal

NEWEST_FIRST = (Key("created_at", "time", descending=True), Key("id", "uuid", descending=True))


def withdrawal_page(wallet_id: UUID, *, scope: str, cursor: str | None, limit: int) -> Page[Withdrawal]:
    """A page of a wallet's withdrawals, newest first.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = Withdrawal.objects.filter(wallet=wallet_id)
    return page_of(rows, NEWEST_FIRST, scope=scope, cursor=cursor, limit=limit)


def withdrawal_of_wallet(wallet_id: UUID, withdrawal_id: str) -> Withdrawal:
    """One withdrawal of a wallet.

    :raises RecordNotFound: the wallet has no withdrawal of that id.
    """
    id = id_of(withdrawal_id)
    row = Withdrawal.objects.filter(pk=id, wallet=wallet_id).first() if id else None
    if row is None:
        raise RecordNotFound()
    return row


def has_open_withdrawal(wallet_id: UUID) -> bool:
    """Whether the wallet has a withdrawal that is neither paid nor failed."""
    return Withdrawal.objects.filter(wallet=wallet_id, state__in=OPEN).exists()


def withdrawn_on_day(wallet_id: UUID, now: datetime) -> int:
    """The sum of the withdrawals requested on the UTC day of `now`, without failed and returned ones."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Withdrawal.objects.filter(
        wallet=wallet_id, created_at__gte=midnight, created_at__lt=midnight + timedelta(days=1)
    )
    total: int | None = rows.exclude(state__in=[State.FAILED, State.RETURNED]).aggregate(total=Sum("amount"))["total"]
    return total or 0


def withdrawals_due(now: datetime, rails: Collection[str]) -> QuerySet[Withdrawal]:
    """Duty: withdrawals to send or ask about over these rails, longest due first; none that awaits approval."""
    return (
        Withdrawal.objects.filter(
            Q(state__in=[State.REQUESTED, State.SENDING]) | Q(state=State.AWAITING_APPROVAL, approved_by__isnull=False),
            Q(lease_until=None) | Q(lease_until__lte=now),
            next_attempt_at__lte=now,
            rail__in=rails,
        )
        # Repeats the states so that the partial index on exactly these serves.
        .filter(state__in=[State.REQUESTED, State.AWAITING_APPROVAL, State.SENDING])
        .order_by("next_attempt_at", "id")
    )


def was_ever_sent(withdrawal_id: UUID) -> bool:
    """Whether the log has a send of this withdrawal."""
    return Withdrawal.objects.filter(pk=withdrawal_id, attempts__kind=Step.SEND).exists()


def attempt_details(withdrawal_id: UUID, outcome: str) -> set[str]:
    """The details of a withdrawal's attempts with this outcome."""
    rows = PayoutAttempt.objects.filter(withdrawal=withdrawal_id, outcome=outcome)
    return set(rows.values_list("detail", flat=True))


def unsent_withdrawals(rail: str) -> QuerySet[Withdrawal]:
    """Withdrawals of a rail that this database has never sent."""
    return Withdrawal.objects.filter(rail=rail, state__in=UNSENT)
