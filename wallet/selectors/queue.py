"""The operators' queue of withdrawals, and the facts about each wallet that decide.

`clients` limits every selector to some clients; None: all. Counts are bounded, and every selector is one statement.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, Count, F, Min, Q, QuerySet, Sum, Value, When

from kgen.api.pagination import Key, Page, page_of
from wallet import references
from wallet.models import (
    GATEWAY_RAIL,
    SETTLED,
    UNSENT,
    Adjustment,
    AdjustmentState,
    Direction,
    PayoutAttempt,
    Posting,
    Review,
    State,
    Withdrawal,
)
from wallet.selectors.liability import Waiting

COUNTED_TO = 1000
LISTED = 50
ATTEMPTS_LISTED = 200
# How long an adjustment counts as recent.
RECENT = timedelta(days=30)
_AWAITING = Q(state=State.AWAITING_APPROVAL)
# Payouts that a rail still has to make. Names all states so that the partial index on exactly these serves.
IS_UNPAID = Q(state__in=[*UNSENT, State.SENDING]) & (~_AWAITING | Q(approved_by__isnull=False))
# A payout that needs no approval, or has it, normally ends sooner than this.
LATE_AFTER = timedelta(minutes=15)

type Clients = Collection[UUID] | None


@dataclass(frozen=True)
class QueueTab:
    """A part of the queue. An open tab lists the oldest first, an ended tab the newest."""

    name: str
    title: str
    rows: Q
    is_open: bool = True


TABS = (
    QueueTab("approval", "Awaiting approval", Q(state=State.AWAITING_APPROVAL, approved_by=None)),
    QueueTab("review", "Needs review", Q(state=State.NEEDS_REVIEW)),
    QueueTab("returning", "Return to confirm", Q(state=State.PAID, return_asked_by__isnull=False)),
    QueueTab("disputed", "Disputed", Q(state__in=SETTLED) & ~Q(review=""), is_open=False),
    QueueTab(
        "waiting",
        "To be sent",
        Q(state__in=UNSENT) & (Q(state=State.REQUESTED) | Q(approved_by__isnull=False)),
    ),
    QueueTab("sending", "Sending", Q(state=State.SENDING)),
    QueueTab("paid", "Paid", Q(state=State.PAID), is_open=False),
    QueueTab("failed", "Failed", Q(state=State.FAILED), is_open=False),
    QueueTab("returned", "Returned", Q(state=State.RETURNED), is_open=False),
)


_TAB_OF_STATE = {
    State.NEEDS_REVIEW: "review",
    State.SENDING: "sending",
    State.PAID: "paid",
    State.FAILED: "failed",
    State.RETURNED: "returned",
}


@dataclass(frozen=True)
class TabCount:
    """The number of rows of a tab, up to one past `COUNTED_TO`, and the oldest request of an open tab."""

    tab: QueueTab
    count: int
    oldest: datetime | None

    @property
    def shown(self) -> str:
        """The count in words."""
        return f"{COUNTED_TO:,}+" if self.count > COUNTED_TO else f"{self.count:,}"


def tab_named(name: str) -> QueueTab:
    """The tab of that name, or the first tab."""
    return next((tab for tab in TABS if tab.name == name), TABS[0])


def tab_of(row: Withdrawal) -> QueueTab:
    """The tab that lists a withdrawal."""
    if row.state == State.PAID and row.return_asked_by:
        return tab_named("returning")
    if row.state in SETTLED and row.review:
        return tab_named("disputed")
    if row.state == State.AWAITING_APPROVAL:
        return tab_named("waiting" if row.approved_by else "approval")
    return tab_named(_TAB_OF_STATE.get(State(row.state), "waiting"))


def queue_counts(clients: Clients) -> list[TabCount]:
    """Every tab with its count. One statement reads at most `COUNTED_TO` + 1 index entries for each tab."""
    parts, values = [], []
    for tab in TABS:
        rows = _of(clients, tab).values("created_at")
        rows = rows.order_by("created_at") if tab.is_open else rows.order_by()
        sql, given = rows[: COUNTED_TO + 1].query.sql_with_params()
        parts.append(f"SELECT count(*), min(created_at) FROM ({sql}) AS tab")
        values += list(given)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        found = cursor.fetchall()
    return [
        TabCount(tab, count, oldest if tab.is_open else None) for tab, (count, oldest) in zip(TABS, found, strict=True)
    ]


def queue_page(tab: QueueTab, clients: Clients, cursor: str | None) -> Page[Withdrawal]:
    """A page of a tab, with the wallets.

    :raises Invalid: the cursor is not one of this list.
    """
    keys = (Key("created_at", "time", descending=not tab.is_open), Key("id", "uuid", descending=not tab.is_open))
    rows = _of(clients, tab).select_related("wallet")
    return page_of(rows, keys, scope=f"queue:{tab.name}", cursor=cursor, limit=LISTED)


def count_to_approve(clients: Clients, most: int) -> int:
    """The number of withdrawals that await approval, counted up to `most`."""
    # In the index's order: a generic plan for any state would scan the whole table for the first few.
    return _of(clients, tab_named("approval")).order_by("created_at", "id")[:most].count()


def count_returns_to_confirm(clients: Clients, *, but_of: int, most: int) -> int:
    """The number of other operators' open requests to mark a payout as returned, counted up to `most`."""
    rows = _of(clients, tab_named("returning")).exclude(return_asked_by=but_of)
    return rows.order_by("created_at", "id")[:most].count()


