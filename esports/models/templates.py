"""Templates of a client's tournaments, and operators' drafts."""

from django.db import models
from uuid_utils.compat import uuid7

from esports.models.tournaments import Tournament
from kgen.constraints import CompositeForeignKey


class TournamentTemplate(models.Model):
    """A tournament without its times, under a name: tournaments and series start from it."""

    audit_shown = ("name",)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey("users.Client", models.PROTECT)
    name = models.CharField(max_length=200)
    terms = models.JSONField(help_text="the fields of a tournament, under the names of its model")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="one_template_per_name")]

    def __str__(self) -> str:
        return self.name


class TournamentDraft(models.Model):
    """A tournament that an operator has not finished typing. It is published once and then names its tournament."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey("users.Client", models.PROTECT)
    operator = models.ForeignKey("users.Operator", models.CASCADE, help_text="who alone sees it")
    fields = models.JSONField(help_text="each field of the forms as it was typed: a list of texts")
    tournament = models.OneToOneField(Tournament, models.PROTECT, null=True, blank=True, related_name="draft")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            CompositeForeignKey(
                columns=["client_id", "tournament_id"],
                to_table="esports_tournament",
                to_columns=["client_id", "id"],
                name="draft_tournament_client",
            )
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"
