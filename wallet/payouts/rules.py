"""From a rail's answer to a verdict: pure rules over a withdrawal's state (contract, section 9).

Only a definite answer moves money, UNKNOWN is a state of its own, and a contradiction never touches the ledger.
"""

from enum import Enum, auto

from wallet.models import UNSENT, Review, State
from wallet.payouts.rail import PayoutOutcome


class Verdict(Enum):
    """What to do with the withdrawal."""

    PAY = auto()
    REFUND = auto()
    # The rail may safely be sent the same reference again.
    SEND = auto()
    ASK_LATER = auto()
    REVIEW_UNCONFIRMED = auto()
    REVIEW_CONTRADICTION = auto()
    # The withdrawal is settled and the callback contradicts it: mark it for an operator and do nothing else.
    DISPUTE = auto()
    NOTHING = auto()


def after_call(outcome: PayoutOutcome, *, first_ever: bool, may_send: bool) -> Verdict:
    """The verdict on the outcome of our own call, for a withdrawal that is SENDING.

    `first_ever`: the call was a send, and no earlier call to the rail named this reference.
    `may_send`: the rail deduplicates, or the reference was never sent.
    """
    match outcome:
        case PayoutOutcome.PAID:
            return Verdict.PAY
        case PayoutOutcome.REJECTED:
            return Verdict.REFUND
        case PayoutOutcome.REFUSED if first_ever:
            return Verdict.REFUND
        case PayoutOutcome.MISMATCH:
            return Verdict.REVIEW_CONTRADICTION
        case PayoutOutcome.NOT_SEEN:
            return Verdict.SEND if may_send else Verdict.REVIEW_UNCONFIRMED
    return Verdict.ASK_LATER


def after_callback(outcome: PayoutOutcome, *, state: State, review: str, same_hash: bool) -> Verdict:
    """The verdict on a callback. `same_hash`: it names no transaction other than the known one."""
    if state in (State.PAID, State.FAILED):
        return _late(outcome, state, same_hash)
    # A callback for an unsent withdrawal: it belongs to another installation, or a restore lost the send.
    if outcome is PayoutOutcome.MISMATCH or state in UNSENT:
        return Verdict.REVIEW_CONTRADICTION
    if review == Review.CONTRADICTION:
        return Verdict.NOTHING
    match outcome:
        case PayoutOutcome.PAID:
            return Verdict.PAY
        case PayoutOutcome.REJECTED:
            return Verdict.REFUND
        case PayoutOutcome.ACCEPTED if state == State.NEEDS_REVIEW:
            return Verdict.ASK_LATER
    return Verdict.NOTHING


def _late(outcome: PayoutOutcome, state: State, same_hash: bool) -> Verdict:
    agrees = {
        # An `accepted` after `paid` is only late.
        State.PAID: outcome is PayoutOutcome.ACCEPTED or (outcome is PayoutOutcome.PAID and same_hash),
        State.FAILED: outcome is PayoutOutcome.REJECTED,
    }
    return Verdict.NOTHING if agrees[state] else Verdict.DISPUTE
