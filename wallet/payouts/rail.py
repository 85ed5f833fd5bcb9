"""The interface of payout rails, and the forms of their answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from kgen.errors import Unauthorized


class PayoutOutcome(StrEnum):
    """The meaning of a rail's answer. Only PAID, those of REJECTIONS and, for a first send, REFUSED are definite."""

    PAID = "paid"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FAILED = "failed"
    REVERSED = "reversed"
    RETURNED = "returned"
    # A well-formed answer that contradicts the order.
    MISMATCH = "mismatch"
    # 400, 402 or 422: definite for the first ever send of a reference only.
    REFUSED = "refused"
    # The rail does not know the reference yet. Never a refusal.
    NOT_SEEN = "not seen"
    # The rail rejects our credentials or address: the order's fate is unknown, and nothing else should be sent.
    MISCONFIGURED = "misconfigured"
    UNKNOWN = "unknown"


# What a gateway may report before it has paid or, days later, of a payout that came back.
CAME_BACK = frozenset({PayoutOutcome.FAILED, PayoutOutcome.REVERSED, PayoutOutcome.RETURNED})
# Before the rail has paid, each of these says that it never will.
REJECTIONS = CAME_BACK | {PayoutOutcome.REJECTED}
# The statuses that a report may have.
STATUSES = (
    PayoutOutcome.PAID,
    PayoutOutcome.ACCEPTED,
    PayoutOutcome.REJECTED,
    PayoutOutcome.FAILED,
    PayoutOutcome.REVERSED,
    PayoutOutcome.RETURNED,
)
# What a report must not contradict.
ORDERED = ("reference", "amount", "currency")
# What a report tells beside that, in a form of the gateway's own.
EVIDENCE = ("transaction_hash", "block_number", "gas_fee")


@dataclass(frozen=True)
class PayoutOrder:
    """A payout order, the same on every attempt. `amount` is in whole units."""

    reference: str
    amount: int
    currency: str
    to_wallet: str


@dataclass(frozen=True)
class Report:
    """A rail's statement about a reference. `ignored` names the evidence that is not in our form, which is dropped."""

    status: PayoutOutcome
    reference: object
    amount: object
    currency: object
    transaction_hash: str | None
    block_number: int | None
    gas_fee: int | None
    ignored: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether it has everything that it must not contradict."""
        return all(getattr(self, name) is not None for name in ORDERED)

    def judged_by(self, order: PayoutOrder) -> "Reply":
        """The report's status if what it has of reference, amount and currency matches the order, else MISMATCH."""
        fault = next((name for name in ORDERED if self._differs(name, order)), "")
        if fault:
            return Reply(PayoutOutcome.MISMATCH, detail=fault, report=self)
        ignored = f"ignored {', '.join(self.ignored)}" if self.ignored else ""
        return Reply(self.status, detail=ignored, report=self)

    def _differs(self, name: str, order: PayoutOrder) -> bool:
        mine, theirs = getattr(order, name), getattr(self, name)
        # In Python True equals 1, but it does not match the order.
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
