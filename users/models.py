"""Operators, clients and their secrets, gamers, their sessions and their phones."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from kgen.constraints import CompositeForeignKey
from users.otp import TRIES_A_CODE


class Operator(AbstractUser):
    """A person who works in the console."""


class Client(models.Model):
    """A studio's game: the tenant. Its gamers, tournaments and money are its own."""

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


class ClientSecret(models.Model):
    """One of up to two live secrets of a client. Only a keyed digest is kept."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="secrets")
    slot = models.PositiveSmallIntegerField()
    digest = models.BinaryField(max_length=32)
    hint = models.CharField(max_length=12, help_text="its first characters, to tell secrets apart")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "slot"], condition=Q(revoked_at=None), name="two_live_secrets"),
            models.CheckConstraint(condition=Q(slot__in=[1, 2]), name="secret_slots"),
        ]

    def __str__(self) -> str:
        return f"{self.hint}…"


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
    """A player of one client's game, with a wallet of the same client. All personal data is in this row."""

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
        indexes = [models.Index(fields=["client", "-created_at"], name="newest_gamers")]
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
        """The studio's id for it, unique over all games."""
        return f"{self.client_id}#{self.user_id}"


class Suspension(models.Model):
    """A stretch of time in which a gamer may only read. `Gamer.suspended_at` says whether one is open."""

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


class NewGamers(models.Model):
    """How many gamers a client opened on a UTC day, over several rows so that no first session waits for another."""

    client = models.ForeignKey(Client, models.PROTECT)
    day = models.DateField()
    slot = models.PositiveSmallIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "day", "slot"], name="new_gamers_slot")]


class GamerSession(models.Model):
    """A gamer's session. One lives at a time; its tokens die with it."""

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


class RefreshFamily(models.Model):
    """The chain of refresh tokens that began with one session call, written at its first refresh.

    The tokens themselves are computed (users.tokens); the row says how far the chain has come.
    """

    id = models.UUIDField(primary_key=True)
    session = models.ForeignKey(GamerSession, models.CASCADE)
    generation = models.BigIntegerField(default=0, help_text="of the newest token")
    rotated_at = models.DateTimeField()


class PhoneLink(models.Model):
    """A stretch of time in which a gamer was linked to a KGeN account; `Gamer.kgen_account` is the open one's."""

    client = models.ForeignKey(Client, models.PROTECT)
    gamer = models.ForeignKey(Gamer, models.PROTECT, related_name="phone_links")
    account = models.ForeignKey(KGenAccount, models.PROTECT)
    linked_at = models.DateTimeField()
    unlinked_at = models.DateTimeField(null=True, blank=True)
    unlinked_by = models.CharField(max_length=160, blank=True, default="")
    unlink_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gamer"], condition=Q(unlinked_at=None), name="one_open_link"),
            CompositeForeignKey(
                columns=["client_id", "gamer_id"],
                to_table="users_gamer",
                to_columns=["client_id", "id"],
                name="link_gamer_same_client",
            ),
        ]


class CodeGuard(models.Model):
    """Failures in a row of one gamer or of one phone, over all its codes. Its lock puts their calls in line."""

    gamer = models.OneToOneField(Gamer, models.PROTECT, null=True, blank=True)
    phone = models.CharField(max_length=16, null=True, blank=True, unique=True)
    failures = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["touched_at"], name="guards_by_touch")]
        constraints = [
            models.CheckConstraint(
                condition=Q(gamer=None, phone__isnull=False) | Q(gamer__isnull=False, phone=None),
                name="guard_of_gamer_or_phone",
            )
        ]


class PhoneChallenge(models.Model):
    """A code for one gamer and one phone: open until it is used, expired, or tried too often."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, models.PROTECT)
    gamer = models.ForeignKey(Gamer, models.PROTECT)
    phone = models.CharField(max_length=16)
    number_range = models.CharField(max_length=16, help_text="the block of numbers it lies in")
    auth_code = models.CharField(max_length=4)
    digest = models.BinaryField(max_length=32, help_text="keyed, of the six digits")
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="a newer code for the same gamer and phone ends it early")
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["phone", "created_at"], name="challenges_of_phone"),
            models.Index(fields=["gamer", "created_at"], name="challenges_of_gamer"),
            models.Index(fields=["number_range", "created_at"], name="challenges_of_range"),
            models.Index(fields=["created_at"], name="challenges_by_age"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(tries__lte=TRIES_A_CODE), name="challenge_tries_bound"),
            models.CheckConstraint(condition=Q(auth_code__regex="^[1-9][0-9]{3}$"), name="challenge_auth_code_form"),
            CompositeForeignKey(
                columns=["client_id", "gamer_id"],
                to_table="users_gamer",
                to_columns=["client_id", "id"],
                name="challenge_gamer_same_client",
            ),
        ]


class SmsMessage(models.Model):
    """The duty to send a challenge's code: due until it is sent or the code is over. `attempts` fences claims."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    challenge = models.OneToOneField(PhoneChallenge, models.CASCADE, related_name="message")
    nonce = models.BinaryField(max_length=32, null=True, help_text="the code is computed from it; gone once it is sent")
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(sent_at=None, given_up_at=None), name="messages_to_send"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(nonce=None, sent_at=None, given_up_at__isnull=False)
                | Q(nonce=None, sent_at__isnull=False, given_up_at=None)
                | Q(nonce__isnull=False, sent_at=None, given_up_at=None),
                name="message_open_or_closed",
            )
        ]
