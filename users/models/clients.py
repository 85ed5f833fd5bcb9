"""Operators, clients and their secrets."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

from kgen.api.origins import LONGEST_LIST, listed


class Operator(AbstractUser):
    """A person who works in the console. Groups are roles (docs/console.md)."""

    clients = models.ManyToManyField(
        "users.Client", blank=True, related_name="operators", help_text="limited to these games; none: all games"
    )

    audit_shown = ("username",)

    class Meta(AbstractUser.Meta):
        verbose_name, verbose_name_plural = "operator", "operators"


class Client(models.Model):
    """A studio's game: the tenant that owns gamers, tournaments and money."""

    audit_shown = ("name", "currency", "phone_countries")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    active = models.BooleanField(default=True, help_text="off: every call is refused, in the game and from the studio")
    currency = models.CharField(max_length=12, default="KCASH")
    welcome_bonus = models.BigIntegerField(default=50, help_text="bonus money of a new gamer, whole units")
    minimum_withdrawal = models.BigIntegerField(default=0)
    maximum_withdrawal = models.BigIntegerField(null=True, blank=True, help_text="of one withdrawal; empty: none")
    daily_withdrawal_limit = models.BigIntegerField(
        null=True, blank=True, help_text="of one gamer in a UTC day; empty: none"
    )
    approval_above = models.BigIntegerField(
        null=True, blank=True, help_text="withdrawals over this wait for an operator; empty: none does"
    )
    reward_expiry_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="unclaimed rewards go to the house after so many days; empty: never"
    )
    phone_countries = models.CharField(
        max_length=500, default="IN", help_text="ISO codes of countries whose numbers may be linked; '*' is all"
    )
    sponsorship_limit = models.BigIntegerField(
        default=1_000_000, help_text="how far sponsored tournaments may take the sponsor's account below zero"
    )
    # With defaults in the database, so that a version which does not know the columns still makes clients.
    store_url = models.CharField(
        max_length=2000, blank=True, default="", db_default="", help_text="where gamers shop; empty: there is no store"
    )
    origins = models.CharField(
        max_length=LONGEST_LIST, blank=True, default="", db_default="", help_text="web pages whose games may call"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(welcome_bonus__gte=0, minimum_withdrawal__gte=0, sponsorship_limit__gte=0),
                name="client_amounts_not_negative",
            ),
            models.CheckConstraint(condition=Q(welcome_bonus__lte=10**12), name="client_bonus_bound"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z][A-Z0-9]{1,11}$"), name="client_currency_form"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def listed_origins(self) -> frozenset[str]:
        """The origins of the pages that may call for this client's gamers."""
        return listed(self.origins)


class SecretKind(models.TextChoices):
    """What a secret opens."""

    SERVER = "server", "server: every call of the studio's server"
    # It stands in the source of a web page: every visitor has it.
    SESSIONS = "sessions", "sessions: a web page opens the sessions of its own visitors, and nothing else"


class ClientSecret(models.Model):
    """One of up to two live secrets of a client and kind. Only a keyed digest is stored."""

    audit_shown = ("hint", "kind")

    client = models.ForeignKey(Client, models.PROTECT, related_name="secrets")
    kind = models.CharField(
        max_length=8, choices=SecretKind.choices, default=SecretKind.SERVER, db_default=SecretKind.SERVER
    )
    slot = models.PositiveSmallIntegerField()
    digest = models.BinaryField(max_length=32)
    hint = models.CharField(max_length=12, help_text="its first characters, to tell secrets apart")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "kind", "slot"], condition=Q(revoked_at=None), name="two_live_secrets_a_kind"
            ),
            models.CheckConstraint(condition=Q(slot__in=[1, 2]), name="secret_slots"),
            models.CheckConstraint(condition=Q(kind__in=SecretKind.values), name="secret_kinds"),
        ]

    def __str__(self) -> str:
        return f"{self.hint}…"

    @property
    def page_origins(self) -> frozenset[str]:
        """The web pages that may read the answers of calls with this secret."""
        return self.client.listed_origins if self.kind == SecretKind.SESSIONS else frozenset()


class NewGamers(models.Model):
    """The number of new gamers of a client on a UTC day, over several rows so that first sessions do not queue."""

    client = models.ForeignKey(Client, models.PROTECT)
    day = models.DateField()
    slot = models.PositiveSmallIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "day", "slot"], name="new_gamers_slot")]
