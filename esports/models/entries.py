"""Running totals of entries, so that nobody has to count a month's participations to show them."""

from django.db import models


class EntryMark(models.Model):
    """How far participations are counted: all with ids below `counted_to`, and no others. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    counted_to = models.UUIDField(help_text="ids are UUIDv7: they begin with the time at which they were made")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_entry_mark")]

    def __str__(self) -> str:
        return f"entries counted to {self.counted_to}"


class EntryDay(models.Model):
    """How often a client's tournaments were joined on a UTC day, also for free, and by who left again."""

    client = models.ForeignKey("users.Client", models.PROTECT)
    day = models.DateField()
    entries = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["day"], name="entries_of_day")]
        constraints = [models.UniqueConstraint(fields=["client", "day"], name="one_entry_count_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.entries}"
