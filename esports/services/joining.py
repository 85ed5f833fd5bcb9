"""Joining and leaving: a seat and a stake, both or neither, and both back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from uuid_utils.compat import uuid7

from esports import errors
from esports.locks import (
    EndedParticipation,
    NewParticipation,
    end_participations,
    insert_participations,
    lock_free_seats,
    lock_participations,
    participating,
)
from esports.selectors.tournaments import TournamentAt, check_visible, read_tournaments, tournament_id_of
from kgen.batches import complete, only, refusal_of
from kgen.clock import TICK
from kgen.errors import DomainError, WrongState
from kgen.transactions import transactional
from users.selectors import check_not_suspended
from wallet import ledger, references

if TYPE_CHECKING:
    from users.models import Gamer
    from users.selectors import SessionGamer


@dataclass(frozen=True, slots=True)
class Join:
    """A gamer's call to join a tournament."""

    gamer: "Gamer | SessionGamer"
    tournament_id: UUID
    joining_stake: int


@transactional
def join_tournament(*, gamer: "Gamer", uid: str, joining_stake: int) -> None:
    """Take a seat and pay the stake, both or neither.

    :raises TournamentNotFound: the gamer can see none of that id.
    :raises GamerSuspended: the gamer is suspended.
    :raises TournamentIsNotLive: outside the joining window.
    :raises InvalidJoiningStake: the stake is not the buy-in.
    :raises ExistingParticipationFound: the gamer has joined already.
    :raises TournamentIsFull: no seat is left.
    :raises InsufficientBalance: the three buckets do not cover the stake.
    """
    return only(_join_all([Join(gamer, tournament_id_of(uid), joining_stake)]))


@transactional
def join_many(*, joins: Sequence[Join]) -> list[DomainError | None]:
    """Let many join in one transaction, in their order: for each None, or its refusal as `join_tournament` raises."""
    return _join_all(joins)


def _join_all(joins: Sequence[Join]) -> list[DomainError | None]:
    """The outcome of each join. A gamer's second join waits for a second round, after the first stake is booked."""
    outcomes: list[DomainError | None] = [None] * len(joins)
    waiting = list(range(len(joins)))
    while waiting:
        first_of = {joins[index].gamer.pk: index for index in reversed(waiting)}
        round_ = sorted(first_of.values())
        for index, refusal in zip(round_, _join_round([joins[index] for index in round_]), strict=True):
            outcomes[index] = refusal
        waiting = sorted(set(waiting) - set(round_))
    return outcomes


def _join_round(joins: Sequence[Join]) -> list[DomainError | None]:
    # Joins that come too late, or cannot see the tournament, lock nothing.
    before = read_tournaments({join.tournament_id for join in joins})
    refusals = [refusal_of(_check_join, before.get(join.tournament_id), join) for join in joins]
    return complete(joins, refusals, lambda able: JoinBatch(able).seat())


def _check_join(found: TournamentAt | None, join: Join) -> None:
    current = check_visible(found, join.gamer.client_id)
    check_not_suspended(join.gamer)
    _check_window(current, current.now)


class JoinBatch:
    """Joins into some tournaments whose seats are locked, so that no other transaction changes their fields."""

    def __init__(self, joins: Sequence[Join]) -> None:
        """Lock the seats first, then read the tournaments and the clock.

        Until the seats are locked, the studio may still change the buy-in.
        """
        tournament_ids = {join.tournament_id for join in joins}
        self.joins = joins
        self.free = lock_free_seats(tournament_ids)
        self.current = read_tournaments(tournament_ids)
        self.taken = participating({(join.tournament_id, join.gamer.pk) for join in joins})
        self.stakes = ledger.StakeBatch(join.gamer.wallet_id for join in joins if self.free[join.tournament_id])
        self.joined: list[NewParticipation] = []

    def seat(self) -> list[DomainError | None]:
        """Give seats for stakes, in the order of the joins: for each None, or its refusal."""
        outcomes = [refusal_of(self._take, join, TICK * index) for index, join in enumerate(self.joins)]
        self.stakes.book()
        insert_participations(self.joined)
        return outcomes

    def _take(self, join: Join, later: timedelta) -> None:
        current = self.current[join.tournament_id]
        stake, joined_at = current.tournament.buy_in_price, current.now + later
        _check_window(current, joined_at)
        if join.joining_stake != stake:
            raise errors.InvalidJoiningStake()
        if (join.tournament_id, join.gamer.pk) in self.taken:
            raise errors.ExistingParticipationFound()
        if not self.free[join.tournament_id]:
            raise errors.TournamentIsFull()
        id = uuid7()
        self.stakes.pay(
            wallet_id=join.gamer.wallet_id,
            escrow=current.tournament.escrow_id,
            amount=stake,
            reference=references.stake(id),
        )
        self.free[join.tournament_id] -= 1
        self.joined.append(
            NewParticipation(id, join.gamer.client_id, join.tournament_id, join.gamer.pk, stake, joined_at)
        )


