"""Hostile inputs: values for fields, whole bodies, and values for queries.

`fits` says from the contract alone which of them a field may take; everything else must be a 400.
"""

import json
import unicodedata
from dataclasses import dataclass
from typing import Any

# The largest integer that the wire takes, and the most bytes that a body may have.
MOST = 2**53 - 1
LARGEST_BODY = 64 * 1024


class Never:
    """Stands for a value that no field may take."""


@dataclass(frozen=True)
class Nasty:
    """A value as it stands in the JSON, what it means to a reader who takes it at all, and which kinds it is for."""

    name: str
    raw: str
    value: Any = Never
    kinds: frozenset[str] = frozenset()


def _texts(kinds: str, **texts: str) -> list[Nasty]:
    return [
        Nasty(name.replace("_", " "), json.dumps(text), text, frozenset(kinds.split())) for name, text in texts.items()
    ]


NUMBERS = frozenset({"amount", "signed", "profile"})
NO_NUMBERS = {
    "10**30": str(10**30),
    "5,000 digits": "9" * 5000,
    "1e400": "1e400",
    "-1e400": "-1e400",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "leading zero": "007",
    "hexadecimal": "0x10",
}


def _numbers(*raws: str) -> list[Nasty]:
    return [Nasty(raw, raw, json.loads(raw), NUMBERS) for raw in raws]


NASTY = [
    *_texts("", empty="", underscored="1_000", full_width="１２", digits="10", SQL="'; DROP TABLE users_gamer; --"),
    *_texts(
        "text profile reference",
        newline_at_the_end="x\n",
        blank_at_the_start=" x",
        no_break_space_at_the_end="x\u00a0",
        control="a\u0001b",
        C1_control="a\u0085b",
        template="{{7*7}}${7*7}%s%n<script>",
        right_to_left_joined_and_astral="\u202eא\u200d\U0001f468\U0010ffff",
        over_128="u" * 129,
        over_200="u" * 201,
        over_500="u" * 501,
    ),
    *_texts("text reference", over_4000="é" * 4001),
    *_texts(
        "moment",
        year_0="0000-01-01T00:00:00Z",
        year_1="0001-01-01T00:00:00+23:59",
        year_9999="9999-12-31T23:59:59Z",
        beyond_year_9999="9999-12-31T23:59:59-23:59",
        five_digit_year="+12027-01-01T00:00:00Z",
        no_such_day="2027-02-30T00:00:00Z",
        no_such_hour="2027-01-01T25:00:00Z",
        leap_minute="2027-06-30T23:60:00Z",
        no_zone="2027-01-01T00:00:00",
        no_such_zone="2027-01-01T00:00:00+99:99",
        named_zone="2027-01-01T00:00:00 CET",
        full_width_year="２027-01-01T00:00:00Z",
        date="2027-01-01",
        blank_at_the_end="2027-01-01T00:00:00Z ",
    ),
    Nasty("NUL", r'"\u0000"'),
    Nasty("NUL inside", r'"a\u0000b"'),
    Nasty("lone high surrogate", r'"\ud800"'),
    Nasty("surrogates the wrong way round", r'"\udc00\ud800"'),
    Nasty("null", "null", None),
    Nasty("true", "true", True),
    Nasty("false", "false", False),
    Nasty("1893456000", "1893456000", 1893456000),
    Nasty("fraction", "1.5", 1.5),
    *_numbers("-1", "1.0", "1e2", str(2**53), str(-(2**53)), str(2**63)),
    *(Nasty(name, raw, kinds=NUMBERS) for name, raw in NO_NUMBERS.items()),
    Nasty("empty list", "[]", []),
    Nasty("list", "[1]", [1]),
    Nasty("empty object", "{}", {}),
    Nasty("object", '{"a": "b"}', {"a": "b"}),
    Nasty("deep list", "[" * 600 + "]" * 600, []),
    Nasty("deep object", '{"a":' * 600 + "1" + "}" * 600, {}),
]


@dataclass(frozen=True)
class Kind:
    """What a field takes."""

    name: str
    longest: int = 0
    blank: bool = False
    null: bool = False


def fits(kind: Kind, value: Any) -> bool:
    """Whether a field of this kind may take the value; a call may still refuse it for another reason."""
    if value is None:
        return kind.null
    if isinstance(value, bool):
        return kind.name == "flag"
    if value is Never:
        return False
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        lowest = {"amount": 0, "signed": -MOST}.get(kind.name)
        return kind.name == "profile" or (lowest is not None and lowest <= value <= MOST)
    if isinstance(value, float):
        return kind.name == "profile"
    if isinstance(value, dict):
        return kind == ANY_OBJECT
    return isinstance(value, str) and _text_fits(kind, value)


def allowed_for(kind: Kind) -> list[Nasty]:
    """The values that a field of this kind may take."""
    return [nasty for nasty in NASTY if concerns(kind, nasty) and fits(kind, nasty.value)]


def refused_for(kind: Kind) -> list[Nasty]:
    """The values that a field of this kind may not take."""
    return [nasty for nasty in NASTY if concerns(kind, nasty) and not fits(kind, nasty.value)]


def concerns(kind: Kind, nasty: Nasty) -> bool:
    """Whether the value is worth trying on a field of this kind."""
    return not nasty.kinds or kind.name in nasty.kinds


