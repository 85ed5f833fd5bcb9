"""A tournament by the clock: its timetable, its status at a moment, and the times that may still move.

Every moment is an aware datetime in UTC. Every window is half-open: from ≤ now < to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from kgen.errors import Invalid

MAX_YEARS_AWAY = 5


class Status(StrEnum):
    """A tournament's status. COMPLETED and CANCELLED are final; the others follow the clock."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    LOBBY = "LOBBY"
    STARTED = "STARTED"
    LOCKED = "LOCKED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


ACTIVE = (Status.SCHEDULED, Status.LOBBY, Status.STARTED, Status.LOCKED)


@dataclass(frozen=True, slots=True)
class Timetable:
    """The five times of a tournament, in the order in which they must come; neighbours may coincide."""

    schedules_at: datetime
    moves_to_lobby_at: datetime
    starts_at: datetime
    locks_at: datetime
    ends_at: datetime


TIMES = tuple(field.name for field in fields(Timetable))


# --- Making a timetable


def fill_times(given: Mapping[str, datetime | None], now: datetime) -> Timetable:
    """The whole timetable from the given times, by their names in `Timetable`; None = omitted.

    Omitted: schedules = now, or the earliest given time if that is earlier; starts = lobby if given, else
    schedules; lobby = starts; locks = ends. The order is not checked here (see `check_order`).

    :raises Invalid: the end is omitted.
    """
    known = {name: moment for name in TIMES if (moment := given.get(name)) is not None}
    if "ends_at" not in known:
        raise _invalid([_fault("ends_at", "required", "A tournament needs an end.")])
    ends_at = known["ends_at"]
    schedules_at = known.get("schedules_at", min(now, *known.values()))
    starts_at = known.get("starts_at", known.get("moves_to_lobby_at", schedules_at))
    return Timetable(
        schedules_at=schedules_at,
        moves_to_lobby_at=known.get("moves_to_lobby_at", starts_at),
        starts_at=starts_at,
        locks_at=known.get("locks_at", ends_at),
        ends_at=ends_at,
    )


def check_order(timetable: Timetable, now: datetime) -> None:
    """Accepts a timetable in order, within five years of now either way, and with its end in the future.

    :raises Invalid: with `errors`, one `{field, code, detail}` for each fault, fields by their wire names. An end that
        has passed is the only fault named: times that were filled in from it would each be one too.
    """
    if timetable.ends_at <= now:
        raise _invalid([_fault("ends_at", "not_in_future", "The end must be in the future.")])
    nearest, furthest = _years_later(now, -MAX_YEARS_AWAY), _years_later(now, MAX_YEARS_AWAY)
    faults = [
        _fault(name, "too_far_away", f"This is more than {MAX_YEARS_AWAY} years away.")
        for name in TIMES
        if not nearest <= getattr(timetable, name) <= furthest
    ]
    faults += [
        _fault(later, "out_of_order", f"This must not be before {wire_name(earlier)}.")
        for earlier, later in pairwise(TIMES)
        if getattr(timetable, later) < getattr(timetable, earlier)
    ]
    if faults:
        raise _invalid(faults)


def wire_name(name: str) -> str:
    """The wire's name of a time of the timetable."""
    return f"{name}_timestamp"


def _fault(name: str, code: str, detail: str) -> dict[str, str]:
    return {"field": wire_name(name), "code": code, "detail": detail}


def _invalid(faults: list[dict[str, str]]) -> Invalid:
    return Invalid("The tournament's times are not valid.", errors=faults)


def _years_later(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # 29 February, in a year that has none
        return moment.replace(year=moment.year + years, month=3, day=1)


# --- The status


def status(
    timetable: Timetable,
    *,
    published_at: datetime | None,
    cancelled_at: datetime | None,
    field_size: int,
    min_participants: int,
    has_scores: bool | Callable[[], bool],
    pays_anybody: bool | Callable[[], bool],
    now: datetime,
) -> Status:
    """The tournament's status at `now`: right with no worker running.

    `has_scores` (a gamer in the field has a score, or had one until disqualified) and `pays_anybody` (the table pays at
    this field size) matter only from the end on. If they are callables, they are called only then, and only if no
    earlier condition decides.
    """
    if _is_cancelled(timetable, cancelled_at, now):
        return Status.CANCELLED
    if not _is_published(published_at, now):
        return Status.DRAFT
    if now < timetable.ends_at:
        return _phase(timetable, now)
    if field_size >= min_participants and _value_of(has_scores) and _value_of(pays_anybody):
        return Status.COMPLETED
    return Status.CANCELLED


def in_join_window(
    timetable: Timetable, *, published_at: datetime | None, cancelled_at: datetime | None, now: datetime
) -> bool:
    """Whether gamers may join, or leave, at `now`: from schedules to locks."""
    return _is_open(timetable, published_at, cancelled_at, now) and (timetable.schedules_at <= now < timetable.locks_at)


def in_score_window(
    timetable: Timetable, *, published_at: datetime | None, cancelled_at: datetime | None, now: datetime
) -> bool:
    """Whether scores count at `now`: from starts to ends."""
    return _is_open(timetable, published_at, cancelled_at, now) and (timetable.starts_at <= now < timetable.ends_at)


def _is_open(timetable: Timetable, published_at: datetime | None, cancelled_at: datetime | None, now: datetime) -> bool:
    return _is_published(published_at, now) and not _is_cancelled(timetable, cancelled_at, now)


def _is_published(published_at: datetime | None, now: datetime) -> bool:
    return published_at is not None and published_at <= now


def _is_cancelled(timetable: Timetable, cancelled_at: datetime | None, now: datetime) -> bool:
    # The result is final from the end on: a later cancellation does not count.
    return cancelled_at is not None and cancelled_at <= now and cancelled_at < timetable.ends_at


def _phase(timetable: Timetable, now: datetime) -> Status:
    """The phase that began last. A phase of no length begins together with its successor, which wins."""
    starts = (timetable.schedules_at, timetable.moves_to_lobby_at, timetable.starts_at, timetable.locks_at)
    begun = [phase for phase, moment in zip(ACTIVE, starts, strict=True) if moment <= now]
    return begun[-1] if begun else Status.DRAFT


def _value_of(fact: bool | Callable[[], bool]) -> bool:
    return fact() if callable(fact) else fact


# --- The times that may still move


def extension_limit(original: Timetable, moment: datetime) -> datetime:
    """The latest that `moment`, the original lock or end, may be moved to once gamers have joined.

    An extension is at most the tournament's original length, from its start to its end.
    """
    return moment + (original.ends_at - original.starts_at)


def may_extend(current: datetime, proposed: datetime, *, latest: datetime, now: datetime) -> bool:
    """Whether a lock or an end at `current` may be moved to `proposed` once gamers have joined.

    It may move only later, while the present one has not passed, and not beyond `latest` (`extension_limit`).
    The same time again is no change, and always allowed.
    """
    return proposed == current or (now < current < proposed <= latest)
