"""Sending codes: claim, send with no transaction open, book."""

from collections import Counter
from datetime import timedelta
from enum import Enum

import structlog
from django.conf import settings

from kgen.clock import database_now
from kgen.duties import call_many
from kgen.transactions import transactional
from users import otp, sms
from users.models import SmsMessage
from users.selectors import messages_to_give_up, messages_to_send

log = structlog.get_logger(__name__)

AT_ONCE = 20
LONGEST_WAIT_SECONDS = 30


class Sending(Enum):
    """What became of one try."""

    SENT = "sent"
    NOT_SENT = "not sent"
    PERHAPS_SENT = "perhaps sent"


def send_due_messages() -> int:
    """Duty: send the codes that are due; how many were sent.

    A message that may have been sent, or whose sender died, is tried again after the cool-down and not before;
    one that certainly was not, after a growing wait. When its code is over it is given up.
    """
    _give_up()
    outcomes: Counter[Sending] = Counter()

    def book(message: SmsMessage, outcome: Sending) -> None:
        _book(message=message, outcome=outcome)
        outcomes[outcome] += 1

    call_many(claim=lambda room: _claim(most=room), call=_send, failed=_failed, book=book, at_once=AT_ONCE)
    return outcomes[Sending.SENT]


@transactional
def _give_up() -> None:
    now = database_now()
    due = messages_to_give_up(now).select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    SmsMessage.objects.filter(pk__in=list(due)).update(given_up_at=now, nonce=None)


@transactional
def _claim(*, most: int) -> list[SmsMessage]:
    """Take due messages by moving their next try past the cool-down: a sender that dies holds them no longer."""
    now = database_now()
    due = messages_to_send(now).select_for_update(skip_locked=True, of=("self",))
    rows = list(due.select_related("challenge")[:most])
    for row in rows:
        row.attempts += 1
        row.due_at = now + timedelta(seconds=settings.SMS_COOL_DOWN_SECONDS)
    SmsMessage.objects.bulk_update(rows, ["attempts", "due_at"])
    return rows


def _send(message: SmsMessage) -> Sending:
    """One try, in a thread of its own: it touches no database."""
    assert message.nonce is not None, "claimed ones are open"
    challenge = message.challenge
    code = otp.code_of(bytes(message.nonce), challenge_id=challenge.pk, key=settings.PEPPER)
    try:
        sms.send(sms.Message(message.pk, challenge.phone, code))
    except sms.NotSent as error:
        log.warning("code not sent", message=str(message.pk), attempt=message.attempts, reason=str(error))
        return Sending.NOT_SENT
    except sms.PerhapsSent as error:
        log.warning("code perhaps sent", message=str(message.pk), attempt=message.attempts, reason=str(error))
        return Sending.PERHAPS_SENT
    return Sending.SENT


def _failed(message: SmsMessage, words: str) -> Sending:
    """What an unexpected exception in a try counts as: it may have come after the provider took the message."""
    log.warning("code perhaps sent", message=str(message.pk), attempt=message.attempts, reason=words)
    return Sending.PERHAPS_SENT


@transactional
def _book(*, message: SmsMessage, outcome: Sending) -> None:
    """Keep what became of a try. What may have been sent stays as it was claimed: due after the cool-down."""
    now = database_now()
    still_open = SmsMessage.objects.filter(pk=message.pk, sent_at=None, given_up_at=None)
    if outcome is Sending.SENT:
        still_open.update(sent_at=now, nonce=None)
    if outcome is Sending.NOT_SENT:
        wait = timedelta(seconds=min(2**message.attempts, LONGEST_WAIT_SECONDS))
        # Only while nobody else has claimed it since.
        still_open.filter(attempts=message.attempts).update(due_at=now + wait)
