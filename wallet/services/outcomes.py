"""The effects of a verdict on a withdrawal. The caller's transaction holds the withdrawal's lock."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from kgen.payees import payee_of
from kgen.states import move_to
from kgen.webhooks.events import emit
from wallet import ledger
from wallet.models import GATEWAY_RAIL, PayoutAttempt, Review, State, Step, Withdrawal
from wallet.payouts import EVIDENCE, PayoutOutcome, Reply, Report
from wallet.payouts.rules import PayoutFacts, Verdict
from wallet.selectors.withdrawals import attempt_details, was_ever_sent

log = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)


def facts_of(row: Withdrawal, report: Report | None) -> PayoutFacts:
    """What is known of a withdrawal for judging what a rail says by itself, or after the lease of its call."""
    hashes = {row.transaction_hash, report.transaction_hash if report else None} - {None}
    contradicted = row.state == State.NEEDS_REVIEW and row.review == Review.CONTRADICTION
    return PayoutFacts(
        State(row.state),
        row.review,
        same_hash=len(hashes) < 2,
        complete=report is not None and report.is_complete,
        review_of_form=contradicted and _is_about_form(row),
    )


def _is_about_form(row: Withdrawal) -> bool:
    """Whether a review for a contradiction has no cause but evidence that is not in our form.

    Such evidence is ignored now; earlier versions named it in the log as the difference.
    """
    differences = attempt_details(row.pk, PayoutOutcome.MISMATCH.value)
    return bool(differences) and differences <= set(EVIDENCE) and was_ever_sent(row.pk)


def carry_out(row: Withdrawal, verdict: Verdict, report: Report | None, now: datetime) -> None:
    """Carry the verdict out. Every change requires the state for which the verdict was reached.

    :raises WrongState: the state has changed.
    """
    match verdict:
        case Verdict.PAY:
            pay(row, report, now)
        case Verdict.REFUND:
            refund(row, now)
        case Verdict.RETURN:
            take_back(row, now)
        case Verdict.SEND:
            _go_on(row, now, next_step=Step.SEND, next_attempt_at=now)
        case Verdict.ASK_LATER:
            _go_on(row, now, next_step=Step.ASK, next_attempt_at=now + _pause_after(row.tries))
        case Verdict.REVIEW_UNCONFIRMED:
            _hand_to_a_person(row, Review.UNCONFIRMED, now)
        case Verdict.REVIEW_CONTRADICTION:
            _hand_to_a_person(row, Review.CONTRADICTION, now)
        case Verdict.DISPUTE:
            # A settled withdrawal stays settled: the mark asks an operator to look, and no money moves.
            Withdrawal.objects.filter(pk=row.pk).update(review=Review.CONTRADICTION, updated_at=now)
            log.error("payout disputed", withdrawal=str(row.pk), state=row.state)


def pay(row: Withdrawal, report: Report | None, now: datetime, **by: Any) -> None:
    """Pay the held money out and mark the withdrawal PAID.

    :raises WrongState: it is settled.
    """
    ledger.pay_withdrawal(
        wallet_id=row.wallet_id,
        withdrawal_id=row.pk,
        amount=row.amount,
        kgen_account_id=row.account_id if row.rail == "internal" else None,
    )
    _settle(row, State.PAID, now, **_evidence(report), **by)


def refund(row: Withdrawal, now: datetime, **by: Any) -> None:
    """Return the held money to earned and mark the withdrawal FAILED.

    :raises WrongState: it is settled.
    """
    ledger.return_withdrawal(withdrawal_id=row.pk)
    _settle(row, State.FAILED, now, **by)


def take_back(row: Withdrawal, now: datetime, **by: Any) -> None:
    """Return money that was paid out to earned and mark the withdrawal RETURNED. A mark of a dispute stays.

    :raises WrongState: it is not paid, or its rail is not the gateway.
    """
    values = {"state": State.RETURNED, "returned_at": now, "updated_at": now, **by}
    move_to(row, where={"state": State.PAID, "rail": GATEWAY_RAIL}, **values)
    ledger.return_payout(wallet_id=row.wallet_id, withdrawal_id=row.pk, amount=row.amount)
    _emit_end(row)


def fill_in(row: Withdrawal, report: Report | None) -> None:
    """Add the chain's details of a paid withdrawal that a later report brings, such as its block."""
    missing = {name: value for name, value in _evidence(report).items() if getattr(row, name) is None}
    if missing and row.state == State.PAID:
        Withdrawal.objects.filter(pk=row.pk).update(**missing)


def write_attempt(row: Withdrawal, kind: str, started_at: datetime, **values: Any) -> PayoutAttempt:
    """Append an attempt to the log. The withdrawal's lock makes its number unique and consecutive."""
    row.tries += 1
    Withdrawal.objects.filter(pk=row.pk).update(tries=row.tries)
    return PayoutAttempt.objects.create(withdrawal=row, number=row.tries, kind=kind, started_at=started_at, **values)


def end_attempt(attempt_id: int, reply: Reply, outcome: str, now: datetime) -> None:
    """Record how a call ended, once."""
    PayoutAttempt.objects.filter(pk=attempt_id, ended_at=None).update(
        ended_at=now, outcome=outcome, http_status=reply.http_status, detail=reply.detail
    )


def _settle(row: Withdrawal, state: State, now: datetime, **values: Any) -> None:
    move_to(
        row,
        where={"settled_at": None},
        state=state,
        settled_at=now,
        updated_at=now,
        lease_until=None,
        review="",
        **values,
    )
    _emit_end(row)


def _emit_end(row: Withdrawal) -> None:
    emit(row.client_id, f"withdrawal.{State(row.state).value.lower()}", _event_data(row))


def _event_data(row: Withdrawal) -> dict[str, Any]:
    """The data of the webhook event: gamer, amount and final status."""
    payee = payee_of(row.wallet_id)
    return {
        "withdrawal_id": str(row.pk),
        "gamer_id": str(payee.gamer_id),
        "user_id": payee.user_id,
        "amount": row.amount,
        "currency": row.currency,
        "status": row.state,
        "transaction_hash": row.transaction_hash,
    }


def _go_on(row: Withdrawal, now: datetime, **values: Any) -> None:
    move_to(
        row,
        where={"state__in": [State.SENDING, State.NEEDS_REVIEW]},
        state=State.SENDING,
        review="",
        lease_until=None,
        **values,
    )


def _hand_to_a_person(row: Withdrawal, review: Review, now: datetime) -> None:
    move_to(
        row,
        where={"settled_at": None},
        state=State.NEEDS_REVIEW,
        review=review,
        lease_until=None,
        updated_at=now,
    )
    log.error("payout needs review", withdrawal=str(row.pk), cause=review.value)


def _pause_after(tries: int) -> timedelta:
    return min(FIRST_PAUSE * (1 << min(tries, 10)) / 2, LONGEST_PAUSE)


def _evidence(report: Report | None) -> dict[str, Any]:
    if report is None:
        return {}
    given = {name: getattr(report, name) for name in ("block_number", "transaction_hash", "gas_fee")}
    return {name: value for name, value in given.items() if value is not None}
