"""Every misbehaviour of a gateway × whether it deduplicates × where a worker is killed: never paid twice, never lost.

The gateway is a real HTTP server and the workers that die are real processes, killed by SIGKILL.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from tests.support.gateway import MISCONFIGURED, NOT_TAKEN, REFUSED, SILENT, TAKEN, FakeGateway, running_gateway
from tests.support.http import GamerCaller, StudioCaller
from tests.support.withdrawals import assert_proven, earn, link, make_due, money, withdraw
from wallet.models import OPEN, PayoutRail, Review, State, Transaction, Withdrawal
from wallet.services import paying, switching

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]

KILLS = ["none", "before", "during", "after"]


def behaviours(kill: str) -> list[str]:
    """All of them; where a dead worker hears nothing, those that differ in no more than the answer are left out."""
    if kill == "none":
        return [*TAKEN, *NOT_TAKEN, *REFUSED, *MISCONFIGURED]
    unheard = {"huge", "packed", "reset-before", "garbage-before", "409"}
    return [name for name in (*TAKEN, *NOT_TAKEN, "reject", "400", "401") if name not in unheard]


def work_and_die(gateway: FakeGateway, where: str) -> None:
    """A worker process that makes one call and is killed at the given point of it."""
    connections.close_all()
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.read(ready, 1)
            _work(where)
        finally:
            os._exit(1)
    if where == "during":
        gateway.victim = pid
    os.write(go, b"x")
    _, status = os.waitpid(pid, 0)
    os.close(ready)
    os.close(go)
    assert os.WIFSIGNALED(status), "the worker was to be killed"
    assert os.WTERMSIG(status) == signal.SIGKILL


def _work(where: str) -> None:
    claim = paying.claim_payout()
    assert claim is not None
    if where == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    paying.call(claim)
    os.kill(os.getpid(), signal.SIGKILL)


def work_on(row: Withdrawal) -> None:
    """Workers come back, time passes, operators resume what paused: until nothing is left to do."""
    for _ in range(8):
        make_due()
        if not paying.pay_due(most=1):
            if not PayoutRail.objects.exclude(pause="").exists():
                break
            switching.resume_rail(name="http", operator_id=1, reason="set right")
        row.refresh_from_db()
        if row.state not in (State.REQUESTED, State.SENDING):
            break


def expected(behaviour: str, deduplicates: bool, kill: str) -> set[str]:
    """The states that are right in the end."""
    heard = kill == "none"
    if behaviour == "mismatch" and (heard or kill == "before"):
        return {"NEEDS_REVIEW"}
    if behaviour == "reject" and (kill != "before" or deduplicates):
        # Told at once, or when it is asked.
        return {"FAILED"}
    if behaviour in ("400", "402", "422") and heard:
        return {"FAILED"}
    if deduplicates:
        return {"PAID"}
    # It may not be sent again. What the gateway took in is found by asking; what it did not stays with a person.
    return {"PAID"} if behaviour in TAKEN and kill != "before" else {"NEEDS_REVIEW"}


@pytest.mark.long
@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("deduplicates", [True, False], ids=["deduplicates", "pays-again"])
def test_every_behaviour_of_a_gateway_leads_to_the_right_end(
    studio: StudioCaller, use_gateway: Callable[..., None], deduplicates: bool, kill: str
) -> None:
    wrong = []
    with running_gateway(deduplicates) as gateway:
        for index, behaviour in enumerate(behaviours(kill)):
            # Patient, except with what would never answer: a busy machine is no misbehaviour.
            use_gateway(gateway, timeout=0.25 if behaviour in SILENT else 5)
            gamer = studio.gamer(f"gamer-{index}")
            earn(gamer, 300)
            link(gamer, f"+9198765432{index:02}")
            gateway.posts.append(behaviour)
            if outcome := one_case(gamer, gateway, behaviour, kill):
                wrong.append((behaviour, outcome))
            gateway.posts.clear()
        assert wrong == []
        assert gateway.faults == []
    assert_proven()


def one_case(gamer: GamerCaller, gateway: FakeGateway, behaviour: str, kill: str) -> Any:
    """What is wrong about one cell of the matrix, or None."""
    row = withdraw(gamer)
    reference = str(row.pk)
    if kill == "none":
        paying.pay_due(most=1)
    else:
        work_and_die(gateway, kill)
    work_on(row)
    row.refresh_from_db()
    effects, sends = gateway.effects[reference], sum(order["reference"] == reference for order in gateway.sent)
    reversals = Transaction.objects.filter(reference=f"withdrawal:{reference}:reversal").count()
    rules = {
        "state": row.state in expected(behaviour, gateway.deduplicates, kill),
        "at most one accepted effect": effects <= 1,
        "paid is paid": (row.state == State.PAID) <= (effects == 1),
        "failed is unpaid": (row.state == State.FAILED) <= (effects == 0),
        "no resend where it may not": gateway.deduplicates or sends <= 1,
        "refunded exactly once": reversals == (row.state == State.FAILED),
        "money": money(gamer) == {"PAID": (0, 0), "FAILED": (300, 0)}.get(row.state, (0, 300)),
        "review has its cause": (row.state == State.NEEDS_REVIEW)
        <= (row.review == (Review.CONTRADICTION if behaviour == "mismatch" and sends else Review.UNCONFIRMED)),
        "late news of a review settle it": resolves_by_callback(gamer, gateway, row),
    }
    broken = [name for name, holds in rules.items() if not holds]
    return (broken, row.state, effects, sends) if broken else None


def resolves_by_callback(gamer: GamerCaller, gateway: FakeGateway, row: Withdrawal) -> bool:
    """What came in late ends as soon as the gateway tells of it; a contradiction does not end by itself."""
    from tests.support.gateway import signed
    from tests.support.http import Caller

    if row.state != State.NEEDS_REVIEW or gateway.effects[str(row.pk)] != 1:
        return True
    Caller().post("/hooks/payouts", **signed(gateway.report(str(row.pk)))).ok()
    row.refresh_from_db()
    return row.state == (State.NEEDS_REVIEW if row.review == Review.CONTRADICTION else State.PAID)


def test_no_money_is_lost_when_every_worker_dies_at_every_call(
    studio: StudioCaller, winner: GamerCaller, use_gateway: Callable[..., None]
) -> None:
    with running_gateway(deduplicates=True) as gateway:
        use_gateway(gateway)
        row = withdraw(winner)
        for where in ("before", "during", "after", "before", "during", "after"):
            work_and_die(gateway, where)
            make_due()
        work_on(row)
        row.refresh_from_db()
        assert (row.state, gateway.effects[str(row.pk)]) == (State.PAID, 1)
        assert row.attempts.filter(ended_at=None).count() == 6
    assert row.state not in OPEN
    assert_proven()
