"""Initial values of the forms: the terms of a template or a tournament, as form texts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from esports import lifecycle, prizes
from esports.admin.clocks import lasting, typed
from esports.admin.fields import rows_of
from esports.admin.forms import DEFAULT, NAMED, OWN, WhatForm
from esports.models import Tournament
from esports.selectors.templates import named_tables
from esports.series import resolve
from esports.services.drafting import Typed

WEEK = timedelta(days=7)
# The fields of a tournament that a template holds.
TERMS = (
    *(name for name in WhatForm.base_fields if name != "tournament_size"),
    *("prize_table", "tie_rule", "sponsored_amount", "settlement_delay_seconds"),
)


def terms_of(tournament: Tournament) -> dict[str, Any]:
    """A tournament's terms, in the format of a template."""
    return {name: getattr(tournament, name) for name in TERMS} | {"tournament_size": tournament.seats.size}


def typed_terms(client_id: UUID, terms: dict[str, Any]) -> Typed:
    """A template's terms as the forms' texts."""
    what = {
        name: [_text(terms.get(name, field.initial or next(iter(getattr(field, "choices", [("", "")])))[0]))]
        for name, field in WhatForm.base_fields.items()
    }
    delay = terms.get("settlement_delay_seconds")
    more: Typed = {
        "tie_rule": [terms.get("tie_rule", "first_to_reach")],
        "sponsored_amount": [str(terms.get("sponsored_amount", 0))],
        "settlement_delay": [lasting(delay)] if delay else [],
    }
    return what | more | typed_table(client_id, terms.get("prize_table"))


def typed_table(client_id: UUID, wire: Any) -> Typed:
    """A prize table as the form's texts: by its name if the client's table of that name has the same bands."""
    table = prizes.parse_table(wire) if isinstance(wire, dict) else prizes.DEFAULT_TABLE
    rows = rows_of(table)
    bands = {"band_reach": [reach for reach, _ in rows], "band_pays": [pays for _, pays in rows]}
    kind: list[str] = [table.kind]
    return {"table": [_choice(client_id, table)], "kind": kind} | bands


def _choice(client_id: UUID, table: prizes.PrizeBands) -> str:
    if table == prizes.DEFAULT_TABLE:
        return DEFAULT
    named = named_tables(client_id).get(table.name)
    return NAMED + table.name if named is not None and named.bands == table.bands else OWN


def moved_times(tournament: Tournament, now: datetime, zone: str) -> Typed:
    """A tournament's times in `zone`, the fewest whole weeks later that put its start into the future.

    Uses the original timetable, without extensions or an early end. A lobby at the start and a lock at the end stay
    empty, because these are the defaults.
    """
    tz, times = ZoneInfo(zone), tournament.original_timetable
    weeks = max(1, -(-(now - times.starts_at) // WEEK) + (now == times.starts_at))

    def later(moment: datetime) -> str:
        wall = moment.astimezone(tz).replace(tzinfo=None, fold=0) + weeks * WEEK
        return typed(resolve(wall, tz).astimezone(UTC), zone)

    found = {name: [later(getattr(times, name))] for name in lifecycle.TIMES}
    if times.moves_to_lobby_at == times.starts_at:
        found["moves_to_lobby_at"] = []
    if times.locks_at == times.ends_at:
        found["locks_at"] = []
    return found | {"time_zone": [zone]}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
