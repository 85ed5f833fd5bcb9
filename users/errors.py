"""Refusals of sessions, phones, clients and operators."""

from kgen.errors import Conflict, Forbidden, Invalid, TooMany


class TooManyNewGamers(TooMany):
    """The client has reached its limit of new gamers per day (against bonus farming)."""

    detail = "This client has reached its limit of new gamers today."


class InvalidPhoneNumber(Invalid):
    """Not a mobile number, or of a country that the client does not allow."""

    code = "INVALID_PHONE_NUMBER"
    detail = "This is not a mobile number that can be linked."


class InvalidOtp(Invalid):
    """One answer for a wrong, expired, used or unknown code."""

    code = "INVALID_OTP"
    detail = "The code is wrong or no longer valid."


class OtpAttemptsExceeded(TooMany):
    """Too many attempts at one code, too many failures in a row, or too many numbers in a day."""

    code = "OTP_ATTEMPTS_EXCEEDED"
    detail = "Too many attempts. Ask for a new code."


class OtpResendTooSoon(TooMany):
    """The number got a message just now."""

    code = "OTP_RESEND_TOO_SOON"
    detail = "It is too soon for another code."


class PhoneAlreadyLinked(Conflict):
    """The gamer has another phone, or the phone another gamer of the same client."""

    code = "PHONE_ALREADY_LINKED"
    detail = "This gamer or this phone is already linked."


class InvalidSettings(Invalid):
    """Settings of a client are invalid: `errors` names the fields and reasons."""

    detail = "Some settings are invalid."


class CurrencyFixed(Conflict):
    """Accounts carry the currency; a change would leave gamers with wallets in the old one."""

    detail = "The currency is fixed because accounts use it."


class SettingsMoved(Conflict):
    """The settings have changed since the operator's page was loaded."""

    detail = "Another operator has changed these settings. Reload the page."


class SecretsMoved(Conflict):
    """The form was sent twice, or by two operators at once: it would have revoked the secret in use."""

    detail = "Another secret was issued meanwhile, so none was issued now. Reload the page."


class LastSecret(Conflict):
    """Revoking the last secret would shut the client's server out; switch the client off instead."""

    detail = "This is the only live secret. Issue another one first, or switch the client off."


class NotManageable(Forbidden):
    """Setting a password or removing a factor would let one act as an operator with more rights."""

    detail = "This operator has rights that you lack, so you cannot change this operator."


class LastSuperuser(Conflict):
    """At least one superuser must stay switched on."""

    detail = "This is the last active superuser."