def is_late(now: datetime) -> Q:
    """The condition for late payouts: unpaid, and requested (or approved) more than 15 minutes ago."""
    before = now - LATE_AFTER
    return IS_UNPAID & (~_AWAITING & Q(created_at__lt=before) | _AWAITING & Q(updated_at__lt=before))


def late_payouts(clients: Clients, now: datetime) -> Waiting:
    """The number of late payouts, and the oldest request among them."""
    rows = _limited(Withdrawal.objects.filter(is_late(now)), clients)
    return Waiting(**rows.aggregate(count=Count("pk"), since=Min("created_at")))


def withdrawals_of_operator(clients: Clients) -> QuerySet[Withdrawal]:
    """All withdrawals that an operator may see, with their wallets."""
    return _limited(Withdrawal.objects.select_related("wallet"), clients)


def _of(clients: Clients, tab: QueueTab) -> QuerySet[Withdrawal]:
    return _limited(Withdrawal.objects.filter(tab.rows), clients)


def _limited(rows: QuerySet[Withdrawal], clients: Clients) -> QuerySet[Withdrawal]:
    return rows if clients is None else rows.filter(client_id__in=list(clients))


@dataclass(frozen=True)
class Velocity:
    """A wallet's withdrawals of the last day and of seven days, with their sums, without failed and returned ones."""

    day: int = 0
    day_sum: int = 0
    week: int = 0
    week_sum: int = 0


def velocities(wallet_ids: Iterable[UUID], now: datetime) -> dict[UUID, Velocity]:
    """The velocity of each wallet. Wallets without a withdrawal in seven days are missing."""
    lately = Q(created_at__gt=now - timedelta(days=1))
    rows = Withdrawal.objects.filter(wallet__in=list(wallet_ids), created_at__gt=now - timedelta(days=7))
    counts = rows.exclude(state__in=[State.FAILED, State.RETURNED]).order_by().values_list("wallet_id")
    found = counts.annotate(
        day=Count("pk", filter=lately),
        day_sum=Sum("amount", filter=lately, default=0),
        week=Count("pk"),
        week_sum=Sum("amount"),
    )
    return {wallet_id: Velocity(*numbers) for wallet_id, *numbers in found}


@dataclass(frozen=True)
class Adjusted:
    """A wallet's adjustments: the number and net amount of recently approved ones, and the number of open ones."""

    approved: int = 0
    net: int = 0
    open: int = 0


def recent_adjustments(wallet_ids: Iterable[UUID], now: datetime) -> dict[UUID, Adjusted]:
    """Adjustments approved in the last 30 days, and open ones. Wallets without any are missing."""
    booked = Q(state=AdjustmentState.APPROVED)
    still_open = Q(state=AdjustmentState.REQUESTED)
    signed = Case(When(direction=Direction.CREDIT, then=F("amount")), default=Value(-1) * F("amount"))
    rows = Adjustment.objects.filter(
        still_open | (booked & Q(decided_at__gt=now - RECENT)), wallet__in=list(wallet_ids)
    )
    found = (
        rows.order_by()
        .values_list("wallet_id")
        .annotate(approved=Count("pk", filter=booked), net=Sum(signed, filter=booked, default=0))
        .annotate(open=Count("pk", filter=still_open))
    )
    return {wallet_id: Adjusted(*numbers) for wallet_id, *numbers in found}


def wallets_asked_for(wallet_ids: Iterable[UUID], operator_id: int) -> set[UUID]:
    """The wallets for which the operator requested an adjustment that is open or approved."""
    states = [AdjustmentState.REQUESTED, AdjustmentState.APPROVED]
    rows = Adjustment.objects.filter(wallet__in=list(wallet_ids), requested_by=operator_id, state__in=states)
    return set(rows.values_list("wallet_id", flat=True))


def postings_of(row: Withdrawal) -> list[Posting]:
    """The postings of a withdrawal, in order, each with its transaction and accounts."""
    rows = Posting.objects.filter(transaction__reference__in=references.all_of_withdrawal(row.pk))
    return list(rows.select_related("transaction", "source", "destination").order_by("pk"))


def attempts_of(row: Withdrawal) -> list[PayoutAttempt]:
    """The latest attempts of a withdrawal, oldest first."""
    return list(row.attempts.order_by("-number")[:ATTEMPTS_LISTED])[::-1]


def can_do(row: Withdrawal) -> dict[str, Any]:
    """The actions that the state of a withdrawal allows."""
    awaits = row.state == State.AWAITING_APPROVAL and row.approved_by is None
    return {
        "decide": awaits,
        "resolve": row.state == State.NEEDS_REVIEW,
        "ask_again": row.state == State.NEEDS_REVIEW and row.review == Review.UNCONFIRMED,
        "clear": row.state in SETTLED and row.review == Review.CONTRADICTION,
        "ask_return": row.state == State.PAID and row.rail == GATEWAY_RAIL and row.return_asked_by is None,
        "decide_return": row.state == State.PAID and row.return_asked_by is not None,
    }
