"""Parses phone numbers into their stored form, E.164."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

from users.digits import read_digits
from users.errors import InvalidPhoneNumber

ANY_COUNTRY = "*"
# The library also accepts letters and extensions, which are typing errors here.
_NUMBER = re.compile(r"\+?[0-9][0-9()./-]{2,30}", re.ASCII)
_CALLING_CODE = re.compile(r"\+?([1-9][0-9]{0,2})", re.ASCII)
# Numbers that can receive a message and are neither premium nor shared.
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def normalise(number: str, country_code: str, *, allowed: str) -> str:
    """Return a mobile number in E.164, such as `+918000000001`. Digits of any script count; blanks do not.

    `country_code` is `+91`, `91` or `IN`. If the number begins with `+`, the country code may be empty and must not
    contradict it. `allowed` is a comma-separated list of ISO country codes, or `*`.

    :raises InvalidPhoneNumber: not a mobile number, or of a country that is not allowed.
    """
    parsed = _parse(read_digits(number), read_digits(country_code))
    region = phonenumbers.region_code_for_number(parsed)
    if region is None or phonenumbers.number_type(parsed) not in _MOBILE:
        raise InvalidPhoneNumber()
    countries = {country.strip().upper() for country in allowed.split(",")}
    if region not in countries and ANY_COUNTRY not in countries:
        raise InvalidPhoneNumber("Numbers of this country can't be linked.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_country(code: str) -> bool:
    """Whether this is the ISO code of a country with known numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS


def masked(number: str) -> str:
    """An E.164 number as `+91•••••••01`: enough to recognise it."""
    return f"{number[:3]}{'•' * max(0, len(number) - 5)}{number[-2:]}"


def _parse(number: str, country_code: str) -> PhoneNumber:
    region = _region(country_code)
    if not _NUMBER.fullmatch(number) or (region is None and not number.startswith("+")):
        raise InvalidPhoneNumber()
    try:
        parsed = phonenumbers.parse(number, region)
    except NumberParseException:
        raise InvalidPhoneNumber() from None
    if region is not None and parsed.country_code != phonenumbers.country_code_for_region(region):
        raise InvalidPhoneNumber("The number is not of that country.")
    return parsed


def _region(country_code: str) -> str | None:
    """The region of a country code; None if it is empty.

    :raises InvalidPhoneNumber: there is no such country.
    """
    if not country_code:
        return None
    region = country_code.upper()
    if match := _CALLING_CODE.fullmatch(country_code):
        region = phonenumbers.region_code_for_country_code(int(match[1]))
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidPhoneNumber()
    return region
