"""Scores and ranks: how score events fold into a standing, and the total order of the standings.

The order is score, then the earlier time of reaching it, then the earlier join, then the participation's id. The
leaderboard, "around me" and settlement share it: in Python (`SortKey`), in SQL (`esports.sql.order`) and in a Valkey
sorted set (`rank_key` as the set's score, `member` as its member).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from esports.errors import ScoreOutOfRange

MAX_SCORE = 2**53 - 1  # exact in JSON readers that have doubles only, and in sorted sets

Operator = Literal["latest", "best", "sum"]
Order = Literal["desc", "asc"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a tournament scores. `minimum` and `maximum` bound each value, not the sum; None = no bound."""

    operator: Operator = "latest"
    order: Order = "desc"
    minimum: int | None = None
    maximum: int | None = None


class Standing(NamedTuple):
    """A gamer's score and when it was reached; both None before the first score."""

    score: int | None = None
    reached_at: datetime | None = None


NO_STANDING = Standing()


def apply(rule: Rule, standing: Standing, value: int, at: datetime) -> Standing:
    """The standing after one more score event.

    An event that leaves the score as it is keeps the time too: repeating a score loses no rank. Any
    change takes the new time.

    :raises ScoreOutOfRange: the value, or the sum it makes, is not allowed.
    """
    score = score_after(rule, standing.score, value)
    return standing if score == standing.score else Standing(score, at)


def score_after(rule: Rule, score: int | None, value: int) -> int:
    """The score after one more score event; `score` is None before the first one.

    :raises ScoreOutOfRange: the value, or the sum it makes, is not allowed.
    """
    _check_value(rule, value)
    score = _combine(rule, score, value)
    if abs(score) > MAX_SCORE:
        raise ScoreOutOfRange(f"The sum of the scores must be from {-MAX_SCORE} to {MAX_SCORE}.")
    return score


def fold(rule: Rule, events: Iterable[tuple[int, datetime]]) -> Standing:
    """The standing after accepted events, given as `(value, at)` in the order of their acceptance.

    :raises ScoreOutOfRange: an event could never have been accepted.
    """
    standing = NO_STANDING
    for value, at in events:
        standing = apply(rule, standing, value, at)
    return standing


def _check_value(rule: Rule, value: int) -> None:
    if rule.minimum is None and rule.maximum is None and -MAX_SCORE <= value <= MAX_SCORE:
        return
    lowest = -MAX_SCORE if rule.minimum is None else max(rule.minimum, -MAX_SCORE)
    highest = MAX_SCORE if rule.maximum is None else min(rule.maximum, MAX_SCORE)
    if not lowest <= value <= highest:
        raise ScoreOutOfRange(f"The score must be from {lowest} to {highest}.")


def _combine(rule: Rule, score: int | None, value: int) -> int:
    if score is None or rule.operator == "latest":
        return value
    if rule.operator == "sum":
        return score + value
    return max(score, value) if rule.order == "desc" else min(score, value)


# --- The order


def rank_key(order: Order, score: int) -> int:
    """A number that is smaller for the better score."""
    return -score if order == "desc" else score


class SortKey(NamedTuple):
    """Where a standing belongs in the board's order. Keys sort best first, and no two standings share one."""

    rank_key: int
    reached_at: datetime
    joined_at: datetime
    participation_id: UUID

    @property
    def member(self) -> str:
        """The standing's member in the sorted set."""
        return member(self.reached_at, self.joined_at, self.participation_id)


def sort_key(order: Order, score: int, reached_at: datetime, joined_at: datetime, participation_id: UUID) -> SortKey:
    """The sort key of a standing."""
    return SortKey(rank_key(order, score), reached_at, joined_at, participation_id)


# --- Members of the sorted set
#
# Valkey orders members of equal score by their bytes, so the text begins with the tie-breaks: two times in
# microseconds since the year 1, as hexadecimal digits of a fixed width, then the id's 32 digits. No separators:
# Valkey packs small sets up to 64 bytes a member, and these are 62.

_YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME_DIGITS = 15  # 16**15 microseconds reach beyond the year 9999
_ID_DIGITS = 32


def member(reached_at: datetime, joined_at: datetime, participation_id: UUID) -> str:
    """The sorted-set member of a standing: ASCII, always of the same length.

    Members compare bytewise as `(reached_at, joined_at, participation_id)` compare.
    """
    return f"{_time_text(reached_at)}{_time_text(joined_at)}{participation_id.hex}"


def participation_of(member: str) -> UUID:
    """The participation of a sorted-set member."""
    return UUID(hex=member[-_ID_DIGITS:])


def _time_text(moment: datetime) -> str:
    return f"{(moment - _YEAR_ONE) // _MICROSECOND:0{_TIME_DIGITS}x}"
