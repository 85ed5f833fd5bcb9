"""The interface of payout rails, and the forms of their answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from kgen.api.fields import MAX_INTEGER
from kgen.api.json import decode_object
from kgen.errors import Invalid, Unauthorized

HASH_LENGTH = 200


class PayoutOutcome(StrEnum):
    """The meaning of a rail's answer. Only PAID, REJECTED and, for a first send, REFUSED are definite."""

    PAID = "paid"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    # A well-formed answer that contradicts the order.
    MISMATCH = "mismatch"
    # 400, 402 or 422: definite for the first ever send of a reference only.
    REFUSED = "refused"
    # The rail does not know the reference yet. Never a refusal.
    NOT_SEEN = "not seen"
    # The rail rejects our credentials or address: the order's fate is unknown, and nothing else should be sent.
    MISCONFIGURED = "misconfigured"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PayoutOrder:
    """A payout order, the same on every attempt. `amount` is in whole units."""

    reference: str
    amount: int
    currency: str
    to_wallet: str


@dataclass(frozen=True)
class Report:
    """A rail's statement about a reference. `fault` names a malformed member."""

    status: PayoutOutcome
    reference: object
    amount: object
    currency: object
    transaction_hash: str | None
    block_number: int | None
    gas_fee: int | None
    fault: str = ""

    def judged_by(self, order: PayoutOrder) -> "Reply":
        """The report's status if every member it has matches the order, else MISMATCH."""
        ordered = ("reference", "amount", "currency")
        fault = self.fault or next((name for name in ordered if self._differs(name, order)), "")
        return Reply(PayoutOutcome.MISMATCH if fault else self.status, detail=fault, report=self)

    def _differs(self, name: str, order: PayoutOrder) -> bool:
        mine, theirs = getattr(order, name), getattr(self, name)
        # In Python True equals 1 and 10.0 equals 10, but neither matches the order.
        return theirs is not None and (type(theirs) is not type(mine) or theirs != mine)


@dataclass(frozen=True)
class Reply:
    """The end of one call to a rail. `detail` must hold no secret: the log of attempts keeps it."""

    outcome: PayoutOutcome
    http_status: int | None = None
    detail: str = ""
    report: Report | None = None


class InvalidSignature(Unauthorized):
    """The callback's signature is missing, wrong or too old."""


class Rail(Protocol):
    """A payout rail. No method raises for anything that the other side does."""

    @property
    def name(self) -> str:
        """The rail's name in withdrawals and settings."""

    @property
    def idempotent(self) -> bool:
        """Whether the same reference may be sent again without being paid twice."""

    def send(self, order: PayoutOrder) -> Reply:
        """Order the payout. Called with no transaction open."""

    def ask(self, order: PayoutOrder) -> Reply:
        """Ask for the payout's status. Called with no transaction open."""

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Report:
        """Verify and read a callback.

        :raises InvalidSignature: the rail did not send it, or more than 5 minutes ago.
        :raises Invalid: the rail sent it, but it is no report.
        """


def read_report(body: bytes) -> Report:
    """Read a rail's JSON object.

    :raises Invalid: it is no JSON object, or its status is unknown.
    """
    given = decode_object(body)
    status = given.get("status")
    if status not in ("paid", "accepted", "rejected"):
        raise Invalid("The report's status is unknown.")
    hash, block, gas = (given.get(name) for name in ("transaction_hash", "block_number", "gas_fee"))
    faults = [
        name
        for name, good in (
            ("transaction_hash", hash is None or (isinstance(hash, str) and 0 < len(hash) <= HASH_LENGTH)),
            ("block_number", _is_count(block)),
            ("gas_fee", _is_count(gas)),
        )
        if not good
    ]
    return Report(
        PayoutOutcome(status),
        given.get("reference"),
        given.get("amount"),
        given.get("currency"),
        *((None, None, None) if faults else (hash, block, gas)),
        fault=faults[0] if faults else "",
    )


def _is_count(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value <= MAX_INTEGER)
