"""Running totals of entries, so that showing a month counts no participations."""

from django.db import models


class EntryMark(models.Model):
    """How far the totals go: they count every participation with an id below `counted_to` and no other. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    counted_to = models.UUIDField(help_text="ids are UUIDv7: they begin with the time at which they were made")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_entry_mark")]

    def __str__(self) -> str:
        return f"entries counted to {self.counted_to}"


class EntryDay(models.Model):
    """How often a client's tournaments were joined on a UTC day; free entries and later leaves count too."""

    client = models.ForeignKey("users.Client", models.PROTECT)
    day = models.DateField()
    entries = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["day"], name="entries_of_day")]
        constraints = [models.UniqueConstraint(fields=["client", "day"], name="one_entry_count_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.entries}"
