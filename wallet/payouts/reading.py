"""Reading a gateway's report: our own members strictly, and everything else in whatever form the gateway has it."""

import json
from typing import Any

from kgen.api.fields import MAX_INTEGER
from kgen.api.json import decode_object
from kgen.api.numbers import read_integer, read_number
from kgen.errors import Invalid
from wallet.payouts.rail import EVIDENCE, ORDERED, STATUSES, PayoutOutcome, Report

HASH_LENGTH = 200
NO_NUMBER = float("nan")
_STRICT = ("status", *ORDERED)
_OURS = frozenset((*_STRICT, *EVIDENCE))


def read_report(body: bytes) -> Report:
    """Read a gateway's JSON object. Evidence that is not in our form is dropped, and unknown members are ignored.

    :raises Invalid: it is no JSON object, its status is unknown, or reference, amount or currency is not strict JSON.
    """
    given = _loosely(body)
    strict = {name: _strictly(given.get(name)) for name in _STRICT}
    if strict["status"] not in STATUSES:
        raise Invalid("The report's status is unknown.")
    evidence = {name: _evidence(name, given.get(name)) for name in EVIDENCE}
    return Report(
        **strict | {"status": PayoutOutcome(strict["status"])},
        **evidence,
        ignored=tuple(name for name in EVIDENCE if evidence[name] is None and given.get(name) is not None),
    )


def _loosely(body: bytes) -> dict[str, Any]:
    """The object, with NaN for each number that no field could hold. Only a name of ours must not be repeated."""
    try:
        given = _decoder.decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Invalid("The body is not valid JSON.") from None
    if not isinstance(given, dict):
        raise Invalid("The body must be a JSON object.")
    return given


def _strictly(value: Any) -> Any:
    """The value as the product reads JSON everywhere else.

    :raises Invalid: see `decode_object`.
    """
    try:
        written = json.dumps({"value": value})
    except RecursionError:
        raise Invalid("The body is nested too deep.") from None
    return decode_object(written.encode())["value"]


def _evidence(name: str, value: Any) -> Any:
    """The value, or None if it is not in our form."""
    try:
        strict = _strictly(value)
    except Invalid:
        return None
    return strict if _FORMS[name](strict) else None


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= HASH_LENGTH


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_INTEGER


def _without_repeats_of_ours(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    ours = [name for name, _ in pairs if name in _OURS]
    if len(set(ours)) < len(ours):
        raise ValueError("a name is repeated in one object")
    return dict(pairs)


def _integer(text: str) -> int | float:
    try:
        return read_integer(text)
    except ValueError:
        return NO_NUMBER


def _number(text: str) -> int | float:
    try:
        value = read_number(text)
    except ValueError:
        return NO_NUMBER
    # A fraction whose nearest float is whole would be written as a whole number.
    return NO_NUMBER if isinstance(value, float) and value.is_integer() else value


_FORMS = {"transaction_hash": _is_hash, "block_number": _is_count, "gas_fee": _is_count}
_decoder = json.JSONDecoder(object_pairs_hook=_without_repeats_of_ours, parse_int=_integer, parse_float=_number)