def _text_fits(kind: Kind, text: str) -> bool:
    if kind.name not in ("text", "profile", "reference") or len(text) > kind.longest or not (text or kind.blank):
        return False
    is_clean = text == text.strip() and all(unicodedata.category(letter) != "Cc" for letter in text)
    return kind.name != "reference" or is_clean


AMOUNT, SIGNED = Kind("amount"), Kind("signed")
USER_ID = EVENT_ID = Kind("reference", 128)
CHOICE, MOMENT, OBJECT, LIST = Kind("choice"), Kind("moment"), Kind("object"), Kind("list")
# An object without a required member.
ANY_OBJECT = Kind("any object")
DAY, FLAG = Kind("day"), Kind("flag")
PROFILE = Kind("profile", 500, blank=True, null=True)
REASON = Kind("text", 500)


def optional(kind: Kind, *, blank: bool = False) -> Kind:
    """The same, where null stands for a field left out."""
    return Kind(kind.name, kind.longest, blank or kind.blank, null=True)


def _utf(encoding: str) -> bytes:
    return '{"user_id": "x"}'.encode(encoding)


# Bodies that are none, whatever the call: (name, bytes, headers, status).
RAW_BODIES: list[tuple[str, bytes, dict[str, str], int]] = [
    ("not JSON", b"user_id=player-1", {}, 400),
    ("cut off", b'{"user_id": "x"', {}, 400),
    ("two values", b"{} {}", {}, 400),
    ("blanks only", b"  \n", {}, 400),
    ("a list at the top", b"[]", {}, 400),
    ("a list of objects", b'[{"user_id": "x"}]', {}, 400),
    ("a text at the top", b'"user_id"', {}, 400),
    ("a number at the top", b"1", {}, 400),
    ("true at the top", b"true", {}, 400),
    ("NaN at the top", b"NaN", {}, 400),
    ("invalid UTF-8", b'{"user_id": "\xff\xfe"}', {}, 400),
    ("overlong UTF-8", b'{"user_id": "\xc0\x80"}', {}, 400),
    ("a surrogate in UTF-8", b'{"user_id": "\xed\xa0\x80"}', {}, 400),
    ("a BOM", b'\xef\xbb\xbf{"user_id": "x"}', {}, 400),
    ("UTF-16", _utf("utf-16"), {}, 400),
    ("UTF-32", _utf("utf-32-le"), {}, 400),
    ("a raw NUL", b'{"user_id": "a\x00b"}', {}, 400),
    ("a raw newline in a text", b'{"user_id": "a\nb"}', {}, 400),
    ("a name twice", b'{"user_id": "a", "user_id": "b"}', {}, 400),
    ("an inner name twice", b'{"x": {"a": 1, "a": 2}}', {}, 400),
    ("a NUL in a name", rb'{"a\u0000": 1}', {}, 400),
    ("a surrogate in an unknown field", rb'{"zzz": ["\ud800"]}', {}, 400),
    ("5,000 digits in an unknown field", b'{"zzz": ' + b"1" * 5000 + b"}", {}, 400),
    ("25,000 lists", b"[" * 25_000, {}, 400),
    ("25,000 lists in a field", b'{"zzz": ' + b"[" * 25_000 + b"]" * 25_000 + b"}", {}, 400),
    ("gzip by its header", b'{"user_id": "x"}', {"Content-Encoding": "gzip"}, 415),
    ("gzip in truth", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", {}, 400),
    ("text/plain", b'{"user_id": "x"}', {"Content-Type": "text/plain"}, 415),
    ("a form", b"user_id=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ("a multipart form", b"--b\r\n\r\n--b--", {"Content-Type": "multipart/form-data; boundary=b"}, 415),
    ("another charset", b"{}", {"Content-Type": "application/json; charset=utf-16"}, 415),
]
# Percent-encoded values, and the kinds of parameter that may take them ("" stands for a parameter left out).
NASTY_QUERIES: dict[str, frozenset[str]] = {
    "": frozenset({"choice", "text", "number", "cursor"}),
    "%00": frozenset(),
    "a%00b": frozenset(),
    "%FF%FE": frozenset({"text"}),
    "%ED%A0%80": frozenset({"text"}),
    "%F0%9F%98%80": frozenset({"text"}),
    "-1": frozenset({"text"}),
    "0": frozenset({"text", "number"}),
    "1.5": frozenset({"text"}),
    "1e2": frozenset({"text", "number", "limit"}),
    "1_000": frozenset({"text"}),
    "%EF%BC%91%EF%BC%92": frozenset({"text"}),
    "%D9%A1": frozenset({"text"}),
    "%C2%B2": frozenset({"text"}),
    "%2B5": frozenset({"text"}),
    "%205": frozenset({"text"}),
    "NaN": frozenset({"text"}),
    "true": frozenset({"text"}),
    "null": frozenset({"text"}),
    str(2**53): frozenset({"text"}),
    str(2**64): frozenset({"text"}),
    "9" * 5000: frozenset(),
    "[]": frozenset({"text"}),
    "'%3B%20DROP%20TABLE--": frozenset({"text"}),
    "%25%5F%5C": frozenset({"text"}),
    "x" * 20_000: frozenset(),
    "AAAA": frozenset({"text"}),
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAA": frozenset({"text"}),
    "%3D%3D%3D%3D": frozenset({"text"}),
}


def of_size(body: dict[str, Any], size: int) -> bytes:
    """The body, made so many bytes long by a field that nobody reads."""
    frame = len(json.dumps(body | {"padding": ""}))
    return json.dumps(body | {"padding": "x" * (size - frame)}).encode()
