"""Applies the callbacks of a payment gateway."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from kgen.api.fields import id_of
from kgen.clock import database_now
from kgen.errors import RecordNotFound
from kgen.transactions import transactional
from wallet import payouts
from wallet.models import GATEWAY_RAIL, Withdrawal
from wallet.payouts import InvalidSignature, PayoutOutcome, Report
from wallet.payouts.rules import Verdict, after_callback
from wallet.services.outcomes import carry_out, facts_of, fill_in, write_attempt
from wallet.services.paying import order_of


def receive_callback(*, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Verify a callback and apply its report once.

    :raises InvalidSignature: the gateway did not sign it, or more than 5 minutes ago.
    :raises Invalid: it is signed but is no report.
    :raises RecordNotFound: there is no such payout.
    """
    rail = payouts.rails().get(GATEWAY_RAIL)
    if rail is None:
        raise InvalidSignature()
    apply_report(report=rail.read_callback(headers, body, now))


@transactional
def apply_report(*, report: Report) -> Verdict:
    """Apply a report to its withdrawal. A repetition changes nothing; a contradiction never moves money.

    A payout that came back is credited whatever has become of the gamer, the client or the wallet's limit meanwhile.

    :raises RecordNotFound: there is no such payout.
    """
    row = Withdrawal.objects.select_for_update().filter(pk=_uuid(report.reference), rail=GATEWAY_RAIL).first()
    if row is None:
        raise RecordNotFound()
    now = database_now()
    reply = report.judged_by(order_of(row))
    verdict = after_callback(reply.outcome, facts_of(row, report))
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
