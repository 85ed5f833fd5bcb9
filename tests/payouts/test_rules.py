"""The rules themselves, over everything that can be asked of them."""

from itertools import product

import pytest

from wallet.models import OPEN, SETTLED, UNSENT, Review, State
from wallet.payouts import PayoutOutcome
from wallet.payouts.rules import Verdict, after_call, after_callback

REVIEWS = ["", Review.UNCONFIRMED, Review.CONTRADICTION]


@pytest.mark.parametrize(("outcome", "first", "may_send"), list(product(PayoutOutcome, [True, False], [True, False])))
def test_only_a_definite_answer_moves_money(outcome: PayoutOutcome, first: bool, may_send: bool) -> None:
    verdict = after_call(outcome, first_ever=first, may_send=may_send)
    assert (verdict is Verdict.PAY) == (outcome is PayoutOutcome.PAID)
    refused = outcome is PayoutOutcome.REJECTED or (outcome is PayoutOutcome.REFUSED and first)
    assert (verdict is Verdict.REFUND) == refused
    assert (verdict is Verdict.SEND) == (outcome is PayoutOutcome.NOT_SEEN and may_send)
    assert (verdict is Verdict.REVIEW_UNCONFIRMED) == (outcome is PayoutOutcome.NOT_SEEN and not may_send)


NEWS = [PayoutOutcome.PAID, PayoutOutcome.ACCEPTED, PayoutOutcome.REJECTED, PayoutOutcome.MISMATCH]


@pytest.mark.parametrize(("outcome", "state", "review"), list(product(NEWS, State, REVIEWS)))
def test_a_report_moves_money_only_in_an_open_state_without_a_mark(
    outcome: PayoutOutcome, state: State, review: str
) -> None:
    for same_hash in (True, False):
        verdict = after_callback(outcome, state=state, review=review, same_hash=same_hash)
        moves = verdict in (Verdict.PAY, Verdict.REFUND)
        clear = state in OPEN and state not in UNSENT and review != Review.CONTRADICTION
        assert moves == (clear and outcome in (PayoutOutcome.PAID, PayoutOutcome.REJECTED))
        assert verdict is not Verdict.SEND
        if state in SETTLED:
            assert verdict in (Verdict.NOTHING, Verdict.DISPUTE)
