"""Participations, their scores and rulings. Money is in the ledger; a stake here is a fact about an entry."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from esports.models.tournaments import Tournament
from esports.ranking import SortKey
from kgen.constraints import CompositeForeignKey


def live(path: str = "") -> Q:
    """The condition of live participations, as `esports.sql.LIVE`; `path` leads to them, as "participation__"."""
    return Q(**{f"{path}left_at": None})


class Participation(models.Model):
    """One entry of a gamer into a tournament, from join to leave or result, with the standing.

    No index holds a column of the standing or the result, so the most frequent updates touch no index (HOT updates).
    LeaderboardRow holds the board's order.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No table has more writes: the composite keys below imply these, and the indexes below serve their look-ups.
    client = models.ForeignKey("users.Client", models.PROTECT, db_constraint=False, db_index=False)
    tournament = models.ForeignKey(Tournament, models.PROTECT, db_constraint=False, db_index=False)
    gamer = models.ForeignKey("users.Gamer", models.PROTECT, db_constraint=False, db_index=False)
    stake = models.BigIntegerField()
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)
    refunded_at = models.DateTimeField(null=True, blank=True, help_text="the tournament was cancelled")
    score = models.BigIntegerField(null=True, blank=True)
    reached_at = models.DateTimeField(null=True, blank=True, help_text="when the standing took its present value")
    rank_key = models.BigIntegerField(null=True, blank=True, help_text="smaller is better, in either order")

    disqualified_at = models.DateTimeField(
        null=True, blank=True, help_text="stays in the field with stake and score, but holds no rank"
    )
    # Each is unique because one statement numbers them; verify_ledger checks it, and a constraint on rewards
    # (rewards.models) enforces it for winners.
    final_rank = models.IntegerField(null=True, blank=True, help_text="as settled")
    prize = models.BigIntegerField(null=True, blank=True, help_text="as settled; 0 for a rank that wins nothing")

    class Meta:
        indexes = [
            models.Index(fields=["gamer", "-joined_at", "-id"], condition=Q(left_at=None), name="gamers_tournaments"),
            models.Index(
                fields=["tournament", "id"],
                condition=Q(left_at=None, refunded_at=None),
                name="participations_to_refund",
            ),
            models.Index(fields=["tournament"], condition=Q(disqualified_at__isnull=False), name="disqualified"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["tournament", "gamer"], condition=Q(left_at=None), name="one_live_stay"),
            models.UniqueConstraint(fields=["client", "id"], name="participation_of_client"),
            models.CheckConstraint(condition=Q(left_at=None) | Q(score=None), name="leave_only_without_score"),
            models.CheckConstraint(
                condition=Q(score=None, reached_at=None, rank_key=None)
                | Q(score__isnull=False, reached_at__isnull=False)
                & (
                    Q(rank_key__isnull=False, disqualified_at=None)
                    | Q(rank_key=None, disqualified_at__isnull=False, final_rank=None)
                ),
                name="standing_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(disqualified_at=None) | Q(left_at=None), name="the_disqualified_do_not_leave"
            ),
            models.CheckConstraint(condition=Q(stake__gte=0), name="stake_not_negative"),
            models.CheckConstraint(
                condition=Q(final_rank=None, prize=None)
                | Q(final_rank__gte=1, prize__gte=0, score__isnull=False, refunded_at=None),
                name="result_is_whole",
            ),
            CompositeForeignKey(
                columns=["client_id", "tournament_id"],
                to_table="esports_tournament",
                to_columns=["client_id", "id"],
                name="participation_tournament_client",
            ),
            CompositeForeignKey(
                columns=["client_id", "gamer_id"],
                to_table="users_gamer",
                to_columns=["client_id", "id"],
                name="participation_gamer_client",
            ),
        ]

    def __str__(self) -> str:
        return f"participation {self.pk}"

    @property
    def sort_key(self) -> SortKey:
        """Where a ranked standing belongs in the board's order."""
        assert self.rank_key is not None
        assert self.reached_at is not None
        return SortKey(self.rank_key, self.reached_at, self.joined_at, self.pk)


class ScoreEvent(models.Model):
    """An accepted score. The events of a participation fold to its standing."""

    # The composite key below implies both simple ones, and no query finds events by their client alone.
    client = models.ForeignKey("users.Client", models.PROTECT, db_constraint=False, db_index=False)
    participation = models.ForeignKey(Participation, models.PROTECT, db_constraint=False)
    value = models.BigIntegerField()
    event_id = models.CharField(max_length=128, null=True, blank=True)
    source = models.CharField(max_length=6, choices=[("gamer", "gamer"), ("server", "server")])
    accepted_at = models.DateTimeField()
    standing = models.BigIntegerField(help_text="the score after it, when it was accepted")
    voided_at = models.DateTimeField(null=True, blank=True, help_text="from then on it does not count")
    voided_by = models.BigIntegerField(null=True, blank=True, help_text="operator")
    void_reason = models.CharField(max_length=500, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(voided_at=None, voided_by=None, void_reason=None)
                | Q(voided_at__isnull=False, voided_by__isnull=False, void_reason__isnull=False),
                name="void_is_whole",
            ),
            models.UniqueConstraint(
                fields=["participation", "event_id"],
                condition=Q(event_id__isnull=False),
                name="one_event_per_id",
            ),
            CompositeForeignKey(
                columns=["client_id", "participation_id"],
                to_table="esports_participation",
                to_columns=["client_id", "id"],
                name="event_participation_client",
            ),
        ]

    def __str__(self) -> str:
        return f"score event {self.pk}"


class Ruling(models.Model):
    """A referee's decision about a participation: a log that only grows. The participation shows the last one."""

    class Act(models.TextChoices):
        """The decision."""

        # Asked for; a second operator has to disqualify too.
        PROPOSE = "PROPOSE"
        DISQUALIFY = "DISQUALIFY"
        REINSTATE = "REINSTATE"

    # Implied by the composite key below.
    client = models.ForeignKey("users.Client", models.PROTECT, db_constraint=False, db_index=False)
    participation = models.ForeignKey(Participation, models.PROTECT, related_name="rulings", db_constraint=False)
    act = models.CharField(max_length=10, choices=Act.choices)
    reason = models.CharField(max_length=500)
    operator_id = models.BigIntegerField()
    ruled_at = models.DateTimeField()

    class Meta:
        constraints = [
            CompositeForeignKey(
                columns=["client_id", "participation_id"],
                to_table="esports_participation",
                to_columns=["client_id", "id"],
                name="ruling_participation_client",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.participation_id}"
