"""Tournaments, their seats, and named prize tables."""

from datetime import datetime
from typing import cast

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least
from uuid_utils.compat import uuid7

from esports import lifecycle, prizes
from esports.lifecycle import Status, Timetable
from esports.ranking import Order, Rule

MAX_SIZE = 1_000_000
# The most that an escrow may hold: buy-in × size + sponsorship.
MAX_ESCROW = 2**52
MAX_SETTLEMENT_DELAY_SECONDS = 7 * 24 * 3600


class ScoreOrder(models.TextChoices):
    """Which score is better."""

    DESC = "desc"
    ASC = "asc"


class ScoreOperator(models.TextChoices):
    """How a new score changes the standing."""

    LATEST = "latest"
    BEST = "best"
    SUM = "sum"


class ScoreSource(models.TextChoices):
    """Who may post scores."""

    ANY = "any"
    SERVER = "server"


class TieRule(models.TextChoices):
    """How equal scores share prizes."""

    FIRST_TO_REACH = "first_to_reach"
    SPLIT = "split"


class PrizeTable(models.Model):
    """A client's prize table under a name. Each tournament keeps its own copy."""

    client = models.ForeignKey("users.Client", models.PROTECT)
    name = models.CharField(max_length=200)
    table = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="one_prize_table_per_name")]

    def __str__(self) -> str:
        return self.name


