"""A lease that is over: its holder's word comes late, while somebody else is finding out."""

import pytest

from tests.support.gateway import FakeGateway
from tests.support.http import GamerCaller
from tests.support.withdrawals import assert_proven, make_due, money, withdraw
from wallet.models import State, Step, Transaction, Withdrawal
from wallet.payouts import PayoutOutcome
from wallet.payouts.rules import Verdict
from wallet.services import paying

pytestmark = pytest.mark.usefixtures("committed")


def everything(row: Withdrawal) -> dict[str, object]:
    """All columns of a withdrawal, as they are now."""
    return Withdrawal.objects.filter(pk=row.pk).values().get()


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [("400", PayoutOutcome.REFUSED), ("422", PayoutOutcome.REFUSED), ("reject", PayoutOutcome.REJECTED)],
)
def test_a_late_refusal_changes_nothing_while_a_newer_lease_is_held(
    winner: GamerCaller, gateway: FakeGateway, behaviour: str, outcome: PayoutOutcome
) -> None:
    row = withdraw(winner)
    gateway.posts.append(behaviour)
    slow = paying.claim_payout()
    assert slow is not None
    refused = paying.call(slow)
    assert (refused.outcome, slow.step, slow.first_ever) == (outcome, Step.SEND, True)
    make_due()
    newer = paying.claim_payout()
    assert newer is not None
    assert (newer.withdrawal_id, newer.step, newer.fence) == (row.pk, Step.ASK, slow.fence + 1)
    # By now the gateway has changed its mind.
    gateway.take(str(row.pk), "paid")

    before = everything(row)
    assert (before["state"], before["fence"], before["settled_at"]) == (State.SENDING, newer.fence, None)
    assert paying.book_outcome(claim=slow, reply=refused) is Verdict.NOTHING
    assert everything(row) == before
    assert money(winner) == (0, 300)
    assert not Transaction.objects.filter(reference=f"withdrawal:{row.pk}:reversal").exists()
    assert list(row.attempts.order_by("number").values_list("kind", "outcome")) == [
        ("send", f"late {outcome.value}"),
        ("ask", ""),
    ]

    assert paying.book_outcome(claim=newer, reply=paying.call(newer)) is Verdict.PAY
    assert (everything(row)["state"], money(winner)) == (State.PAID, (0, 0))
    assert_proven()
