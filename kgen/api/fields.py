"""Serializer fields that accept exactly the types of the contract and coerce nothing."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rest_framework import serializers

from kgen.errors import Invalid

MAX_INTEGER = 2**53 - 1
LONGEST_USER_ID = 128
# Characters of a profile's text.
LONGEST_TEXT = 500
SECONDS = slice(17, 19)
_HOUR_AND_MINUTE = r"([01]\d|2[0-3]):[0-5]\d"
_RFC3339 = re.compile(
    rf"\d{{4}}-\d{{2}}-\d{{2}}[Tt]{_HOUR_AND_MINUTE}:\d{{2}}(\.\d+)?([Zz]|[+-]{_HOUR_AND_MINUTE})", re.ASCII
)


class WholeNumber(serializers.IntegerField):
    """A whole number in its bounds: no fraction, no text, no bool. Its spelling does not matter (`kgen.api.json`)."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class Amount(WholeNumber):
    """Whole units of the client's currency, 0 … 2⁵³−1 unless narrowed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": MAX_INTEGER} | kwargs)


class ScoreField(WholeNumber):
    """A score, −(2⁵³−1) … 2⁵³−1."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": -MAX_INTEGER, "max_value": MAX_INTEGER} | kwargs)


class Text(serializers.CharField):
    """JSON text, kept unchanged."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False} | kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # CharField converts numbers to text and strips blanks before it validates; this field accepts only text.
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            self.fail("invalid")
        return super().run_validation(data)


class Flag(serializers.BooleanField):
    """JSON's true or false, and no other value."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class ProfileText(Text):
    """A profile text. Older clients may send a number, which becomes text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{"max_length": LONGEST_TEXT, "allow_blank": True, "allow_null": True, "required": False} | kwargs
        )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if type(data) in (int, float):
            data = str(data)
        return super().run_validation(data)


class Reference(Text):
    """A name that a studio chooses: 1–`max_length` characters, no control characters, no blanks at the ends.

    Kept byte for byte: no case folding, no normalisation.
    """

    default_error_messages = {"unclean": "Control characters and blanks at the ends are not allowed."}

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        if not is_clean_reference(text):
            self.fail("unclean")
        return text


class UserId(Reference):
    """The id that a studio gives its gamer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": LONGEST_USER_ID} | kwargs)


def is_clean_reference(text: str) -> bool:
    """Whether a text is not empty and has no control characters, no surrogates and no blanks at the ends."""
    if not text or text != text.strip():
        return False
    # A printable text has neither controls nor surrogates; only other texts need a look at each character.
    return text.isprintable() or not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def id_of(text: str) -> UUID | None:
    """Parse an id in canonical form, in either case. None for other texts: callers treat them as unknown ids."""
    try:
        id = UUID(text)
    except ValueError:
        return None
    return id if str(id) == text.lower() else None


class Timestamp(serializers.DateTimeField):
    """An RFC 3339 time with its offset, converted to UTC. Fractions of a second are cut to microseconds.

    A leap second is the second after it, as PostgreSQL has it.
    """

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _RFC3339.fullmatch(value):
            self.fail("invalid", format="RFC 3339, as 2026-01-31T12:00:00Z")
        try:
            is_leap_second = value[SECONDS] == "60"
            read = f"{value[: SECONDS.start]}59{value[SECONDS.stop :]}" if is_leap_second else value
            return datetime.fromisoformat(read.upper()).astimezone(UTC) + timedelta(seconds=is_leap_second)
        except (ValueError, OverflowError):
            self.fail("invalid", format="RFC 3339, as 2026-01-31T12:00:00Z")


class RequestBody(serializers.Serializer[Any]):
    """A JSON body. An optional field that is null counts as left out, except those in `nullable_fields`."""

    # Optional fields in which null has a meaning of its own.
    nullable_fields: frozenset[str] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and None in data.values():
            data = {name: value for name, value in data.items() if value is not None or self._keeps_null(name)}
        return super().to_internal_value(data)

    def _keeps_null(self, name: str) -> bool:
        return name in self.nullable_fields or (name in self.fields and self.fields[name].required)


def faults(detail: Any, prefix: str = "") -> list[dict[str, str]]:
    """Flatten DRF's nested error detail to the contract's list of {field, code, detail}."""
    if isinstance(detail, dict):
        return [
            fault
            for name, part in detail.items()
            for fault in faults(part, prefix if name == "non_field_errors" else _join(prefix, name))
        ]
    if isinstance(detail, list) and any(isinstance(part, (dict, list)) for part in detail):
        return [fault for index, part in enumerate(detail) for fault in faults(part, _join(prefix, index))]
    return [{"field": prefix, "code": part.code or "invalid", "detail": str(part)} for part in detail]


def _join(prefix: str, name: object) -> str:
    return f"{prefix}.{name}" if prefix else str(name)


def validated(serializer: serializers.BaseSerializer[Any]) -> Any:
    """The serializer's validated data.

    :raises Invalid: with every fault in `errors`.
    """
    if not serializer.is_valid():
        raise Invalid("A field is missing or wrong.", errors=faults(serializer.errors))
    return serializer.validated_data
