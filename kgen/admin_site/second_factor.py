"""The second factor of operators: a time-based code, or one of ten recovery codes, each good once."""

import hashlib
import hmac
import io
import secrets
from base64 import b32encode
from dataclasses import dataclass
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from kgen.admin_site.guards import TRIES_OF_CODE, forget_tries, take_try

RECOVERY_CODES = 10
# Of letters and digits that are not taken for each other: 10 of them are 48 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_CODE_LENGTH = 10


@dataclass(frozen=True)
class Enrolment:
    """What an operator needs to set up an authenticator."""

    secret: str
    qr_svg: str


def has_factor(operator: Any) -> bool:
    """Whether a confirmed authenticator exists."""
    return bool(TOTPDevice.objects.filter(user=operator, confirmed=True).exists())


def asks_factor(operator: Any) -> bool:
    """Whether this operator's login needs a second step."""
    return bool(settings.CONSOLE_SECOND_FACTOR) or has_factor(operator)


def is_verified(request: HttpRequest) -> bool:
    """Whether this session came through the second step with an authenticator that still exists.

    So a reset ends the operator's sessions. Asked once for each request.
    """
    known: bool | None = getattr(request, "_factor_verified", None)
    if known is None:
        name = request.session.get(DEVICE_ID_SESSION_KEY)
        device = Device.from_persistent_id(name) if name else None
        known = bool(device and device.confirmed and device.user_id == request.user.pk)
        request._factor_verified = known  # type: ignore[attr-defined]
    return known


def begin_enrolment(operator: Any) -> Enrolment:
    """The secret of the authenticator that is being set up; the same one until it is confirmed."""
    device = TOTPDevice.objects.filter(user=operator, confirmed=False).order_by("pk").first()
    if device is None:
        device = TOTPDevice.objects.create(user=operator, name="authenticator", confirmed=False)
    text = b32encode(device.bin_key).decode()
    return Enrolment(" ".join(text[i : i + 4] for i in range(0, len(text), 4)), _qr(device.config_url))


def confirm_enrolment(operator: Any, code: str) -> tuple[Device, list[str]] | None:
    """Confirm the authenticator by a right code. Only this answer shows the recovery codes.

    None: a wrong code, or too many tries.
    """
    if not take_try("code", str(operator.pk), TRIES_OF_CODE):
        return None
    with transaction.atomic():
        # The operator's row puts two browsers in line: the second finds the factor already confirmed.
        get_user_model()._base_manager.select_for_update().get(pk=operator.pk)
        device = TOTPDevice.objects.select_for_update().filter(user=operator, confirmed=False).order_by("pk").first()
        if device is None or has_factor(operator) or not device.verify_token(_digits(code)):
            return None
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        codes = _renew_recovery_codes(operator)
    forget_tries("code", str(operator.pk))
    return device, codes


def verify(operator: Any, code: str) -> Device | None:
    """The device that accepts the code: six digits are the authenticator's, anything else a recovery code.

    A wrong try counts even though nothing else happens; after five the factor is shut for a while. Between tries
    django-otp asks for pauses that double.
    """
    if not take_try("code", str(operator.pk), TRIES_OF_CODE):
        return None
    digits = _digits(code)
    kind, token = (TOTPDevice, digits) if digits else (StaticDevice, _digest(operator, code))
    with transaction.atomic():
        device = kind.objects.select_for_update().filter(user=operator, confirmed=True).order_by("pk").first()
        accepted = device if device is not None and device.verify_token(token) else None
    if accepted:
        forget_tries("code", str(operator.pk))
    return accepted


def forget_factor(operator: Any) -> None:
    """Remove an operator's authenticator and recovery codes, within a service's transaction."""
    TOTPDevice.objects.filter(user=operator).delete()
    StaticDevice.objects.filter(user=operator).delete()


def _renew_recovery_codes(operator: Any) -> list[str]:
    StaticDevice.objects.filter(user=operator).delete()
    device = StaticDevice.objects.create(user=operator, name="recovery codes")
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH)) for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_digest(operator, code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _digits(code: str) -> str:
    """The six digits of an authenticator's code, spaces or not; empty for anything else."""
    packed = "".join(code.split())
    return packed if len(packed) == 6 and packed.isascii() and packed.isdigit() else ""


def _digest(operator: Any, code: str) -> str:
    """What is kept of a recovery code. 16 characters is what django-otp's column holds: 80 bits."""
    packed = "".join(sign for sign in code.casefold() if sign.isalnum())
    keyed = hmac.digest(settings.PEPPER, f"recovery\n{operator.pk}\n{packed}".encode(), hashlib.sha256)
    return b32encode(keyed[:10]).decode()


def _qr(text: str) -> str:
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, scale=5, border=4, light="#fff", dark="#000")
    return out.getvalue().decode()
