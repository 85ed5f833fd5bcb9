"""What every rail can do, and the words in which it answers."""

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
    """What a rail's answer comes to. Only PAID, REJECTED and, for a first send, REFUSED are definite."""

    PAID = "paid"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    # An answer of its form in which something is not what was ordered.
    MISMATCH = "mismatch"
    # 400, 402 or 422: definite for the first ever send of a reference only.
    REFUSED = "refused"
    # Asked, and not seen so far: never a refusal.
    NOT_SEEN = "not seen"
    # The rail refuses us as such: what became of the order is unknown, and nothing else should be sent.
    MISCONFIGURED = "misconfigured"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PayoutOrder:
    """A payout as it is ordered, in the same words on every try. `amount` is in whole units."""

    reference: str
    amount: int
    currency: str
    to_wallet: str


@dataclass(frozen=True)
class Report:
    """What a rail says of a reference. `fault` names a member that is not of its form."""

    status: PayoutOutcome
    reference: object
    amount: object
    currency: object
    transaction_hash: str | None
    block_number: int | None
    gas_fee: int | None
    fault: str = ""

    def judged_by(self, order: PayoutOrder) -> "Reply":
        """The report's own status where everything that is present is as ordered, else MISMATCH."""
        ordered = ("reference", "amount", "currency")
        fault = self.fault or next((name for name in ordered if self._differs(name, order)), "")
        return Reply(PayoutOutcome.MISMATCH if fault else self.status, detail=fault, report=self)

    def _differs(self, name: str, order: PayoutOrder) -> bool:
        mine, theirs = getattr(order, name), getattr(self, name)
        # True equals 1 and 10.0 equals 10, and neither is what was ordered.
        return theirs is not None and (type(theirs) is not type(mine) or theirs != mine)


@dataclass(frozen=True)
class Reply:
    """How one call to a rail ended. `detail` holds nothing secret: it is kept in the log of attempts."""

    outcome: PayoutOutcome
    http_status: int | None = None
    detail: str = ""
    report: Report | None = None


class InvalidSignature(Unauthorized):
    """News that is not signed as it should be, or too old."""


class Rail(Protocol):
    """A way for payouts to leave. No method raises for anything the far side does."""

    @property
    def name(self) -> str:
        """Under which withdrawals and settings know it."""

    @property
    def idempotent(self) -> bool:
        """Whether the same reference may be sent again without being paid twice."""

    def send(self, order: PayoutOrder) -> Reply:
        """Order the payout. Called with no transaction open."""

    def ask(self, order: PayoutOrder) -> Reply:
        """What became of it. Called with no transaction open."""

    def read_news(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Report:
        """What the rail tells by itself.

        :raises InvalidSignature: it did not come from the rail, or longer ago than 5 minutes.
        :raises Invalid: it did, and is garbage.
        """


def read_report(body: bytes) -> Report:
    """A rail's object.

    :raises Invalid: no JSON object, or no status that we know.
    """
    given = decode_object(body)
    status = given.get("status")
    if status not in ("paid", "accepted", "rejected"):
        raise Invalid("The report has no status that is known.")
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
