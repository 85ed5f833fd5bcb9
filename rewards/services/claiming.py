"""Claiming rewards into the gamer's earned money, and expiring old ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F

from kgen.batches import complete, only, outcome_of, refusal_of
from kgen.clock import database_now
from kgen.errors import DomainError, RecordNotFound
from kgen.transactions import transactional
from kgen.webhooks.events import NewEvent, emit_all
from rewards.locks import LockedReward, lock_unclaimed
from rewards.models import Reward, RewardStatus
from rewards.selectors import WonReward, never_won
from users.selectors import check_not_suspended
from users.selectors.clients import clients_with_expiry
from wallet import ledger, references

if TYPE_CHECKING:
    from users.models import Client, Gamer
    from users.selectors import SessionGamer

EXPIRED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Claim:
    """A gamer's claim to all rewards, to the named ones, or to one tournament's."""

    gamer: "Gamer | SessionGamer"
    reward_ids: Collection[UUID] | None = None
    tournament_id: UUID | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether it names neither rewards nor a tournament."""
        return self.reward_ids is None and self.tournament_id is None

    def covers(self, reward: LockedReward) -> bool:
        """Whether it covers this one of the gamer's rewards."""
        if self.reward_ids is not None and reward.id not in self.reward_ids:
            return False
        return self.tournament_id in (None, reward.tournament_id)


@dataclass(frozen=True)
class Claimed:
    """The rewards that a claim moved into earned: their number and sum."""

    count: int
    amount: int


@transactional
def claim_rewards(
    *, gamer: "Gamer", reward_ids: Collection[UUID] | None = None, tournament_id: UUID | None = None
) -> Claimed:
    """Move unclaimed rewards into the gamer's earned money: all, the named ones, or one tournament's.

    Parallel claims pay each reward once. Named rewards that are claimed already, expired, held or forfeited add
    nothing.

    :raises GamerSuspended: the gamer is suspended.
    :raises RecordNotFound: a named reward is not the gamer's, or the gamer has none of the tournament; nothing is
        claimed.
    :raises BalanceLimitExceeded: the wallet would hold too much.
    """
    return only(_claim_all([Claim(gamer, None if reward_ids is None else frozenset(reward_ids), tournament_id)]))


@transactional
def claim_many(*, claims: Sequence[Claim]) -> list[Claimed | DomainError]:
    """Let many claim in one transaction, in their order: for each its result, or its refusal as `claim_rewards`
    raises."""
    return _claim_all(claims)


def _claim_all(claims: Sequence[Claim]) -> list[Claimed | DomainError]:
    return complete(claims, _refusals(claims), lambda able: ClaimBatch(able).pay())


def _refusals(claims: Sequence[Claim]) -> list[DomainError | None]:
    """For each claim None, or the refusal that needs no lock."""
    unknown = never_won(
        rewards=[
            WonReward(index, claim.gamer.pk, id) for index, claim in enumerate(claims) for id in claim.reward_ids or ()
        ],
        tournaments=[
            WonReward(index, claim.gamer.pk, claim.tournament_id)
            for index, claim in enumerate(claims)
            if claim.tournament_id
        ],
    )
    return [refusal_of(_check, claim, is_known=index not in unknown) for index, claim in enumerate(claims)]


def _check(claim: Claim, *, is_known: bool) -> None:
    check_not_suspended(claim.gamer)
    if not is_known:
        raise RecordNotFound()


