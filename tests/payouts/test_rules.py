"""The rules themselves, over everything that can be asked of them."""

from itertools import product

import pytest

from wallet.models import OPEN, SETTLED, UNSENT, Review, State
from wallet.payouts import PayoutOutcome
from wallet.payouts.rail import CAME_BACK, REJECTIONS
from wallet.payouts.rules import PayoutFacts, Verdict, after_call, after_callback, after_late_answer

REVIEWS = ["", Review.UNCONFIRMED, Review.CONTRADICTION]


@pytest.mark.parametrize(("outcome", "first", "may_send"), list(product(PayoutOutcome, [True, False], [True, False])))
def test_only_a_definite_answer_moves_money(outcome: PayoutOutcome, first: bool, may_send: bool) -> None:
    verdict = after_call(outcome, first_ever=first, may_send=may_send)
    assert (verdict is Verdict.PAY) == (outcome is PayoutOutcome.PAID)
    refused = outcome in REJECTIONS or (outcome is PayoutOutcome.REFUSED and first)
    assert (verdict is Verdict.REFUND) == refused
    assert (verdict is Verdict.SEND) == (outcome is PayoutOutcome.NOT_SEEN and may_send)
    assert (verdict is Verdict.REVIEW_UNCONFIRMED) == (outcome is PayoutOutcome.NOT_SEEN and not may_send)


NEWS = [PayoutOutcome.PAID, PayoutOutcome.ACCEPTED, PayoutOutcome.MISMATCH, *sorted(REJECTIONS)]
YES_OR_NO = [True, False]


@pytest.mark.parametrize(("outcome", "state", "review"), list(product(NEWS, State, REVIEWS)))
def test_a_report_moves_money_only_in_an_open_state_without_a_mark_or_back_from_paid(
    outcome: PayoutOutcome, state: State, review: str
) -> None:
    for same_hash, complete in product(YES_OR_NO, YES_OR_NO):
        verdict = after_callback(outcome, PayoutFacts(state, review, same_hash, complete))
        clear = state in OPEN and state not in UNSENT and review != Review.CONTRADICTION
        assert (verdict is Verdict.PAY) == (clear and outcome is PayoutOutcome.PAID)
        assert (verdict is Verdict.REFUND) == (clear and outcome in REJECTIONS)
        assert (verdict is Verdict.RETURN) == (state == State.PAID and outcome in CAME_BACK and complete)
        assert verdict is not Verdict.SEND
        if state in SETTLED:
            assert verdict in (Verdict.NOTHING, Verdict.DISPUTE, Verdict.RETURN)


@pytest.mark.parametrize(("outcome", "complete"), list(product(NEWS, YES_OR_NO)))
def test_a_returned_payout_stays_returned(outcome: PayoutOutcome, complete: bool) -> None:
    old = outcome is PayoutOutcome.ACCEPTED or (outcome in CAME_BACK and complete)
    verdict = after_callback(outcome, PayoutFacts(State.RETURNED, complete=complete))
    assert verdict is (Verdict.NOTHING if old else Verdict.DISPUTE)


@pytest.mark.parametrize(("outcome", "complete", "of_form"), list(product(NEWS, YES_OR_NO, YES_OR_NO)))
def test_only_a_complete_paid_lifts_a_review_and_only_one_of_form(
    outcome: PayoutOutcome, complete: bool, of_form: bool
) -> None:
    known = PayoutFacts(State.NEEDS_REVIEW, Review.CONTRADICTION, complete=complete, review_of_form=of_form)
    lifted = outcome is PayoutOutcome.PAID and complete and of_form
    assert (after_callback(outcome, known) is Verdict.PAY) == lifted


@pytest.mark.parametrize(("outcome", "state"), list(product(PayoutOutcome, State)))
def test_a_late_answer_moves_money_only_if_paid_and_marks_a_return(outcome: PayoutOutcome, state: State) -> None:
    known = PayoutFacts(state, complete=True)
    verdict = after_late_answer(outcome, known)
    if outcome is PayoutOutcome.PAID:
        assert verdict is after_callback(outcome, known)
    else:
        marked = state == State.PAID and outcome in CAME_BACK
        assert verdict is (Verdict.DISPUTE if marked else Verdict.NOTHING)
