"""Scores and ranks: how score events fold into a standing, and the total order of the standings.

The order is score, then who reached it first, then who joined first, then the participation's id. The
leaderboard, "around me" and settlement share it, in Python, in SQL (`sort_key`) and in a Valkey sorted
set (`rank_key` as the set's score, `member` as its member).
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

    :raises ScoreOutOfRange: if the value, or the sum it makes, is not allowed; the standing then stays.
    """
    score = score_after(rule, standing.score, value)
    return standing if score == standing.score else Standing(score, at)


def score_after(rule: Rule, score: int | None, value: int) -> int:
    """What a score (None: there is none yet) becomes with one more score event.

    :raises ScoreOutOfRange: if the value, or the sum it makes, is not allowed.
    """
    _check_value(rule, value)
    score = _combine(rule, score, value)
    if abs(score) > MAX_SCORE:
        raise ScoreOutOfRange("The sum of the scores would leave the range that can be kept exactly.")
    return score


def fold(rule: Rule, events: Iterable[tuple[int, datetime]]) -> Standing:
    """The standing that accepted events, as `(value, at)` in the order of their acceptance, come to.

    :raises ScoreOutOfRange: if one of them could never have been accepted.
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


def sort_key(
    order: Order, score: int, reached_at: datetime, joined_at: datetime, participation_id: UUID
) -> tuple[int, datetime, datetime, UUID]:
    """Sorts standings best first; no two participations have the same key."""
    return rank_key(order, score), reached_at, joined_at, participation_id


# --- Members of the sorted set
#
# Members of equal score are ordered by their bytes, so the text has the tie-breaks in front: two times in
# microseconds since the year 1, as hexadecimal digits of a fixed width, then the id's 32. No separators:
# 62 bytes stay under the 64 up to which Valkey packs small sets.

_YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME_DIGITS = 15  # 16**15 microseconds reach beyond the year 9999
_ID_DIGITS = 32


def member(reached_at: datetime, joined_at: datetime, participation_id: UUID) -> str:
    """The sorted-set member of a standing: ASCII, always of one length.

    Members compare bytewise as `(reached_at, joined_at, participation_id)` compare.
    """
    return f"{_time_text(reached_at)}{_time_text(joined_at)}{participation_id.hex}"


def participation_of(member: str) -> UUID:
    """The participation whose standing a sorted-set member is."""
    return UUID(hex=member[-_ID_DIGITS:])


def _time_text(moment: datetime) -> str:
    return f"{(moment - _YEAR_ONE) // _MICROSECOND:0{_TIME_DIGITS}x}"