class ClaimBatch:
    """Claims that are paid in their order, after their rewards and then their accounts are locked."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims = claims
        self.unpaid: dict[UUID, list[LockedReward]] = {}
        for reward in _lock(claims):
            self.unpaid.setdefault(reward.gamer_id, []).append(reward)
        wallets = {claim.gamer.wallet_id for claim in claims if claim.gamer.pk in self.unpaid}
        self.winnings = ledger.WinningsBatch(wallets) if wallets else None
        self.paid: list[LockedReward] = []
        self.events: list[NewEvent] = []

    def pay(self) -> list[Claimed | DomainError]:
        """Pay the locked rewards: for each claim its result, or its refusal."""
        outcomes = [outcome_of(self._pay, claim) for claim in self.claims]
        if self.winnings and self.paid:
            self.winnings.book()
            _move([reward.id for reward in self.paid], RewardStatus.CLAIMED)
            emit_all(self.events)
        return outcomes

    def _pay(self, claim: Claim) -> Claimed:
        unpaid = self.unpaid.get(claim.gamer.pk, [])
        rewards = [reward for reward in unpaid if claim.covers(reward)]
        if not rewards:
            return Claimed(0, 0)
        assert self.winnings is not None
        self.winnings.pay(claim.gamer.wallet_id, {references.claim(reward.id): reward.amount for reward in rewards})
        # A second claim in the same batch finds only what is left.
        self.unpaid[claim.gamer.pk] = [reward for reward in unpaid if not claim.covers(reward)]
        self.paid += rewards
        self.events += [_event(claim.gamer, reward) for reward in rewards]
        return Claimed(len(rewards), sum(reward.amount for reward in rewards))


def _lock(claims: Sequence[Claim]) -> list[LockedReward]:
    return lock_unclaimed(
        gamers={claim.gamer.pk for claim in claims if claim.is_for_all},
        ids={id for claim in claims for id in claim.reward_ids or ()},
        entrants={(claim.tournament_id, claim.gamer.pk) for claim in claims if claim.tournament_id},
    )


def _event(gamer: "Gamer | SessionGamer", reward: LockedReward) -> NewEvent:
    data = {
        "reward_id": str(reward.id),
        "tournament_uid": str(reward.tournament_id),
        "gamer_id": str(gamer.pk),
        "user_id": gamer.user_id,
        "amount": reward.amount,
    }
    return NewEvent(gamer.client_id, "reward.claimed", data)


def _move(reward_ids: Sequence[UUID], status: RewardStatus) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [status.value, list(reward_ids)])
        assert cursor.rowcount == len(reward_ids), "the rows are locked and were unclaimed"


def expire_rewards() -> int:
    """Duty: give rewards that were not claimed in time to the house; how many."""
    return sum(_expire_of(client=client) for client in clients_with_expiry())


@transactional
def _expire_of(*, client: "Client") -> int:
    assert client.reward_expiry_days is not None
    before = database_now() - timedelta(days=client.reward_expiry_days)
    due = Reward.objects.filter(client=client, status=RewardStatus.UNCLAIMED, created_at__lte=before)
    # Time on hold does not count: the gamer could not claim the reward then.
    due = due.filter(held_for__lte=ExpressionWrapper(before - F("created_at"), DurationField()))
    rewards = list(due.select_for_update(skip_locked=True).order_by("created_at")[:EXPIRED_AT_ONCE])
    ledger.book_many(
        [to_house(reward, references.reward_expiry(reward.pk), ledger.Kind.REWARD_EXPIRY) for reward in rewards]
    )
    _move([reward.pk for reward in rewards], RewardStatus.EXPIRED)
    return len(rewards)


def to_house(reward: Reward, reference: str, kind: ledger.Kind) -> ledger.JournalEntry:
    """The entry that gives an expired or forfeited reward to the house."""
    payable, house = (
        ledger.system_account(client_id=reward.client_id, currency=reward.currency, kind=account)
        for account in (ledger.SystemAccount.REWARDS_PAYABLE, ledger.SystemAccount.HOUSE)
    )
    return ledger.JournalEntry(
        reference, kind, reward.client_id, reward.currency, [ledger.Transfer(payable, house, reward.amount)]
    )


_MOVE = """
UPDATE rewards_reward SET status = %s, updated_at = (SELECT clock_timestamp())
 WHERE id = ANY(%s::uuid[]) AND status = 'UNCLAIMED'
"""
