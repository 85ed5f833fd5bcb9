"""Duty: pay withdrawals exactly once over rails that may lose, delay and repeat calls.

One transaction records that a call is about to be made, the call runs with no transaction open, and another transaction
books its outcome. A worker that dies in between leaves a lease that ends; the next worker first asks the rail.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F, QuerySet

from kgen.clock import database_now
from kgen.duties import call_many
from kgen.payees import payee_of
from kgen.transactions import transactional
from wallet import payouts
from wallet.models import UNSENT, State, Step, Withdrawal
from wallet.payouts import PayoutOrder, PayoutOutcome, Rail, Reply
from wallet.payouts.rules import Verdict, after_call, after_late_answer
from wallet.selectors.withdrawals import was_ever_sent, withdrawals_due
from wallet.services import switching
from wallet.services.outcomes import carry_out, end_attempt, facts_of, write_attempt

log = structlog.get_logger(__name__)

# How long a suspended gamer's withdrawal waits before it is checked again.
WAIT = timedelta(seconds=5)
AT_ONCE = 16


@dataclass(frozen=True)
class LeasedPayout:
    """A withdrawal under this worker's lease, and the call that the worker is about to make."""

    withdrawal_id: UUID
    fence: int
    step: Step
    attempt_id: int
    # No call to the rail has ever named this reference.
    first_ever: bool
    rail: Rail
    order: PayoutOrder


@dataclass
class _PayoutRun:
    """The budget of one sweep.

    Every call in flight may fail: together with the latest failures they stay below the number that pauses a rail.
    """

    left: int
    under_way: int = 0
    failures: int = 0

    def claim(self, room: int) -> Iterator[LeasedPayout]:
        """Lease due payouts while there is room. The caller makes each call at once."""
        while room and self._may_go_on() and (claimed := claim_payout()):
            room, self.left, self.under_way = room - 1, self.left - 1, self.under_way + 1
            yield claimed

    def book(self, claimed: LeasedPayout, reply: Reply) -> None:
        """Book the outcome of a call."""
        self.under_way -= 1
        self.failures = self.failures + 1 if reply.outcome is PayoutOutcome.UNKNOWN else 0
        book_outcome(claim=claimed, reply=reply)

    def _may_go_on(self) -> bool:
        return self.left > 0 and self.under_way + self.failures < settings.PAYOUT_BREAKER_FAILURES


def pay_due(*, most: int = 500) -> int:
    """Duty: make the calls that are due, up to 16 at a time. Returns how many. Any number of workers may run it."""
    switching.pause_after_restore()
    run = _PayoutRun(left=most)
    return call_many(claim=run.claim, call=call, failed=unknown, book=run.book, at_once=AT_ONCE)


def call(claim: LeasedPayout) -> Reply:
    """Call the rail, with no transaction open."""
    if claim.step is Step.SEND:
        return claim.rail.send(claim.order)
    return claim.rail.ask(claim.order)


def unknown(claim: LeasedPayout, words: str) -> Reply:
    """What an unexpected exception in a call counts as: it may have come after the rail took the payout in."""
    return Reply(PayoutOutcome.UNKNOWN, detail=words)


@transactional
def claim_payout() -> LeasedPayout | None:
    """Lease the withdrawal that has been due longest, and record that its call is about to be made.

    After this commit nobody knows whether the rail has the order: the next step is to ask, until an outcome is booked.
    """
    now = database_now()
    rails = payouts.rails()
    row = _next(withdrawals_due(now, switching.running_rails(rails)), now) or _probe(rails, now)
    return _lease(row, rails[row.rail], now) if row else None


def _probe(rails: Collection[str], now: datetime) -> Withdrawal | None:
    """Choose the call that probes a rail whose circuit breaker is open: a question if one is due, because it risks
    nothing."""
    for name in switching.rails_to_probe(rails, now):
        row = _next(withdrawals_due(now, [name]).order_by("next_step", "next_attempt_at", "id"), now)
        if row and switching.take_probe(name, now):
            return row
    return None


def _next(due: QuerySet[Withdrawal], now: datetime) -> Withdrawal | None:
    """Lock and return the first due withdrawal that may be paid now. Postpones the others."""
    while row := due.select_for_update(skip_locked=True).first():
        if row.state not in UNSENT or _may_be_paid(row):
            return row
        Withdrawal.objects.filter(pk=row.pk).update(next_attempt_at=now + WAIT)
    return None


def _may_be_paid(row: Withdrawal) -> bool:
    payee = payee_of(row.wallet_id)
    return payee.client_active and not payee.suspended


def _lease(row: Withdrawal, rail: Rail, now: datetime) -> LeasedPayout:
    step = Step(row.next_step)
    # A call ends within three timeouts; two seconds are left for booking.
    lease = timedelta(seconds=3 * settings.PAYOUT_TIMEOUT_SECONDS + 2)
    attempt = write_attempt(row, step.value, now)
    Withdrawal.objects.filter(pk=row.pk).update(
        state=State.SENDING,
        next_step=Step.ASK,
        fence=F("fence") + 1,
        lease_until=now + lease,
        updated_at=now if row.state in UNSENT else row.updated_at,
    )
    return LeasedPayout(
        withdrawal_id=row.pk,
        fence=row.fence + 1,
        step=step,
        attempt_id=attempt.pk,
        first_ever=step is Step.SEND and attempt.number == 1,
        rail=rail,
        order=order_of(row),
    )


def order_of(row: Withdrawal) -> PayoutOrder:
    """The payout order of a withdrawal, the same on every attempt."""
    return PayoutOrder(str(row.pk), row.amount, row.currency, row.destination)


@transactional
def book_outcome(*, claim: LeasedPayout, reply: Reply) -> Verdict:
    """Book the outcome of the call, unless another worker has taken the lease meanwhile."""
    row = Withdrawal.objects.select_for_update().get(pk=claim.withdrawal_id)
    now = database_now()
    if row.state == State.SENDING and row.fence == claim.fence:
        verdict = _verdict(claim, reply)
        end_attempt(claim.attempt_id, reply, reply.outcome.value, now)
    else:
        verdict = after_late_answer(reply.outcome, facts_of(row, reply.report))
        end_attempt(claim.attempt_id, reply, f"late {reply.outcome.value}", now)
    carry_out(row, verdict, reply.report, now)
    switching.note_outcome(row.rail, claim.step, reply, now)
    log.info("payout", withdrawal=str(row.pk), step=claim.step.value, outcome=reply.outcome.value, state=row.state)
    return verdict


def _verdict(claim: LeasedPayout, reply: Reply) -> Verdict:
    may_send = False
    if reply.outcome is PayoutOutcome.NOT_SEEN:
        may_send = claim.rail.idempotent or not was_ever_sent(claim.withdrawal_id)
    return after_call(reply.outcome, first_ever=claim.first_ever, may_send=may_send)
