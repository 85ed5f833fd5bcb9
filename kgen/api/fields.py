"""Serializer fields that take what the contract says and nothing that merely looks like it."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers

from kgen.errors import Invalid

MAX_INTEGER = 2**53 - 1
LONGEST_USER_ID = 128
# Of a profile.
LONGEST_TEXT = 500
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


class WholeNumber(serializers.IntegerField):
    """A JSON integer in its bounds: no fraction, no text, no bool."""

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
    """JSON text, kept as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False} | kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # CharField turns numbers into text and strips blanks before it looks; here only text is text.
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            self.fail("invalid")
        return super().run_validation(data)


class ProfileText(Text):
    """A profile text, to which older clients may send a number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{"max_length": LONGEST_TEXT, "allow_blank": True, "allow_null": True, "required": False} | kwargs
        )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if type(data) in (int, float):
            data = str(data)
        return super().run_validation(data)


class Reference(Text):
    """A studio's own name for something: 1–`max_length` characters, no controls, no blanks at the ends.

    Kept byte for byte: nothing is folded or normalised.
    """

    default_error_messages = {"unclean": "Controls, or blanks at the ends, are not allowed."}

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        if not is_clean_reference(text):
            self.fail("unclean")
        return text


class UserId(Reference):
    """A gamer's id in the studio's own words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": LONGEST_USER_ID} | kwargs)


def is_clean_reference(text: str) -> bool:
    """No controls, no surrogates, no blanks at the ends, not empty."""
    if not text or text != text.strip():
        return False
    # What is printable holds none; the rest is looked at one by one.
    return text.isprintable() or not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def id_of(text: str) -> UUID | None:
    """The id that a text is, in canonical form and either case; None where it is no id, which is as unknown as any."""
    try:
        id = UUID(text)
    except ValueError:
        return None
    return id if str(id) == text.lower() else None


class Timestamp(serializers.DateTimeField):
    """An RFC 3339 time with its offset, at most microseconds; given on in UTC."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _RFC3339.fullmatch(value):
            self.fail("invalid", format="RFC 3339, as 2026-01-31T12:00:00Z")
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid", format="RFC 3339, as 2026-01-31T12:00:00Z")


def faults(detail: Any, prefix: str = "") -> list[dict[str, str]]:
    """DRF's nested error detail as the contract's flat list of {field, code, detail}."""
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
