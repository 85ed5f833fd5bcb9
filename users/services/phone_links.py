"""Links a gamer to the KGeN account of a phone, and unlinks."""

from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings
from django.db.models import F

from kgen.clock import database_now
from kgen.errors import WrongState
from kgen.transactions import transactional
from kgen.webhooks.events import emit
from users import otp, phones
from users.errors import InvalidOtp, OtpAttemptsExceeded, PhoneAlreadyLinked
from users.models import Client, Gamer, KGenAccount, PhoneChallenge, PhoneLink
from users.selectors import account_of_phone, check_not_suspended, gamer_by_user_id, newest_challenge
from users.services.guards import Guards
from wallet import ledger
from wallet.ledger.accounts import new_address
from wallet.selectors.withdrawals import has_open_withdrawal

# A caller that lost the answer may ask again.
REPEATABLE_FOR = timedelta(minutes=10)
HOLD_AFTER_RELINK = timedelta(hours=24)
BY_STUDIO = "studio"


class LinkOutcome(Enum):
    """The outcome of a right code."""

    LINKED = "linked"
    CODE_OVER = "code over"
    ALREADY_LINKED = "already linked"


def verify_phone(*, gamer: Gamer, phone_number: str, country_code: str, auth_code: str, code: str) -> None:
    """Link the gamer to the phone's KGeN account, which its first link makes. Repeating a link changes nothing.

    The attempt is committed before the code is compared, so that neither a refusal nor a crash gives it back. What
    cannot be a code costs none, nor does a repeated right call within `REPEATABLE_FOR`, while its link stands.

    :raises InvalidPhoneNumber: see `register_phone`.
    :raises GamerSuspended: the gamer is suspended.
    :raises OtpAttemptsExceeded: five attempts at this code, or ten failures in a row.
    :raises InvalidOtp: the code is wrong, expired, used or unknown.
    :raises PhoneAlreadyLinked: the code is right, but the gamer has another phone or the phone another gamer.
    """
    phone = phones.normalise(phone_number, country_code, allowed=gamer.client.phone_countries)
    check_not_suspended(gamer)
    if not otp.can_be_code(code):
        raise InvalidOtp()
    challenge = newest_challenge(gamer, phone, auth_code)
    if challenge is None:
        raise InvalidOtp()
    if _has_linked(challenge, code):
        return
    if _spend_try(challenge=challenge, gamer=gamer) and _is_right(challenge, code):
        outcome = _use(challenge=challenge, gamer=gamer)
        if outcome is LinkOutcome.LINKED:
            return
        if outcome is LinkOutcome.ALREADY_LINKED:
            raise PhoneAlreadyLinked()
    # The same call at the same time may have used the code.
    challenge.refresh_from_db(fields=["used_at"])
    if not _has_linked(challenge, code):
        raise InvalidOtp()


def _has_linked(challenge: PhoneChallenge, code: str) -> bool:
    """Whether this very call was right a short time ago and the gamer is still linked by it."""
    if challenge.used_at is None or not _is_right(challenge, code):
        return False
    standing = PhoneLink.objects.filter(
        gamer=challenge.gamer_id,
        account__phone=challenge.phone,
        unlinked_at=None,
        linked_at__lte=challenge.used_at,
    )
    return challenge.used_at > database_now() - REPEATABLE_FOR and standing.exists()


@transactional
def _spend_try(*, challenge: PhoneChallenge, gamer: Gamer) -> bool:
    """Spend one attempt at the code, and count it as a failure until it proves right. Returns whether it is live.

    :raises OtpAttemptsExceeded: no attempt is left; nothing is counted.
    """
    guards = Guards(gamer, challenge.phone)
    now = database_now()
    guards.check_open(now)
    live = PhoneChallenge.objects.filter(pk=challenge.pk, used_at=None, expires_at__gt=now)
    if live.filter(tries__lt=otp.TRIES_A_CODE).update(tries=F("tries") + 1):
        guards.count_failure(now)
        return True
    if live.exists():
        raise OtpAttemptsExceeded()
    return False


def _is_right(challenge: PhoneChallenge, code: str) -> bool:
    return otp.is_code(code, bytes(challenge.digest), challenge_id=challenge.pk, key=settings.PEPPER)


@transactional
def _use(*, challenge: PhoneChallenge, gamer: Gamer) -> LinkOutcome:
    """Use the right code and link. Returns instead of raising, so that the use is committed."""
    guards = Guards(gamer, challenge.phone)
    now = database_now()
    open_one = PhoneChallenge.objects.filter(pk=challenge.pk, used_at=None, expires_at__gt=now)
    if not open_one.update(used_at=now):
        return LinkOutcome.CODE_OVER
    guards.forget_failures()
    return _link(gamer, _account(challenge.phone, now), now)


def _account(phone: str, now: datetime) -> KGenAccount:
    """Return the phone's account, made if needed. The phone's guard keeps other transactions from making it too."""
    found = account_of_phone(phone)
    return found or KGenAccount.objects.create(phone=phone, address=new_address(), created_at=now)


def _link(gamer: Gamer, account: KGenAccount, now: datetime) -> LinkOutcome:
    linked = Gamer.objects.filter(client=gamer.client_id, kgen_account=account).first()
    if linked is not None:
        return LinkOutcome.LINKED if linked.pk == gamer.pk else LinkOutcome.ALREADY_LINKED
    relinked = PhoneLink.objects.filter(gamer=gamer).exists()
    values = {"withdrawal_hold_until": now + HOLD_AFTER_RELINK} if relinked else {}
    free = Gamer.objects.filter(pk=gamer.pk, kgen_account=None)
    if not free.update(kgen_account=account, linked_at=now, updated_at=now, **values):
        return LinkOutcome.ALREADY_LINKED
    PhoneLink.objects.create(client_id=gamer.client_id, gamer=gamer, account=account, linked_at=now)
    data = {"gamer_id": str(gamer.pk), "user_id": gamer.user_id, "kgen_id": str(account.pk)}
    emit(gamer.client_id, "gamer.linked", data)
    return LinkOutcome.LINKED


@transactional
def unlink_phone(*, client: Client, user_id: str, reason: str, by: str = BY_STUDIO) -> None:
    """Unlink a gamer's phone, on behalf of support. Changes nothing if none is linked.

    :raises RecordNotFound: the client has no such gamer.
    :raises WrongState: the gamer has an open withdrawal.
    """
    gamer = gamer_by_user_id(client, user_id)
    # Requesting a withdrawal takes the same lock, so that none begins between this check and the unlink.
    ledger.lock_wallet(gamer.wallet_id)
    linked = Gamer.objects.filter(pk=gamer.pk, kgen_account__isnull=False)
    if not linked.exists():
        return
    if has_open_withdrawal(gamer.wallet_id):
        raise WrongState("The gamer has an open withdrawal.")
    now = database_now()
    linked.update(kgen_account=None, linked_at=None, updated_at=now)
    open_one = PhoneLink.objects.filter(gamer=gamer, unlinked_at=None)
    open_one.update(unlinked_at=now, unlinked_by=by, unlink_reason=reason)
