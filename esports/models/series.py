"""Series, which make tournaments repeatedly, and their occurrences."""

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from esports.models.tournaments import Tournament
from esports.series import Calendar, Offsets
from kgen.constraints import CompositeForeignKey

# The condition of an occurrence that is neither made nor skipped.
WAITING = Q(tournament=None, skipped_at=None)


class TournamentSeries(models.Model):
    """A rule that makes tournaments repeatedly, read on the clock of a time zone."""

    audit_shown = ("name", "rule", "time_zone")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey("users.Client", models.PROTECT)
    name = models.CharField(max_length=200)
    rule = models.CharField(max_length=100, help_text="minute hour day-of-month month day-of-week")
    time_zone = models.CharField(max_length=64, help_text="a name of the IANA's, as Asia/Kolkata")
    first_date = models.DateField(null=True, blank=True, help_text="there; included")
    last_date = models.DateField(null=True, blank=True, help_text="there; included")
    schedules_before_seconds = models.IntegerField(default=0)
    lobby_before_seconds = models.IntegerField(default=0)
    locks_after_seconds = models.IntegerField()
    ends_after_seconds = models.IntegerField()
    template = models.JSONField(help_text="what each tournament is made from, under the names of its model")
    active = models.BooleanField(default=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    planned_to = models.DateTimeField(help_text="every occurrence up to here has its row")
    plan_at = models.DateTimeField(null=True, blank=True, help_text="when more rows are due; empty: never")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "tournament series"
        indexes = [
            models.Index(fields=["client", "-created_at", "-id"], condition=Q(deleted_at=None), name="series_newest"),
            models.Index(fields=["plan_at"], condition=Q(active=True, deleted_at=None), name="series_to_plan"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["client", "id"], name="series_of_client"),
            models.CheckConstraint(
                condition=Q(
                    lobby_before_seconds__gte=0,
                    schedules_before_seconds__gte=F("lobby_before_seconds"),
                    locks_after_seconds__gte=0,
                    ends_after_seconds__gte=F("locks_after_seconds"),
                    ends_after_seconds__gt=0,
                ),
                name="series_offsets_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def calendar(self) -> Calendar:
        """When its occurrences start."""
        return Calendar(self.rule, self.time_zone, self.first_date, self.last_date)

    @property
    def offsets(self) -> Offsets:
        """The distances of the other times from a start."""
        return Offsets(
            self.schedules_before_seconds,
            self.lobby_before_seconds,
            self.locks_after_seconds,
            self.ends_after_seconds,
        )


class SeriesOccurrence(models.Model):
    """One start of a series: waiting, made into a tournament, or skipped for a reason."""

    client = models.ForeignKey("users.Client", models.PROTECT)
    series = models.ForeignKey(TournamentSeries, models.PROTECT, related_name="occurrences")
    starts_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="when it is to be made, or tried again")
    tournament = models.OneToOneField(Tournament, models.PROTECT, null=True, blank=True, related_name="occurrence")
    skipped_at = models.DateTimeField(null=True, blank=True, help_text="its start passed before it was made")
    reason = models.CharField(max_length=500, blank=True, default="", help_text="why it is not made (yet)")

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(tournament=None, skipped_at=None), name="occurrences_due"),
            models.Index(
                fields=["starts_at"], condition=Q(tournament=None, skipped_at=None), name="occurrences_waiting"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["series", "starts_at"], name="one_occurrence_per_start"),
            models.CheckConstraint(
                condition=Q(tournament=None) | Q(skipped_at=None), name="made_or_skipped_never_both"
            ),
            CompositeForeignKey(
                columns=["client_id", "series_id"],
                to_table="esports_tournamentseries",
                to_columns=["client_id", "id"],
                name="occurrence_series_client",
            ),
            CompositeForeignKey(
                columns=["client_id", "tournament_id"],
                to_table="esports_tournament",
                to_columns=["client_id", "id"],
                name="occurrence_tournament_client",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.series_id} {self.starts_at.isoformat()}"
