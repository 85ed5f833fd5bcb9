"""Phone links, and the codes that make them."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from kgen.constraints import CompositeForeignKey
from users.models.clients import Client
from users.models.gamers import Gamer, KGenAccount
from users.otp import TRIES_A_CODE


class PhoneLink(models.Model):
    """A period in which a gamer was linked to a KGeN account. `Gamer.kgen_account` is the open period's account."""

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
    """The failures in a row of one gamer or one phone, over all codes. Its row lock serialises their calls."""

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
    """A code for one gamer and one phone: open until it is used, expires, or runs out of attempts."""

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
    """The duty to send a challenge's code: due until it is sent or the code expires. `attempts` fences leases."""

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
