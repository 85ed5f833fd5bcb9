"""From a rail's answer to a verdict: pure rules over a withdrawal's state (contract, section 9).

Only a definite answer moves money, UNKNOWN is a state of its own, and a contradiction never touches the ledger.
"""

from dataclasses import dataclass
from enum import Enum, auto

from wallet.models import SETTLED, UNSENT, Review, State
from wallet.payouts.rail import CAME_BACK, REJECTIONS, PayoutOutcome


class Verdict(Enum):
    """What to do with the withdrawal."""

    PAY = auto()
    REFUND = auto()
    # It was paid and came back.
    RETURN = auto()
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
        case outcome if outcome in REJECTIONS:
            return Verdict.REFUND
        case PayoutOutcome.REFUSED if first_ever:
            return Verdict.REFUND
        case PayoutOutcome.MISMATCH:
            return Verdict.REVIEW_CONTRADICTION
        case PayoutOutcome.NOT_SEEN:
            return Verdict.SEND if may_send else Verdict.REVIEW_UNCONFIRMED
    return Verdict.ASK_LATER


@dataclass(frozen=True)
class PayoutFacts:
    """What is known of a withdrawal when a report about it comes in."""

    state: State
    review: str = ""
    # The report names no transaction other than the known one.
    same_hash: bool = True
    # The report has reference, amount and currency.
    complete: bool = False
    # The review is about nothing but evidence in a form that is not ours.
    review_of_form: bool = False


def after_callback(outcome: PayoutOutcome, known: PayoutFacts) -> Verdict:
    """The verdict on a report that answers no call of a held lease."""
    if known.state in SETTLED:
        return _late(outcome, known)
    # A callback for an unsent withdrawal: it belongs to another installation, or a restore lost the send.
    if outcome is PayoutOutcome.MISMATCH or known.state in UNSENT:
        return Verdict.REVIEW_CONTRADICTION
    if known.review == Review.CONTRADICTION:
        lifted = outcome is PayoutOutcome.PAID and known.complete and known.review_of_form
        return Verdict.PAY if lifted else Verdict.NOTHING
    match outcome:
        case PayoutOutcome.PAID:
            return Verdict.PAY
        case outcome if outcome in REJECTIONS:
            return Verdict.REFUND
        case PayoutOutcome.ACCEPTED if known.state == State.NEEDS_REVIEW:
            return Verdict.ASK_LATER
    return Verdict.NOTHING


def after_late_answer(outcome: PayoutOutcome, known: PayoutFacts) -> Verdict:
    """The verdict on an answer to our own call after its lease ended. Unless it is PAID, the newer lease asks again.

    A payout that is paid is not asked for again. Whether such an answer is older than the payment is unknown, so what
    it says of a return is only marked.
    """
    if outcome is PayoutOutcome.PAID:
        return after_callback(outcome, known)
    if known.state == State.PAID and outcome in CAME_BACK:
        return Verdict.DISPUTE
    return Verdict.NOTHING


def _late(outcome: PayoutOutcome, known: PayoutFacts) -> Verdict:
    """The verdict on a report about a settled withdrawal. Only a complete return of a paid one moves money."""
    came_back = outcome in CAME_BACK and known.complete
    if known.state == State.PAID and came_back:
        return Verdict.RETURN
    agrees = {
        # An `accepted` after `paid` is only late.
        State.PAID: outcome is PayoutOutcome.ACCEPTED or (outcome is PayoutOutcome.PAID and known.same_hash),
        State.FAILED: outcome in REJECTIONS,
        State.RETURNED: outcome is PayoutOutcome.ACCEPTED or came_back,
    }
    return Verdict.NOTHING if agrees[known.state] else Verdict.DISPUTE
