"""What follows from a rail's words: pure rules over a withdrawal's state (contract, section 9).

Only a definite answer moves money, unknown is a state, and what contradicts what is booked never touches the ledger.
"""

from enum import Enum, auto

from wallet.models import UNSENT, Review, State
from wallet.payouts.rail import PayoutOutcome


class Verdict(Enum):
    """What is to be done with the withdrawal."""

    PAY = auto()
    REFUND = auto()
    # The rail may safely be sent the same reference again.
    SEND = auto()
    ASK_LATER = auto()
    REVIEW_UNCONFIRMED = auto()
    REVIEW_CONTRADICTION = auto()
    # It is settled and the news contradicts that: written down for a person, and nothing else.
    DISPUTE = auto()
    NOTHING = auto()


def after_call(outcome: PayoutOutcome, *, first_ever: bool, may_send: bool) -> Verdict:
    """What follows from the outcome of our own call for a withdrawal that is SENDING.

    `first_ever`: the call was a send, and before it there was nothing with the rail about this reference.
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
    """What follows from what the rail told by itself. `same_hash`: it names no other transaction than the known one."""
    if state in (State.PAID, State.FAILED):
        return _late(outcome, state, same_hash)
    # News of what was never sent: somebody else's, or this database has forgotten it (a restore).
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
        # `accepted` that comes after `paid` is merely old.
        State.PAID: outcome is PayoutOutcome.ACCEPTED or (outcome is PayoutOutcome.PAID and same_hash),
        State.FAILED: outcome is PayoutOutcome.REJECTED,
    }
    return Verdict.NOTHING if agrees[state] else Verdict.DISPUTE
