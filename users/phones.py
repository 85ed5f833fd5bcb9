"""Phone numbers as people write them, made into the one form that is stored: E.164."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

from users.errors import InvalidPhoneNumber

ANY_COUNTRY = "*"
# The library also reads letters, extensions and foreign digits; nobody means those.
_NUMBER = re.compile(r"\+?[0-9][0-9 ()./-]{2,30}", re.ASCII)
_CALLING_CODE = re.compile(r"\+?([1-9][0-9]{0,2})", re.ASCII)
# What can get a message without being a premium or a shared number.
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def normalise(number: str, country_code: str, *, allowed: str) -> str:
    """The mobile number in E.164, as `+918000000001`.

    `country_code` is `+91`, `91` or `IN`; where the number itself begins with `+` it may be empty and must not
    contradict. `allowed` lists the ISO codes of countries, comma-separated, or is `*`.

    :raises InvalidPhoneNumber: no mobile number, or of a country that is not allowed.
    """
    parsed = _parse(number.strip(), country_code.strip())
    region = phonenumbers.region_code_for_number(parsed)
    if region is None or phonenumbers.number_type(parsed) not in _MOBILE:
        raise InvalidPhoneNumber()
    countries = {country.strip().upper() for country in allowed.split(",")}
    if region not in countries and ANY_COUNTRY not in countries:
        raise InvalidPhoneNumber("Numbers of this country can't be linked.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_country(code: str) -> bool:
    """Whether numbers of a country of this ISO code are known."""
    return code in phonenumbers.SUPPORTED_REGIONS


def masked(number: str) -> str:
    """Enough of an E.164 number to tell whether it is the one that somebody named: `+91•••••••01`."""
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
    """The region that a number is read in; None where no country is named.

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
