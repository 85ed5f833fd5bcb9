"""Running totals of the postings, which spare the console summing millions of rows.

They are derived data: up to the mark they equal the sum of the postings, which `verify_ledger` proves.
"""

from django.db import models


class PostingMark(models.Model):
    """The totals count all postings up to `counted` and none after it. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    counted = models.BigIntegerField(default=0, help_text="the last posting id in the totals")
    goal = models.BigIntegerField(default=0, help_text="the posting id that they are on their way to")
    writers = models.JSONField(
        default=list, help_text="transactions that may still be writing postings of up to the goal"
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_posting_mark")]

    def __str__(self) -> str:
        return f"postings counted to {self.counted}"


class DayTotal(models.Model):
    """The money that moved on a UTC day between two kinds of accounts, for one kind of transaction."""

    client_id = models.UUIDField()
    currency = models.CharField(max_length=12)
    day = models.DateField()
    kind = models.CharField(max_length=20, help_text="of the transactions")
    source = models.CharField(max_length=20, help_text="kind of account")
    destination = models.CharField(max_length=20, help_text="kind of account")
    moved = models.DecimalField(max_digits=40, decimal_places=0)
    postings = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["day"], name="totals_of_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["client_id", "day", "currency", "kind", "source", "destination"], name="one_total_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind}: {self.source} → {self.destination}"


class KindTotal(models.Model):
    """The total balance that a client's transactions have left on all accounts of a kind."""

    client_id = models.UUIDField()
    currency = models.CharField(max_length=12)
    kind = models.CharField(max_length=20, help_text="of account")
    held = models.DecimalField(max_digits=40, decimal_places=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client_id", "currency", "kind"], name="one_total_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.currency}: {self.held}"