class Tournament(models.Model):
    """One tournament. Its status is a function of its times and the clock (esports.lifecycle)."""

    audit_shown = ("title", "currency", "mode")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Several indexes below begin with the client.
    client = models.ForeignKey("users.Client", models.PROTECT, db_index=False)
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=4000, blank=True, default="")
    mode = models.CharField(max_length=200, default="Quick")
    buy_in_price = models.BigIntegerField(help_text="whole units of the client's currency")
    currency = models.CharField(max_length=12)
    min_participants = models.IntegerField(default=3)
    schedules_at = models.DateTimeField()
    moves_to_lobby_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    locks_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    original_locks_at = models.DateTimeField(help_text="before any extension")
    original_ends_at = models.DateTimeField(help_text="before any extension")
    published_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=500, blank=True, default="")
    refunded_at = models.DateTimeField(null=True, blank=True, help_text="a cancelled one's stakes are all back")
    settled_at = models.DateTimeField(null=True, blank=True, help_text="a completed one's prizes are all booked")
    over_at = models.GeneratedField(
        expression=Least("ends_at", "cancelled_at"), output_field=models.DateTimeField(), db_persist=True
    )
    score_order = models.CharField(max_length=4, choices=ScoreOrder.choices, default=ScoreOrder.DESC)
    score_operator = models.CharField(max_length=6, choices=ScoreOperator.choices, default=ScoreOperator.LATEST)
    score_source = models.CharField(max_length=6, choices=ScoreSource.choices, default=ScoreSource.ANY)
    score_min = models.BigIntegerField(null=True, blank=True)
    score_max = models.BigIntegerField(null=True, blank=True)
    prize_table = models.JSONField()
    tie_rule = models.CharField(max_length=14, choices=TieRule.choices, default=TieRule.FIRST_TO_REACH)
    sponsored_amount = models.BigIntegerField(default=0)
    settlement_delay_seconds = models.IntegerField(default=0)
    escrow = models.ForeignKey("wallet.Account", models.PROTECT, help_text="holds stakes and sponsorship")
    announced = models.PositiveSmallIntegerField(
        default=0, help_text="how far webhooks have told of it: 1 started, 2 locked, 3 over"
    )
    revision = models.IntegerField(default=1, help_text="counts changes; names sponsorship's ledger references")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["client", "-created_at", "-id"], name="tournaments_newest"),
            models.Index(fields=["client", "starts_at", "id"], name="tournaments_by_start"),
            models.Index(fields=["client", "ends_at", "id"], name="tournaments_by_end"),
            models.Index(fields=["over_at"], condition=Q(refunded_at=None, settled_at=None), name="unbooked"),
            models.Index(fields=["starts_at"], condition=Q(announced__lt=3), name="unannounced"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["client", "id"], name="tournament_of_client"),
            models.CheckConstraint(
                condition=Q(
                    schedules_at__lte=F("moves_to_lobby_at"),
                    moves_to_lobby_at__lte=F("starts_at"),
                    starts_at__lte=F("locks_at"),
                    locks_at__lte=F("ends_at"),
                ),
                name="tournament_times_in_order",
            ),
            models.CheckConstraint(
                condition=Q(buy_in_price__gte=0, sponsored_amount__gte=0, min_participants__gte=1),
                name="tournament_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    settlement_delay_seconds__gte=0,
                    settlement_delay_seconds__lte=MAX_SETTLEMENT_DELAY_SECONDS,
                ),
                name="tournament_settlement_delay",
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None) | Q(refunded_at=None), name="settled_or_refunded_never_both"
            ),
            models.CheckConstraint(
                condition=Q(score_min=None) | Q(score_max=None) | Q(score_min__lte=F("score_max")),
                name="tournament_score_bounds",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def timetable(self) -> Timetable:
        """The five times."""
        return Timetable(self.schedules_at, self.moves_to_lobby_at, self.starts_at, self.locks_at, self.ends_at)

    @property
    def original_timetable(self) -> Timetable:
        """The five times before any extension."""
        return Timetable(
            self.schedules_at,
            self.moves_to_lobby_at,
            self.starts_at,
            self.original_locks_at,
            self.original_ends_at,
        )

    @property
    def table(self) -> prizes.PrizeBands:
        """This tournament's own prize table."""
        return prizes.parse_table(self.prize_table)

    @property
    def score_rule(self) -> Rule:
        """How its scores fold."""
        operator = ScoreOperator(self.score_operator)
        return Rule(operator.value, self.order, self.score_min, self.score_max)  # type: ignore[arg-type]

    @property
    def order(self) -> Order:
        """Which score is better."""
        return cast(Order, str(self.score_order))

    @property
    def prize_terms(self) -> prizes.PrizeTerms:
        """The amounts that its prizes depend on, at the present field size."""
        return prizes.PrizeTerms(
            field_size=self.seats.taken, buy_in=self.buy_in_price, sponsorship=self.sponsored_amount
        )

    def prize_ranges(self) -> list[prizes.PrizeRange]:
        """The ranks that win at the present field size, and what each wins."""
        return prizes.rank_prizes(self.table, **self.prize_terms)

    def price_pool(self) -> int:
        """The sum of all prizes at the present field size."""
        return prizes.total(self.table, **self.prize_terms)

    def status_at(self, now: datetime, *, has_scores: bool) -> Status:
        """Its status at `now`; `has_scores` matters from the end on, and includes scores of disqualified gamers."""
        return lifecycle.status(
            self.timetable,
            published_at=self.published_at,
            cancelled_at=self.cancelled_at,
            field_size=self.seats.taken,
            min_participants=self.min_participants,
            has_scores=has_scores,
            pays_anybody=lambda: self.price_pool() > 0,
            now=now,
        )

    def takes_joins(self, now: datetime) -> bool:
        """Whether gamers may join or leave at `now`."""
        return lifecycle.in_join_window(
            self.timetable, published_at=self.published_at, cancelled_at=self.cancelled_at, now=now
        )

    def takes_scores(self, now: datetime) -> bool:
        """Whether scores count at `now`."""
        return lifecycle.in_score_window(
            self.timetable, published_at=self.published_at, cancelled_at=self.cancelled_at, now=now
        )


class Seats(models.Model):
    """The number of a tournament's seats, and of those that are taken. Its row lock is the lock of the field.

    It is a row of its own because every join updates it and also refers to the tournament's row: in one row, the two
    would make PostgreSQL build a MultiXact for each join.
    """

    tournament = models.OneToOneField(Tournament, models.PROTECT, primary_key=True, related_name="seats")
    size = models.IntegerField()
    taken = models.IntegerField(default=0)
    ever_taken = models.BooleanField(default=False, help_text="somebody joined once, even if all have left")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(taken__gte=0, taken__lte=F("size")), name="seats_within_size"),
            models.CheckConstraint(condition=Q(size__gte=1, size__lte=MAX_SIZE), name="seats_size_bounds"),
        ]
