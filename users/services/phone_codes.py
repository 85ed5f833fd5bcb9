"""Requests a phone code: the limits, the challenge, and the duty to send it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from uuid_utils.compat import uuid7

from kgen.clock import database_now
from kgen.errors import TooMany, Unavailable
from kgen.transactions import transactional
from users import otp, phones, sms
from users.errors import OtpAttemptsExceeded, OtpResendTooSoon, PhoneAlreadyLinked
from users.models import Gamer, PhoneChallenge, SmsMessage
from users.selectors import (
    account_of_phone,
    challenges_to_forget,
    check_not_suspended,
    guards_to_forget,
    other_numbers_of,
    sendings_to,
    sendings_to_range,
)
from users.services.guards import Guards

# Longer than the window of any limit.
CHALLENGES_KEPT = timedelta(days=2)
GUARDS_KEPT = timedelta(days=30)
FORGOTTEN_AT_ONCE = 1000


@dataclass(frozen=True)
class Registered:
    """A new challenge."""

    auth_code: str
    is_new_user: bool


@transactional
def register_phone(*, gamer: Gamer, phone_number: str, country_code: str) -> Registered:
    """Make a challenge and the duty to send its code. Ends an older challenge of this gamer and phone.

    :raises InvalidPhoneNumber: not a mobile number of a country that the client allows.
    :raises GamerSuspended: the gamer is suspended.
    :raises Unavailable: text messages are switched off.
    :raises OtpAttemptsExceeded: ten failures in a row, or five other numbers today.
    :raises PhoneAlreadyLinked: the gamer has another phone.
    :raises OtpResendTooSoon: the number got a message just now, or five in ten minutes.
    :raises TooMany: the number's range got a burst of messages that led to no links (SMS pumping).
    """
    phone = phones.normalise(phone_number, country_code, allowed=gamer.client.phone_countries)
    check_not_suspended(gamer)
    if not sms.is_on():
        raise Unavailable("Text messages are switched off.")
    guards = Guards(gamer, phone)
    # Clock and counts are read under the lock, so that each parallel call sees the one before it.
    now = database_now()
    guards.check_open(now)
    account = account_of_phone(phone)
    _check_own_link(gamer, phone)
    _check_numbers(gamer, phone, now)
    _check_waits(phone, now)
    _check_range(phone, now)
    return Registered(_challenge(gamer, phone, now).auth_code, is_new_user=account is None)


def _check_own_link(gamer: Gamer, phone: str) -> None:
    linked = Gamer.objects.filter(pk=gamer.pk, kgen_account__isnull=False)
    if linked.exclude(kgen_account__phone=phone).exists():
        raise PhoneAlreadyLinked("This gamer is linked to another phone.")


def _check_numbers(gamer: Gamer, phone: str, now: datetime) -> None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if other_numbers_of(gamer, phone, since=midnight) >= otp.NUMBERS_A_DAY:
        tomorrow = midnight + timedelta(days=1)
        raise OtpAttemptsExceeded("Too many numbers today.", retry_after=otp.seconds_until(tomorrow, now=now))


def _check_waits(phone: str, now: datetime) -> None:
    lately = sendings_to(phone, since=now - otp.WINDOW)
    allowed_at = otp.next_message_at(lately.sent, lately.answered_at, now=now)
    if allowed_at > now:
        raise OtpResendTooSoon(retry_after=otp.seconds_until(allowed_at, now=now))


def _check_range(phone: str, now: datetime) -> None:
    """Check the brake of the number's range. Concurrent calls for other numbers may exceed it by their number."""
    if not settings.SMS_BRAKE_MESSAGES:
        return
    since = now - timedelta(seconds=settings.SMS_BRAKE_SECONDS)
    messages, used = sendings_to_range(otp.range_of(phone, tail=settings.SMS_BRAKE_TAIL), since=since)
    burst, percent = settings.SMS_BRAKE_MESSAGES, settings.SMS_BRAKE_PERCENT
    if otp.looks_pumped(messages=messages, used=used, burst=burst, percent=percent):
        raise TooMany("This range of numbers gets no codes for now.", retry_after=settings.SMS_BRAKE_SECONDS)


def _challenge(gamer: Gamer, phone: str, now: datetime) -> PhoneChallenge:
    older = PhoneChallenge.objects.filter(gamer=gamer, phone=phone, used_at=None, expires_at__gt=now)
    older.update(expires_at=now)
    challenge_id, nonce, key = uuid7(), otp.new_nonce(), settings.PEPPER
    code = otp.code_of(nonce, challenge_id=challenge_id, key=key)
    challenge = PhoneChallenge.objects.create(
        id=challenge_id,
        client_id=gamer.client_id,
        gamer=gamer,
        phone=phone,
        number_range=otp.range_of(phone, tail=settings.SMS_BRAKE_TAIL),
        auth_code=otp.new_auth_code(),
        digest=otp.digest_of(code, challenge_id=challenge_id, key=key),
        created_at=now,
        expires_at=now + otp.CODE_LIFE,
    )
    SmsMessage.objects.create(challenge=challenge, nonce=nonce, due_at=now)
    return challenge


@transactional
def forget_codes() -> None:
    """Duty: remove challenges and guards that no limit counts any longer."""
    now = database_now()
    _forget(challenges_to_forget(now - CHALLENGES_KEPT))
    _forget(guards_to_forget(now - GUARDS_KEPT))


def _forget(due: QuerySet[Any]) -> None:
    rows = due.select_for_update(skip_locked=True)[:FORGOTTEN_AT_ONCE]
    due.model._default_manager.filter(pk__in=list(rows.values_list("pk", flat=True))).delete()
