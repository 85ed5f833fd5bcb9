"""Leaderboards: the ranked standings in their order, and which of them have changed."""

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from esports.models.participations import Participation
from esports.models.tournaments import Tournament


class IdsField(models.Field):  # type: ignore[type-arg]
    """Ids in one column. Django's own arrays want an app that asks each new connection two questions more."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "uuid[]"


class LeaderboardRow(models.Model):
    """A ranked standing in its board's order: what the participation says, written with it in one transaction.

    Narrow, and with no other index than its order, so that a score moves one entry of one index. The participation is
    the truth, which settlement ranks by; `verify_ledger` proves that both say the same.
    """

    pk = models.CompositePrimaryKey("tournament_id", "rank_key", "reached_at", "joined_at", "participation_id")
    tournament = models.ForeignKey(Tournament, models.PROTECT, db_index=False)
    rank_key = models.BigIntegerField()
    reached_at = models.DateTimeField()
    joined_at = models.DateTimeField()
    # The column is called as in a participation: what asks for an order asks either.
    participation = models.ForeignKey(Participation, models.PROTECT, db_column="id", db_index=False)
    score = models.BigIntegerField()
    # The gamer's, so that nobody who reads a board looks at gamers. Of another name a Rename tells.
    user_id = models.CharField(max_length=128)
    username = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return f"row of participation {self.participation_id}"


class Rename(models.Model):
    """A gamer who has another user name now, until the rows of boards have followed. Written by the database itself."""

    gamer_id = models.UUIDField()

    def __str__(self) -> str:
        return f"rename {self.pk}"


class StandingChange(models.Model):
    """Whose standings one transaction changed: how rank caches catch up. Forgotten after some hours."""

    # No reference: each would be a lock on the tournament's row, and nothing hangs on a log of hints.
    tournament_id = models.UUIDField()
    participation_ids = IdsField()
    xid = models.BigIntegerField(help_text="the transaction")
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tournament_id", "xid"], name="standing_changes")]

    def __str__(self) -> str:
        return f"change {self.pk}"
