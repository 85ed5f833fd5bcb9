"""Adjustments: who asked for which, and what is still open."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from kgen.api.pagination import Key, Page, page_of
from wallet.models import Adjustment, AdjustmentState

LISTED = 50


def has_asked_for_adjustment(wallet_id: UUID, operator_id: int) -> bool:
    """Whether the operator is the maker of an adjustment of this wallet that is open or approved."""
    made = Adjustment.objects.filter(wallet=wallet_id, requested_by=operator_id)
    return made.filter(state__in=[AdjustmentState.REQUESTED, AdjustmentState.APPROVED]).exists()


def adjustments_of_operator(clients: Collection[UUID] | None) -> QuerySet[Adjustment]:
    """All adjustments that an operator limited to `clients` (None: to none) may see, with their wallets."""
    rows = Adjustment.objects.select_related("wallet")
    return rows if clients is None else rows.filter(client_id__in=list(clients))


def open_adjustment_page(clients: Collection[UUID] | None, cursor: str | None) -> Page[Adjustment]:
    """Requests that nobody has decided, oldest first.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = adjustments_of_operator(clients).filter(state=AdjustmentState.REQUESTED)
    keys = (Key("created_at", "time"), Key("id", "uuid"))
    return page_of(rows, keys, scope="adjustments:open", cursor=cursor, limit=LISTED)


def count_open_adjustments(clients: Collection[UUID] | None, *, but_of: int, most: int) -> int:
    """The number of other operators' open requests, counted up to `most`."""
    rows = adjustments_of_operator(clients).filter(state=AdjustmentState.REQUESTED).exclude(requested_by=but_of)
    # In the index's order: a generic plan for any state would scan the whole table for the first few.
    return rows.order_by("created_at", "id")[:most].count()


def asked_adjustment_page(operator_id: int, clients: Collection[UUID] | None, cursor: str | None) -> Page[Adjustment]:
    """An operator's own requests in every state, newest first.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = adjustments_of_operator(clients).filter(requested_by=operator_id)
    scope = f"adjustments:{operator_id}"
    return page_of(rows, (Key("id", "uuid", descending=True),), scope=scope, cursor=cursor, limit=LISTED)


def adjustment_page(wallet_id: UUID, *, scope: str, cursor: str | None, limit: int) -> Page[Adjustment]:
    """A wallet's adjustments, newest first.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = Adjustment.objects.filter(wallet=wallet_id)
    return page_of(rows, (Key("id", "uuid", descending=True),), scope=scope, cursor=cursor, limit=limit)
