"""Request and response bodies of series."""

import re
from datetime import date
from typing import Any

from rest_framework import serializers

from esports.models import ScoreOperator, ScoreOrder, SeriesOccurrence, TieRule, TournamentSeries
from esports.serializers.tournaments_in import TermsPatch
from esports.serializers.tournaments_out import TermsOut, TimetableOut, timetable_wire
from esports.series import words
from esports.services.organising import DEFAULT_MIN_PARTICIPANTS, source_of
from kgen.api.fields import Flag, Text, WholeNumber

MAX_BEFORE_SECONDS = 14 * 24 * 3600
MAX_AFTER_SECONDS = 30 * 24 * 3600
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Day(serializers.DateField):
    """A date, as 2026-12-31."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail("invalid", format="YYYY-MM-DD")


class SeriesPatch(TermsPatch):
    """The fields of a series; all optional. The tournament's fields are as in a tournament."""

    name = Text(max_length=200)
    rule = Text(max_length=100, help_text="minute hour day-of-month month day-of-week, as cron reads them")
    time_zone = Text(max_length=64, help_text="an IANA name, as Asia/Kolkata: the rule uses its clock")
    first_date = Day(allow_null=True, help_text="there; included")
    last_date = Day(allow_null=True, help_text="there; included")
    schedules_before_seconds = WholeNumber(min_value=0, max_value=MAX_BEFORE_SECONDS)
    lobby_before_seconds = WholeNumber(min_value=0, max_value=MAX_BEFORE_SECONDS)
    locks_after_seconds = WholeNumber(min_value=0, max_value=MAX_AFTER_SECONDS)
    ends_after_seconds = WholeNumber(min_value=1, max_value=MAX_AFTER_SECONDS)
    active = Flag()

    nullable_fields = TermsPatch.nullable_fields | {"first_date", "last_date"}

    def validate_name(self, name: str) -> str:
        """A name with at least one visible character."""
        return self.validate_title(name)


class SeriesIn(SeriesPatch):
    """A new series."""

    required_fields = frozenset({"title", "buy_in_price", "tournament_size", "rule", "time_zone", "ends_after_seconds"})


class OccurrenceOut(TimetableOut):
    """An occurrence of a series."""

    in_words = serializers.CharField()
    tournament_uid = serializers.UUIDField(allow_null=True, help_text="null until it is made")
    reason = serializers.CharField(allow_blank=True, help_text="why it could not be made yet; it is tried again")


class SeriesOut(TermsOut):
    """A series."""

    series_uid = serializers.UUIDField()
    game_uid = serializers.UUIDField()
    name = serializers.CharField()
    active = serializers.BooleanField()
    rule = serializers.CharField()
    time_zone = serializers.CharField()
    first_date = serializers.DateField(allow_null=True)
    last_date = serializers.DateField(allow_null=True)
    schedules_before_seconds = serializers.IntegerField()
    lobby_before_seconds = serializers.IntegerField()
    locks_after_seconds = serializers.IntegerField()
    ends_after_seconds = serializers.IntegerField()
    score_min = serializers.IntegerField(allow_null=True)
    score_max = serializers.IntegerField(allow_null=True)
    settlement_delay_seconds = serializers.IntegerField()
    next_occurrences = OccurrenceOut(many=True, help_text="the next five; none while it is paused")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


# The defaults of a template are those of a tournament.
_DEFAULTS: dict[str, Any] = {
    "description": "",
    "mode": "Quick",
    "min_participants": DEFAULT_MIN_PARTICIPANTS,
    "score_order": ScoreOrder.DESC.value,
    "score_operator": ScoreOperator.LATEST.value,
    "score_min": None,
    "score_max": None,
    "tie_rule": TieRule.FIRST_TO_REACH.value,
    "sponsored_amount": 0,
    "settlement_delay_seconds": 0,
}
_OWN = (
    *("name", "active", "rule", "time_zone", "first_date", "last_date"),
    *("schedules_before_seconds", "lobby_before_seconds", "locks_after_seconds", "ends_after_seconds"),
)


def series_wire(row: Any) -> dict[str, Any]:
    """A series as `SeriesOut`; the row as `with_next` gives it."""
    return {
        "series_uid": row.pk,
        "game_uid": row.client_id,
        **{name: getattr(row, name) for name in _OWN},
        **_DEFAULTS,
        "score_source": source_of(row.template),
        **row.template,
        "next_occurrences": [_occurrence_wire(row, occurrence) for occurrence in row.coming],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _occurrence_wire(row: TournamentSeries, occurrence: SeriesOccurrence) -> dict[str, Any]:
    times = row.offsets.timetable(occurrence.starts_at)
    return {
        **timetable_wire(times),
        "in_words": words(times, row.time_zone),
        "tournament_uid": occurrence.tournament_id,
        "reason": occurrence.reason,
    }
