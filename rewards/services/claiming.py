"""Claiming rewards into the gamer's earned money, and letting old ones expire."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F

from kgen.clock import database_now
from kgen.errors import DomainError, RecordNotFound
from kgen.transactions import transactional
from kgen.webhooks.events import NewEvent, emit_all
from rewards.locks import LockedReward, lock_unclaimed
from rewards.models import Reward, RewardStatus
from rewards.selectors import clients_with_expiry, never_won
from users.selectors import check_not_suspended
from wallet import ledger

if TYPE_CHECKING:
    from users.models import Client, Gamer
    from users.selectors import SessionGamer

EXPIRED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Claim:
    """What a gamer claims: all, the named rewards, or one tournament's."""

    gamer: "Gamer | SessionGamer"
    reward_ids: Collection[UUID] | None = None
    tournament_id: UUID | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether nothing is named."""
        return self.reward_ids is None and self.tournament_id is None

    def wants(self, prize: LockedReward) -> bool:
        """Whether it is for this one of the gamer's rewards."""
        if self.reward_ids is not None and prize.id not in self.reward_ids:
            return False
        return self.tournament_id in (None, prize.tournament_id)


@dataclass(frozen=True)
class Claimed:
    """What a claim moved into earned."""

    count: int
    amount: int


@transactional
def claim_rewards(
    *, gamer: "Gamer", reward_ids: Collection[UUID] | None = None, tournament_id: UUID | None = None
) -> Claimed:
    """Move unclaimed rewards into the gamer's earned money: all, the named ones, or one tournament's.

    Of parallel claims each reward is paid by one. Named ones that are claimed already,
    expired, held or forfeited count for nothing.

    :raises GamerSuspended: the gamer is.
    :raises RecordNotFound: a named reward or tournament holds none of the gamer's; nothing is claimed.
    :raises BalanceLimitExceeded: the wallet would hold too much.
    """
    [outcome] = _claim_all([Claim(gamer, None if reward_ids is None else frozenset(reward_ids), tournament_id)])
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


@transactional
def claim_many(*, claims: Sequence[Claim]) -> list[Claimed | DomainError]:
    """Let many claim in one transaction, in their order: for each what it moved, or why not, as `claim_rewards`
    raises."""
    return _claim_all(claims)


def _claim_all(claims: Sequence[Claim]) -> list[Claimed | DomainError]:
    refusals = _refusals_before(claims)
    able = [claim for claim, refusal in zip(claims, refusals, strict=True) if refusal is None]
    later = iter(ClaimBatch(able).pay() if able else [])
    return [refusal or next(later) for refusal in refusals]


def _refusals_before(claims: Sequence[Claim]) -> list[DomainError | None]:
    """For each claim None, or why nothing of it has to be held."""
    unknown = never_won(
        rewards=[(at, claim.gamer.pk, id) for at, claim in enumerate(claims) for id in claim.reward_ids or ()],
        tournaments=[
            (at, claim.gamer.pk, claim.tournament_id) for at, claim in enumerate(claims) if claim.tournament_id
        ],
    )
    return [_refusal_before(claim, is_known=at not in unknown) for at, claim in enumerate(claims)]


def _refusal_before(claim: Claim, *, is_known: bool) -> DomainError | None:
    try:
        check_not_suspended(claim.gamer)
    except DomainError as refusal:
        return refusal
    return None if is_known else RecordNotFound()


class ClaimBatch:
    """What some claims are for: rewards are held before accounts, and then paid in the order of the claims."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        self.claims = claims
        self.unpaid: dict[UUID, list[LockedReward]] = {}
        for prize in _lock(claims):
            self.unpaid.setdefault(prize.gamer_id, []).append(prize)
        wallets = {claim.gamer.wallet_id for claim in claims if claim.gamer.pk in self.unpaid}
        self.winnings = ledger.WinningsBatch(wallets) if wallets else None
        self.paid: list[LockedReward] = []
        self.news: list[NewEvent] = []

    def pay(self) -> list[Claimed | DomainError]:
        """Pay what is held; for each claim what it moved, or why not."""
        outcomes: list[Claimed | DomainError] = []
        for claim in self.claims:
            try:
                outcomes.append(self._pay(claim))
            except DomainError as refusal:
                outcomes.append(refusal)
        if self.winnings and self.paid:
            self.winnings.book()
            _move([prize.id for prize in self.paid], RewardStatus.CLAIMED)
            emit_all(self.news)
        return outcomes

    def _pay(self, claim: Claim) -> Claimed:
        unpaid = self.unpaid.get(claim.gamer.pk, [])
        prizes = [prize for prize in unpaid if claim.wants(prize)]
        if not prizes:
            return Claimed(0, 0)
        assert self.winnings is not None
        self.winnings.pay(claim.gamer.wallet_id, {f"claim:{prize.id}": prize.amount for prize in prizes})
        # Who claims twice at once has nothing left by the second time.
        self.unpaid[claim.gamer.pk] = [prize for prize in unpaid if not claim.wants(prize)]
        self.paid += prizes
        self.news += [_news(claim.gamer, prize) for prize in prizes]
        return Claimed(len(prizes), sum(prize.amount for prize in prizes))


def _lock(claims: Sequence[Claim]) -> list[LockedReward]:
    return lock_unclaimed(
        of={claim.gamer.pk for claim in claims if claim.is_for_all},
        ids={id for claim in claims for id in claim.reward_ids or ()},
        places={(claim.gamer.pk, claim.tournament_id) for claim in claims if claim.tournament_id},
    )


def _news(gamer: "Gamer | SessionGamer", prize: LockedReward) -> NewEvent:
    data = {
        "reward_id": str(prize.id),
        "tournament_uid": str(prize.tournament_id),
        "gamer_id": str(gamer.pk),
        "user_id": gamer.user_id,
        "amount": prize.amount,
    }
    return NewEvent(gamer.client_id, "reward.claimed", data)


def _move(reward_ids: Sequence[UUID], status: RewardStatus) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [status.value, list(reward_ids)])
        assert cursor.rowcount == len(reward_ids), "the rows are locked and were unclaimed"


def expire_rewards() -> int:
    """Duty: give rewards that nobody claimed in time to the house; how many."""
    return sum(_expire_of(client=client) for client in clients_with_expiry())


@transactional
def _expire_of(*, client: "Client") -> int:
    assert client.reward_expiry_days is not None
    before = database_now() - timedelta(days=client.reward_expiry_days)
    due = Reward.objects.filter(client=client, status=RewardStatus.UNCLAIMED, created_at__lte=before)
    # Time on hold does not count: nobody could have claimed it then.
    due = due.filter(held_for__lte=ExpressionWrapper(before - F("created_at"), DurationField()))
    rewards = list(due.select_for_update(skip_locked=True).order_by("created_at")[:EXPIRED_AT_ONCE])
    ledger.book_many([to_house(reward, f"reward:{reward.pk}:expiry", ledger.Kind.REWARD_EXPIRY) for reward in rewards])
    _move([reward.pk for reward in rewards], RewardStatus.EXPIRED)
    return len(rewards)


def to_house(reward: Reward, reference: str, kind: ledger.Kind) -> ledger.JournalEntry:
    """The entry that gives a reward, which nobody gets any more, to the house."""
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
