"""Claiming rewards into the gamer's earned money, and letting old ones expire."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet

from kgen.clock import database_now
from kgen.errors import RecordNotFound
from kgen.transactions import journey
from kgen.webhooks.events import tell
from rewards.models import Reward, RewardStatus
from rewards.selectors import clients_with_expiry, unclaimed_of
from users.selectors import check_not_suspended
from wallet import ledger

if TYPE_CHECKING:
    from users.models import Client, Gamer

EXPIRED_AT_ONCE = 500


@dataclass(frozen=True)
class Claimed:
    """What a claim moved into earned."""

    count: int
    amount: int


@journey
def claim_rewards(
    *, gamer: "Gamer", reward_ids: list[UUID] | None = None, tournament_id: UUID | None = None
) -> Claimed:
    """Move unclaimed rewards into the gamer's earned money: all, the named ones, or one tournament's.

    Of parallel claims each reward is paid by one. Named ones that are claimed already,
    expired, held or forfeited count for nothing.

    :raises GamerSuspended: the gamer is.
    :raises RecordNotFound: a named reward or tournament holds none of the gamer's; nothing is claimed.
    :raises BalanceLimitExceeded: the wallet would hold too much.
    """
    check_not_suspended(gamer)
    _check_known(gamer, reward_ids, tournament_id)
    wanted = unclaimed_of(gamer.pk)
    if reward_ids is not None:
        wanted = wanted.filter(pk__in=reward_ids)
    if tournament_id is not None:
        wanted = wanted.filter(tournament=tournament_id)
    # Rewards before accounts; whoever waits here finds them claimed afterwards and has nothing left.
    rewards = list(wanted.select_for_update().order_by("id"))
    if rewards:
        _pay(gamer, rewards)
    return Claimed(len(rewards), sum(reward.amount for reward in rewards))


def _check_known(gamer: "Gamer", reward_ids: list[UUID] | None, tournament_id: UUID | None) -> None:
    own = Reward.objects.filter(gamer=gamer.pk)
    if reward_ids is not None and own.filter(pk__in=reward_ids).count() != len(set(reward_ids)):
        raise RecordNotFound()
    if tournament_id is not None and not own.filter(tournament=tournament_id).exists():
        raise RecordNotFound()


def _pay(gamer: "Gamer", rewards: list[Reward]) -> None:
    purse = ledger.lock_purse(gamer.wallet_id)
    payable = ledger.system_account(
        client_id=gamer.client_id, currency=purse.currency, kind=ledger.SystemAccount.REWARDS_PAYABLE
    )
    earned = purse.ids[ledger.Bucket.EARNED]
    ledger.book_many(
        [
            ledger.Entry(
                f"claim:{reward.pk}",
                ledger.Kind.REWARD,
                gamer.client_id,
                purse.currency,
                [ledger.Move(payable, earned, reward.amount)],
                purse,
            )
            for reward in rewards
        ]
    )
    _move(rewards, RewardStatus.CLAIMED)
    for reward in rewards:
        tell(gamer.client_id, "reward.claimed", _news(gamer, reward))


def _news(gamer: "Gamer", reward: Reward) -> dict[str, Any]:
    return {
        "reward_id": str(reward.pk),
        "tournament_uid": str(reward.tournament_id),
        "gamer_id": str(gamer.pk),
        "user_id": gamer.user_id,
        "amount": reward.amount,
    }


def _move(rewards: list[Reward], status: RewardStatus) -> None:
    rows: QuerySet[Reward] = Reward.objects.filter(pk__in=[reward.pk for reward in rewards])
    moved = rows.filter(status=RewardStatus.UNCLAIMED).update(status=status, updated_at=database_now())
    assert moved == len(rewards), "the rows are locked and were unclaimed"


def expire_rewards() -> int:
    """Duty: give rewards that nobody claimed in time to the house; how many."""
    return sum(_expire_of(client=client) for client in clients_with_expiry())


@journey
def _expire_of(*, client: "Client") -> int:
    assert client.reward_expiry_days is not None
    before = database_now() - timedelta(days=client.reward_expiry_days)
    due = Reward.objects.filter(client=client, status=RewardStatus.UNCLAIMED, created_at__lte=before)
    # Time on hold does not count: nobody could have claimed it then.
    due = due.filter(held_for__lte=ExpressionWrapper(before - F("created_at"), DurationField()))
    rewards = list(due.select_for_update(skip_locked=True).order_by("created_at")[:EXPIRED_AT_ONCE])
    ledger.book_many([to_house(reward, f"reward:{reward.pk}:expiry", ledger.Kind.REWARD_EXPIRY) for reward in rewards])
    _move(rewards, RewardStatus.EXPIRED)
    return len(rewards)


def to_house(reward: Reward, reference: str, kind: ledger.Kind) -> ledger.Entry:
    """The entry that gives a reward, which nobody gets any more, to the house."""
    payable, house = (
        ledger.system_account(client_id=reward.client_id, currency=reward.currency, kind=account)
        for account in (ledger.SystemAccount.REWARDS_PAYABLE, ledger.SystemAccount.HOUSE)
    )
    return ledger.Entry(
        reference, kind, reward.client_id, reward.currency, [ledger.Move(payable, house, reward.amount)]
    )
