"""Tracked events: the names and attributes that a game may report."""

from typing import Any

from kgen.api.fields import MAX_INTEGER
from kgen.api.json import encode
from kgen.errors import Invalid

LONGEST_NAME = 128
MOST_ATTRIBUTES = 32
LONGEST_ATTRIBUTE_NAME = 64
LONGEST_TEXT = 500
# Of the attributes together, as JSON.
MOST_BYTES = 4096

type Attributes = dict[str, str | int | float]


def checked_name(name: str) -> str:
    """The event's name, unchanged: 1–128 printable characters.

    :raises Invalid: it is anything else.
    """
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid(f"The event's id must be 1 to {LONGEST_NAME} printable characters.")
    return name


def checked_attributes(body: dict[str, Any]) -> Attributes:
    """The attributes of a body, without those that are null. Whole numbers become integers, however they are written.

    :raises Invalid: with every fault in `errors`.
    """
    given = {name: _by_value(value) for name, value in body.items() if value is not None}
    if len(given) > MOST_ATTRIBUTES:
        raise Invalid(f"An event has at most {MOST_ATTRIBUTES} attributes.")
    faults = {name: _fault(name, value) for name, value in given.items()}
    errors = [{"field": name, "code": "invalid", "detail": words} for name, words in faults.items() if words]
    if errors:
        raise Invalid("An attribute is wrong.", errors=errors)
    if len(encode(given)) > MOST_BYTES:
        raise Invalid(f"The attributes of an event have at most {MOST_BYTES} bytes together.")
    return given


def _by_value(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _fault(name: str, value: Any) -> str:
    if not 1 <= len(name) <= LONGEST_ATTRIBUTE_NAME:
        return f"The name must have 1 to {LONGEST_ATTRIBUTE_NAME} characters."
    if isinstance(value, str):
        return "" if len(value) <= LONGEST_TEXT else f"A text has at most {LONGEST_TEXT} characters."
    # type, because a bool is an int in Python.
    if type(value) is int:
        return "" if abs(value) <= MAX_INTEGER else "A whole number lies within ±(2⁵³−1)."
    return "" if type(value) is float else "Only texts and numbers are allowed."
