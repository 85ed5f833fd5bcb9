"""Refusals about who somebody is or may be."""

from kgen.errors import Conflict, Invalid, TooMany


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
