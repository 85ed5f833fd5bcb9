"""The money of the rich demo: withdrawals in every state, rewards on hold, adjustments."""

import random
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from demo.seeds.past import Clock, trace
from demo.seeds.people import Game
from kgen.clock import database_now
from kgen.errors import DomainError
from rewards.models import Reward, RewardStatus
from rewards.services import holding
from users.models import Gamer, Operator
from wallet.ledger import Bucket, lock_wallet
from wallet.models import Direction, State, Step, Transaction, Withdrawal
from wallet.payouts import PayoutOutcome, Reply, Report
from wallet.payouts.rules import Verdict
from wallet.services import adjusting, outcomes, reviewing
from wallet.services.requesting import request_withdrawal

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# No worker of a running product takes the withdrawals up for this long, so that operators can look at them.
SHELVED = timedelta(days=2)

# The reasons of adjustments.
REASONS = ("crash during the final", "asked twice", "a typing error", "lost stake, ticket 4711", "goodwill")


def pay_some_out(linked: list[Gamer], clock: Clock, ago: timedelta, rng: random.Random) -> None:
    """Some of the linked gamers withdraw their winnings. The rail pays most, and refuses a few."""
    for gamer in rng.sample(linked, min(3, len(linked))):
        clock.set(ago)
        row = ask(gamer, None)
        if row is None or row.state != State.REQUESTED:
            continue
        send(row)
        clock.set(ago - timedelta(seconds=40))
        if rng.random() < 0.12:
            end_call(row, PayoutOutcome.REFUSED, "the wallet is closed")
            outcomes.refund(row, database_now())
        else:
            end_call(row, PayoutOutcome.PAID, "")
            hash = f"0x{rng.randrange(16**64):064x}"
            report = Report(PayoutOutcome.PAID, str(row.pk), row.amount, row.currency, hash, rng.randrange(10**7), 21)
            outcomes.pay(row, report, database_now())


def idle_for(gamer: Gamer, clock: Clock) -> timedelta:
    """The time since the gamer's last transaction. An earlier date would break the order of the statement."""
    last = Transaction.objects.filter(wallet=gamer.wallet_id).latest("created_at")
    return clock.set(timedelta(0)) - last.created_at


def ask(gamer: Gamer, amount: int | None) -> Withdrawal | None:
    """A withdrawal that the gamer asks for; None where a rule refuses it."""
    if lock_wallet(gamer.wallet_id).holds(Bucket.EARNED) < max(amount or 1, gamer.client.minimum_withdrawal):
        return None
    try:
        return request_withdrawal(wallet_id=gamer.wallet_id, amount=amount)
    except DomainError:
        return None


def send(row: Withdrawal) -> None:
    """Begin the first attempt: the call to the rail is under way."""
    now = database_now()
    outcomes.write_attempt(row, Step.SEND.value, now)
    Withdrawal.objects.filter(pk=row.pk).update(
        state=State.SENDING, next_step=Step.ASK, next_attempt_at=now + SHELVED, fence=1, updated_at=now
    )
    row.refresh_from_db()


def end_call(row: Withdrawal, outcome: PayoutOutcome, detail: str) -> None:
    """End the newest attempt."""
    attempt = row.attempts.latest("number")
    outcomes.end_attempt(attempt.pk, Reply(outcome, detail=detail), outcome.value, database_now())


def one_of_each(rich: list[Gamer], clock: Clock, operators: dict[str, Operator]) -> list[UUID]:
    """Make withdrawals in each state that lasts. Returns the ids of those that await approval."""
    finance = operators["finance"]
    rows = []
    for number, gamer in enumerate(rich):
        clock.set(min((27 - 1.4 * number) * HOUR, idle_for(gamer, clock) - MINUTE))
        rows.append(ask(gamer, 500 if number < 6 else 40))
    waiting = [row for row in rows if row and row.state == State.AWAITING_APPROVAL]
    asked = [row for row in rows if row and row.state == State.REQUESTED]
    clock.set(3 * HOUR)
    for row, act, service in (
        (waiting[0], "withdrawal.approve", reviewing.approve_withdrawal),
        (waiting[1], "withdrawal.reject", reviewing.reject_withdrawal),
    ):
        call = partial(service, withdrawal_id=row.pk, operator_id=finance.pk, reason="compared with the results")
        trace(finance, act, row, "compared with the results", call)
    shelve(waiting[0])
    stuck(asked)
    return [row.pk for row in waiting[2:]]


def stuck(rows: list[Withdrawal]) -> None:
    """Leave two under way, two in review, and the rest requested."""
    for row, verdict in zip(rows, [None, None, Verdict.REVIEW_UNCONFIRMED, Verdict.REVIEW_CONTRADICTION], strict=False):
        send(row)
        if verdict is not None:
            end_call(row, PayoutOutcome.UNKNOWN, "no answer in time")
            outcomes.carry_out(row, verdict, None, database_now())
    for row in rows[4:]:
        shelve(row)


def shelve(row: Withdrawal) -> None:
    """Keep a withdrawal that needs no decision from being paid at once."""
    Withdrawal.objects.filter(pk=row.pk).update(next_attempt_at=database_now() + SHELVED)


def hold_some(game: Game, clock: Clock, by: Operator) -> None:
    """Put three rewards on hold; release one and forfeit one."""
    rewards = list(Reward.objects.filter(client=game.client, status=RewardStatus.UNCLAIMED).order_by("-created_at")[:3])
    clock.set(5 * HOUR)
    for reward in rewards:
        decide(by, "reward.hold", holding.hold_reward, reward, "the run looks edited")
    clock.set(2 * HOUR)
    decide(by, "reward.release", holding.release_reward, rewards[1], "the video was checked")
    decide(by, "reward.forfeit", holding.forfeit_reward, rewards[2], "the run was edited")


def decide(by: Operator, act: str, service: object, reward: Reward, reason: str) -> None:
    """Take one step of a hold, with its entry in the trail."""
    assert callable(service)
    trace(by, act, reward, reason, partial(service, reward_id=reward.pk, operator_id=by.pk, reason=reason))


def adjust(gamers: list[Gamer], clock: Clock, operators: dict[str, Operator]) -> None:
    """Make five adjustments: one approved, one rejected, one cancelled, two open."""
    maker, checker = operators["support"], operators["finance"]
    made = []
    for number, gamer in enumerate(gamers[:5]):
        clock.set((30 - 5 * number) * HOUR)
        reason = REASONS[number]
        given: dict[str, Any] = {
            "bucket": Bucket.BONUS,
            "direction": Direction.CREDIT,
            "amount": 20 + 5 * number,
            "reason": reason,
        }
        call = partial(adjusting.request_adjustment, wallet_id=gamer.wallet_id, operator_id=maker.pk, **given)
        made.append(trace(maker, "adjustment.request", None, reason, call))
    clock.set(8 * HOUR)
    for row, by, act, service in (
        (made[0], checker, "adjustment.approve", adjusting.approve_adjustment),
        (made[1], checker, "adjustment.reject", adjusting.reject_adjustment),
        (made[2], maker, "adjustment.cancel", adjusting.cancel_adjustment),
    ):
        decided = partial(service, adjustment_id=row.pk, operator_id=by.pk, note="seen in the logs")
        trace(by, act, row, "seen in the logs", decided)
