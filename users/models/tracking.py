"""Events that games report about their gamers, and how many there were on a day."""

from django.db import models
from uuid_utils.compat import uuid7

from kgen.constraints import CompositeForeignKey
from users.models.clients import Client
from users.models.gamers import Gamer


class TrackedEvent(models.Model):
    """An event that a game reported. The database refuses to change it; a duty removes it after KGEN_TRACKER_DAYS.

    The id is a UUIDv7 by the database's clock: retention and exports find their rows by it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, models.PROTECT, db_index=False)
    gamer = models.ForeignKey(Gamer, models.PROTECT, db_index=False)
    name = models.CharField(max_length=128, help_text="the game's own, eventID on the wire")
    day = models.DateField(help_text="UTC")
    dropped_at = models.DateTimeField()
    attributes = models.JSONField()

    class Meta:
        indexes = [
            models.Index(fields=["client", "id"], name="tracked_events_of_client"),
            models.Index(fields=["gamer", "day"], name="tracked_events_of_gamer"),
        ]
        constraints = [
            CompositeForeignKey(
                columns=["client_id", "gamer_id"],
                to_table="users_gamer",
                to_columns=["client_id", "id"],
                name="tracked_event_gamer_same_client",
            ),
        ]


class TrackedEvents(models.Model):
    """The number of a client's events on a UTC day, over several rows so that calls do not queue."""

    client = models.ForeignKey(Client, models.PROTECT, db_index=False)
    day = models.DateField()
    slot = models.PositiveSmallIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "day", "slot"], name="tracked_events_slot")]
        indexes = [models.Index(fields=["day"], name="tracked_events_by_day")]
