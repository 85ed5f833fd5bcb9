"""The facts that decide about a withdrawal, from every app. Each fact costs one query, whatever the number of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rewards.selectors import wins_of
from users.selectors.holders import OTHERS_COUNTED_TO, WalletHolder, holders_of
from wallet.selectors.queue import Adjusted, Velocity, recent_adjustments, velocities

# An account or a link younger than this stands out.
FRESH = timedelta(days=3)
MANY_A_DAY = 2


@dataclass(frozen=True)
class Evidence:
    """The facts beside one withdrawal, as of `now`."""

    row: Any
    holder: WalletHolder
    wins: int
    won: int
    velocity: Velocity
    adjusted: Adjusted
    now: datetime

    @property
    def account_age(self) -> timedelta:
        """Since the gamer's first session."""
        return self.now - self.holder.created_at

    @property
    def link_age(self) -> timedelta | None:
        """Since the phone was linked; None without a link."""
        return self.now - self.holder.linked_at if self.holder.linked_at else None

    @property
    def waits(self) -> timedelta:
        """From the request until now, or until the end of one that has ended."""
        until: datetime = self.row.settled_at or self.now
        asked: datetime = self.row.created_at
        return until - asked

    @property
    def same_phone(self) -> str:
        """How many other gamers, of all games, have this KGeN account; with a "+" where counting stopped."""
        return _counted(self.holder.same_phone)

    @property
    def same_device(self) -> str:
        """How many other gamers, of all games, name this device."""
        return _counted(self.holder.same_device)

    @property
    def alarms(self) -> frozenset[str]:
        """The names of the facts that stand out. They are hints: no rule uses them."""
        return frozenset(name for name, stands_out in self._alarms() if stands_out)

    def _alarms(self) -> Iterator[tuple[str, bool]]:
        holder = self.holder
        yield "account", self.account_age < FRESH
        yield "link", self.link_age is None or self.link_age < FRESH
        yield "phone", holder.same_phone > 0
        yield "device", holder.same_device > 0
        yield "velocity", self.velocity.day > MANY_A_DAY
        yield "adjusted", self.adjusted.approved + self.adjusted.open > 0
        yield "suspended", holder.suspended_at is not None
        # More was asked for within a week than the gamer has ever won.
        yield "wins", self.velocity.week_sum > self.won


def evidence_for(rows: Sequence[Any], now: datetime) -> list[Evidence]:
    """The evidence beside each of these withdrawals, in their order."""
    wallets: list[UUID] = [row.wallet_id for row in rows]
    if not wallets:
        return []
    holders = holders_of(wallets)
    speed, adjusted = velocities(wallets, now), recent_adjustments(wallets, now)
    wins = wins_of(holder.gamer_id for holder in holders.values())
    found = []
    for row in rows:
        holder = holders[row.wallet_id]
        count, amount = wins.get(holder.gamer_id, (0, 0))
        velocity, changed = speed.get(row.wallet_id, Velocity()), adjusted.get(row.wallet_id, Adjusted())
        found.append(Evidence(row, holder, count, amount, velocity, changed, now))
    return found


def _counted(number: int) -> str:
    return f"{number}+" if number >= OTHERS_COUNTED_TO else str(number)
