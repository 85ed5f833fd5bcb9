"""Whole numbers in any spelling that JSON has for them, by their exact decimal value: `10`, `10.0` and `1e1` are 10."""

import re
from decimal import Decimal

# 64-bit integers have at most 20 characters; nothing on the wire is larger, and int() of 5,000 digits is slow.
MAX_INTEGER_CHARACTERS = 20
_MAX_VALUE = 10.0**MAX_INTEGER_CHARACTERS
_SPELLING = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


def read_integer(text: str) -> int:
    """The value of a JSON number without fraction and exponent.

    :raises ValueError: it is beyond 64 bits.
    """
    if len(text) > MAX_INTEGER_CHARACTERS:
        raise ValueError("an integer has too many digits")
    return int(text)


def read_number(text: str) -> int | float:
    """The value of a JSON number with a fraction or an exponent: an int if it is whole, else the nearest float.

    A whole number above 10^20 stays a float: nothing on the wire is that large. The time grows with the length only.

    :raises ValueError: it is larger than any float.
    """
    if not text.lower().partition("e")[0].strip("-0."):
        return 0
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    if not 0.5 < abs(value) < _MAX_VALUE:
        return value
    # Never through the float: 9.99999999999999999999 is a fraction, and its nearest float is 10.
    exact = Decimal(text)
    whole = int(exact)
    return whole if exact == whole else value


def whole_number(text: str) -> int | None:
    """The whole number that `text` spells as JSON would; None for a fraction and for anything else.

    Zeros may lead, as query parameters always could.
    """
    if not _SPELLING.fullmatch(text):
        return None
    try:
        value = read_integer(text) if text.removeprefix("-").isdigit() else read_number(text)
    except ValueError:
        return None
    return value if isinstance(value, int) else None