def _check_window(current: TournamentAt, now: datetime) -> None:
    if not current.tournament.takes_joins(now):
        raise errors.TournamentIsNotLive()


@dataclass(frozen=True, slots=True)
class Leave:
    """A gamer's call to leave a tournament."""

    gamer: "Gamer | SessionGamer"
    tournament_id: UUID


@transactional
def leave_tournament(*, gamer: "Gamer", uid: str) -> None:
    """Give the seat up and return the stake to the buckets that it came from.

    :raises TournamentNotFound: the gamer can see none of that id.
    :raises GamerSuspended: the gamer is suspended.
    :raises ParticipationNotFound: the gamer has no live participation in it.
    :raises TournamentIsNotLive: outside the joining window.
    :raises WrongState: a score counts, or the gamer is disqualified.
    """
    return only(_leave_all([Leave(gamer, tournament_id_of(uid))]))


@transactional
def leave_many(*, leaves: Sequence[Leave]) -> list[DomainError | None]:
    """Let many leave in one transaction: for each None, or its refusal as `leave_tournament` raises."""
    return _leave_all(leaves)


def _leave_all(leaves: Sequence[Leave]) -> list[DomainError | None]:
    before = read_tournaments({leave.tournament_id for leave in leaves})
    refusals = [refusal_of(_check_leave, before.get(leave.tournament_id), leave) for leave in leaves]
    return complete(leaves, refusals, lambda able: LeaveBatch(able).leave())


def _check_leave(found: TournamentAt | None, leave: Leave) -> None:
    check_visible(found, leave.gamer.client_id)
    check_not_suspended(leave.gamer)


class LeaveBatch:
    """Leaves from some tournaments. It locks fields and participations before it reads the clock."""

    def __init__(self, leaves: Sequence[Leave]) -> None:
        tournament_ids = {leave.tournament_id for leave in leaves}
        self.leaves = leaves
        lock_free_seats(tournament_ids)
        self.participations = lock_participations({(leave.tournament_id, leave.gamer.pk) for leave in leaves})
        self.current = read_tournaments(tournament_ids)
        self.left: list[EndedParticipation] = []

    def leave(self) -> list[DomainError | None]:
        """Free seats and return stakes: for each leave None, or its refusal."""
        outcomes = [refusal_of(self._give_up, leave) for leave in self.leaves]
        end_participations(self.left)
        ledger.reverse_many(
            {references.stake(ended.id): references.stake_refund(ended.id) for ended in self.left},
            kind=ledger.Kind.LEAVE,
        )
        return outcomes

    def _give_up(self, leave: Leave) -> None:
        entrant, current = (leave.tournament_id, leave.gamer.pk), self.current[leave.tournament_id]
        participation = self.participations.get(entrant)
        if participation is None:
            raise errors.ParticipationNotFound()
        _check_window(current, current.now)
        if participation.score is not None:
            raise WrongState("A score was accepted: the stake can't be returned.")
        if participation.disqualified_at is not None:
            raise WrongState("The gamer is disqualified: the stake can't be returned.")
        # A second leave in the same batch finds no participation.
        del self.participations[entrant]
        self.left.append(EndedParticipation(participation.id, leave.tournament_id, current.now))
