"""Holding an unclaimed reward, and releasing or forfeiting it.

If two operators decide the same, the second is refused: that call decides nothing, so nothing may record it.
"""

from datetime import datetime
from uuid import UUID

from kgen.clock import database_now
from kgen.errors import RecordNotFound, WrongState
from kgen.states import move_to
from kgen.transactions import transactional
from rewards.models import HoldStep, Reward, RewardStatus
from rewards.services.claiming import to_house
from wallet import ledger, references


@transactional
def hold_reward(*, reward_id: UUID, operator_id: int, reason: str) -> Reward:
    """Hold an unclaimed reward: it can neither be claimed nor expire, and stays backed.

    Of a hold and a claim at the same time, exactly one succeeds.

    :raises RecordNotFound: there is none of that id.
    :raises WrongState: it is held already, or is claimed, expired or forfeited.
    """
    reward, now = _lock(reward_id, RewardStatus.UNCLAIMED)
    move_to(reward, where={"status": RewardStatus.UNCLAIMED}, status=RewardStatus.HELD, updated_at=now)
    return _note(reward, now, HoldStep.Act.HOLD, operator_id, reason)


@transactional
def release_reward(*, reward_id: UUID, operator_id: int, reason: str) -> Reward:
    """Let the gamer claim a held reward again; the time on hold does not count towards its expiry.

    :raises RecordNotFound: there is none of that id.
    :raises WrongState: it is not held.
    """
    reward, now = _lock(reward_id, RewardStatus.HELD)
    held_for = reward.held_for + (now - reward.updated_at)
    move_to(
        reward,
        where={"status": RewardStatus.HELD},
        status=RewardStatus.UNCLAIMED,
        updated_at=now,
        held_for=held_for,
    )
    return _note(reward, now, HoldStep.Act.RELEASE, operator_id, reason)


@transactional
def forfeit_reward(*, reward_id: UUID, operator_id: int, reason: str) -> Reward:
    """Give a held reward to the house for good.

    :raises RecordNotFound: there is none of that id.
    :raises WrongState: it is not held.
    """
    reward, now = _lock(reward_id, RewardStatus.HELD)
    move_to(reward, where={"status": RewardStatus.HELD}, status=RewardStatus.FORFEITED, updated_at=now)
    ledger.book(to_house(reward, references.reward_forfeit(reward.pk), ledger.Kind.REWARD_FORFEIT))
    return _note(reward, now, HoldStep.Act.FORFEIT, operator_id, reason)


def _lock(reward_id: UUID, needed: RewardStatus) -> tuple[Reward, datetime]:
    """The reward under its lock, in the needed status, and the clock after that."""
    reward = Reward.objects.select_for_update().filter(pk=reward_id).first()
    if reward is None:
        raise RecordNotFound()
    if reward.status != needed:
        raise WrongState(f"The prize is {reward.status.lower()}, not {needed.lower()}.")
    return reward, database_now()


def _note(reward: Reward, now: datetime, act: HoldStep.Act, operator_id: int, reason: str) -> Reward:
    HoldStep.objects.create(
        client_id=reward.client_id, reward=reward, act=act, reason=reason, operator_id=operator_id, done_at=now
    )
    return reward
