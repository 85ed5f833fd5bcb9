"""Gamers, the KGeN accounts of their phones, and their sessions."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Trim
from django.db.models.lookups import GreaterThanOrEqual
from uuid_utils.compat import uuid7

from kgen.constraints import CompositeForeignKey
from users.models.clients import Client

LONGEST_NOTE = 2000


class KGenAccount(models.Model):
    """A person's KGeN account: one per phone over all games, with one wallet address."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    phone = models.CharField(max_length=16, unique=True, help_text="E.164")
    address = models.CharField(max_length=42, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"), name="account_phone_e164"),
            models.CheckConstraint(condition=Q(address__regex="^0x[0-9a-f]{40}$"), name="account_address_form"),
        ]

    def __str__(self) -> str:
        return f"KGeN account {self.pk}"


class Gamer(models.Model):
    """A gamer of one client, with a wallet of the same client. All personal data is in this row.

    Leaderboard rows repeat the user name; a duty updates them when it changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, models.PROTECT)
    user_id = models.CharField(max_length=128, help_text="the studio's own id, byte for byte")
    wallet = models.OneToOneField("wallet.Wallet", models.PROTECT)
    suspended_at = models.DateTimeField(null=True, blank=True)
    kgen_account = models.ForeignKey("users.KGenAccount", models.PROTECT, null=True, blank=True)
    linked_at = models.DateTimeField(null=True, blank=True)
    withdrawal_hold_until = models.DateTimeField(
        null=True, blank=True, help_text="a link made after an unlink is held for a day"
    )
    # Only such gamers can be opened with a secret of that kind again.
    made_by_page = models.BooleanField(
        default=False, db_default=False, help_text="first made with a secret of kind sessions"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    name = models.CharField(max_length=500, blank=True, default="")
    username = models.CharField(max_length=500, blank=True, default="")
    email = models.CharField(max_length=500, blank=True, default="")
    device_id = models.CharField(max_length=500, blank=True, default="")
    phonenumber = models.CharField(max_length=500, blank=True, default="")
    date_joined = models.CharField(max_length=500, blank=True, default="")
    playertag = models.CharField(max_length=500, blank=True, default="")
    location = models.CharField(max_length=500, blank=True, default="")
    location_name = models.CharField(max_length=500, blank=True, default="")
    device_model = models.CharField(max_length=500, blank=True, default="")
    screen_height = models.CharField(max_length=500, blank=True, default="")
    screen_width = models.CharField(max_length=500, blank=True, default="")
    os_name = models.CharField(max_length=500, blank=True, default="")
    os_version = models.CharField(max_length=500, blank=True, default="")
    browser_name = models.CharField(max_length=500, blank=True, default="")
    fb_login = models.CharField(max_length=500, blank=True, default="")
    google_login = models.CharField(max_length=500, blank=True, default="")
    app_version = models.CharField(max_length=500, blank=True, default="")
    level = models.BigIntegerField(default=0)
    rank = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["client", "-created_at"], name="newest_gamers"),
            models.Index(fields=["device_id"], condition=~Q(device_id=""), name="gamers_of_device"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["client", "user_id"], name="one_gamer_per_user_id"),
            models.UniqueConstraint(fields=["client", "id"], name="gamer_of_client"),
            models.UniqueConstraint(
                fields=["client", "kgen_account"],
                condition=Q(kgen_account__isnull=False),
                name="one_gamer_per_phone_and_client",
            ),
            models.CheckConstraint(
                condition=Q(kgen_account=None, linked_at=None) | Q(kgen_account__isnull=False, linked_at__isnull=False),
                name="link_has_its_time",
            ),
            CompositeForeignKey(
                columns=["client_id", "wallet_id"],
                to_table="wallet_wallet",
                to_columns=["client_id", "id"],
                name="gamer_wallet_same_client",
            ),
        ]

    def __str__(self) -> str:
        return f"gamer {self.pk}"

    @property
    def namespaced_user_id(self) -> str:
        """The user id, made unique over all games."""
        return f"{self.client_id}#{self.user_id}"


PROFILE_TEXTS = [
    "name",
    "username",
    "email",
    "device_id",
    "phonenumber",
    "date_joined",
    "playertag",
    "location",
    "location_name",
    "device_model",
    "screen_height",
    "screen_width",
    "os_name",
    "os_version",
    "browser_name",
    "fb_login",
    "google_login",
    "app_version",
]


PROFILE_NUMBERS = ("level", "rank")


class Suspension(models.Model):
    """A period in which a gamer may only read. `Gamer.suspended_at` is set while one is open."""

    client = models.ForeignKey(Client, models.PROTECT)
    gamer = models.ForeignKey(Gamer, models.PROTECT, related_name="suspensions")
    started_at = models.DateTimeField()
    reason = models.CharField(max_length=500)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gamer"], condition=Q(lifted_at=None), name="one_open_suspension"),
            CompositeForeignKey(
                columns=["client_id", "gamer_id"],
                to_table="users_gamer",
                to_columns=["client_id", "id"],
                name="suspension_gamer_same_client",
            ),
        ]


class GamerSession(models.Model):
    """A gamer's session. A gamer has one live session at a time; its tokens end with it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, models.PROTECT)
    gamer = models.ForeignKey(Gamer, models.PROTECT)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["expires_at"], condition=Q(ended_at=None), name="sessions_to_expire")]
        constraints = [
            models.UniqueConstraint(fields=["gamer"], condition=Q(ended_at=None), name="one_live_session"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("started_at")), name="session_has_length"),
            CompositeForeignKey(
                columns=["client_id", "gamer_id"],
                to_table="users_gamer",
                to_columns=["client_id", "id"],
                name="session_gamer_same_client",
            ),
        ]

    @property
    def page_origins(self) -> frozenset[str]:
        """The web pages that may read the answers of calls in this session."""
        return self.client.listed_origins


class RefreshFamily(models.Model):
    """The chain of refresh tokens from one session call. Its first refresh writes the row.

    The tokens are computed (users.tokens); the row has the generation of the newest one.
    """

    id = models.UUIDField(primary_key=True)
    session = models.ForeignKey(GamerSession, models.CASCADE)
    generation = models.BigIntegerField(default=0, help_text="of the newest token")
    rotated_at = models.DateTimeField()


class GamerNote(models.Model):
    """An operator's note on a gamer. The log only grows. A note may hold personal data, as the gamer's row does.

    The database refuses to change a note, but lets it be deleted, because erasing a gamer erases the notes too.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, models.PROTECT)
    gamer = models.ForeignKey(Gamer, models.PROTECT, related_name="notes")
    operator = models.ForeignKey("users.Operator", models.PROTECT, related_name="+")
    text = models.CharField(max_length=LONGEST_NOTE)
    written_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["gamer", "-id"], name="notes_newest")]
        constraints = [
            models.CheckConstraint(condition=GreaterThanOrEqual(Length(Trim("text")), 1), name="note_says_something"),
            CompositeForeignKey(
                columns=["client_id", "gamer_id"],
                to_table="users_gamer",
                to_columns=["client_id", "id"],
                name="note_gamer_same_client",
            ),
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"
