"""Refusals about who somebody is or may be."""

from kgen.errors import Conflict, Forbidden, Invalid, TooMany


class TooManyNewGamers(TooMany):
    """The client has opened as many new gamers as it may in one day (bonus farming)."""

    detail = "Too many new gamers today."


class InvalidPhoneNumber(Invalid):
    """No number that a code can be sent to, or of a country that the client does not allow."""

    code = "INVALID_PHONE_NUMBER"
    detail = "This is no mobile number that can be linked."


class InvalidOtp(Invalid):
    """One answer for a wrong, expired, used or unknown code."""

    code = "INVALID_OTP"
    detail = "The code is wrong or no longer valid."


class OtpAttemptsExceeded(TooMany):
    """Too many tries of one code, too many failures in a row, or too many numbers in a day."""

    code = "OTP_ATTEMPTS_EXCEEDED"
    detail = "Too many attempts. Ask for a new code."


class OtpResendTooSoon(TooMany):
    """The number has just got a message."""

    code = "OTP_RESEND_TOO_SOON"
    detail = "Too soon for another code. Wait a little."


class PhoneAlreadyLinked(Conflict):
    """The gamer has another phone, or the phone another gamer of the same client."""

    code = "PHONE_ALREADY_LINKED"
    detail = "This gamer or this phone is linked already."


class InvalidSettings(Invalid):
    """A client cannot be like that: `errors` says which field and why."""

    detail = "Some of the settings cannot be."


class CurrencyFixed(Conflict):
    """Accounts carry the currency; a change would leave gamers with wallets in the old one."""

    detail = "The currency is fixed: there are accounts in it."


class SettingsMoved(Conflict):
    """What was shown before saving is no longer what is there."""

    detail = "Somebody else has changed these settings meanwhile. Look at them again."


class SecretsMoved(Conflict):
    """A form that was sent twice, or two operators at once: the secret that is in use would have been revoked."""

    detail = "A secret was issued meanwhile, so none was issued now. Look at the secrets again."


class LastSecret(Conflict):
    """Without a secret a client's server is shut out; switching the client off is the way to say so."""

    detail = "This is the only live secret. Issue another one first, or switch the client off."


class NotManageable(Forbidden):
    """Whoever sets a password or drops a factor can act as that operator."""

    detail = "This operator has rights that you lack, so you cannot change anything here."


class LastSuperuser(Conflict):
    """Somebody has to be able to do everything."""

    detail = "This is the last superuser that is switched on."
