"""Leaderboards: the ranked standings in their order, and a log of which have changed."""

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from esports.models.participations import Participation
from esports.models.tournaments import Tournament


class IdsField(models.Field):  # type: ignore[type-arg]
    """Several ids in one column. Django's own array field needs an app that runs two more queries a connection."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "uuid[]"


class LeaderboardRow(models.Model):
    """A ranked standing in its board's order: a copy of the participation's, written in the same transaction.

    The row is narrow and its only index is the board's order, so a score moves one entry of one index. The
    participation is the truth, by which settlement ranks; `verify_ledger` proves that both say the same.
    """

    pk = models.CompositePrimaryKey("tournament_id", "rank_key", "reached_at", "joined_at", "participation_id")
    tournament = models.ForeignKey(Tournament, models.PROTECT, db_index=False)
    rank_key = models.BigIntegerField()
    reached_at = models.DateTimeField()
    joined_at = models.DateTimeField()
    # The column is named as in a participation, so that the same SQL orders both (esports.sql.order).
    participation = models.ForeignKey(Participation, models.PROTECT, db_column="id", db_index=False)
    score = models.BigIntegerField()
    # Copies of the gamer's, so that reading a board reads no gamers. A Rename reports a new name.
    user_id = models.CharField(max_length=128)
    username = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return f"row of participation {self.participation_id}"


class Rename(models.Model):
    """A gamer with a new user name that rows of boards do not show yet. A trigger writes it."""

    gamer_id = models.UUIDField()

    def __str__(self) -> str:
        return f"rename {self.pk}"


class StandingChange(models.Model):
    """The standings that one transaction changed, from which rank caches catch up. A duty removes old ones."""

    # No foreign key: each would lock the tournament's row, and a log of hints needs no integrity.
    tournament_id = models.UUIDField()
    participation_ids = IdsField()
    xid = models.BigIntegerField(help_text="the transaction")
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tournament_id", "xid"], name="standing_changes")]

    def __str__(self) -> str:
        return f"change {self.pk}"
