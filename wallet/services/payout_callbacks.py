"""Applies the callbacks of a payment gateway."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from kgen.api.fields import id_of
from kgen.clock import database_now
from kgen.errors import RecordNotFound
from kgen.transactions import transactional
from wallet import payouts
from wallet.models import State, Withdrawal
from wallet.payouts import InvalidSignature, PayoutOutcome, Report
from wallet.payouts.rules import Verdict, after_callback
from wallet.services.outcomes import carry_out, fill_in, write_attempt
from wallet.services.paying import order_of

# The only rail with callbacks.
SOURCE = "http"


def receive_callback(*, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Verify a callback and apply its report once.

    :raises InvalidSignature: the gateway did not sign it, or more than 5 minutes ago.
    :raises Invalid: it is signed but is no report.
    :raises RecordNotFound: there is no such payout.
    """
    rail = payouts.rails().get(SOURCE)
    if rail is None:
        raise InvalidSignature()
    apply_report(report=rail.read_callback(headers, body, now))


@transactional
def apply_report(*, report: Report) -> Verdict:
    """Apply a report to its withdrawal. A repetition changes nothing; a contradiction never moves money.

    :raises RecordNotFound: there is no such payout.
    """
    row = Withdrawal.objects.select_for_update().filter(pk=_uuid(report.reference), rail=SOURCE).first()
    if row is None:
        raise RecordNotFound()
    now = database_now()
    reply = report.judged_by(order_of(row))
    hashes = {row.transaction_hash, report.transaction_hash} - {None}
    verdict = after_callback(reply.outcome, state=State(row.state), review=row.review, same_hash=len(hashes) < 2)
    if verdict is Verdict.NOTHING:
        fill_in(row, report if reply.outcome is PayoutOutcome.PAID else None)
        return verdict
    if verdict is Verdict.DISPUTE and row.review:
        return Verdict.NOTHING
    write_attempt(row, "news", now, ended_at=now, outcome=reply.outcome.value, detail=reply.detail)
    carry_out(row, verdict, report, now)
    return verdict


def _uuid(reference: object) -> UUID:
    """The id of the withdrawal. A gateway repeats the reference exactly as it was sent.

    :raises RecordNotFound: the reference was never sent.
    """
    id = id_of(reference) if isinstance(reference, str) else None
    if id is None or str(id) != reference:
        raise RecordNotFound()
    return id
