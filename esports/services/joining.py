"""Joining and leaving: a seat and a stake, all or none, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from uuid_utils.compat import uuid7

from esports import errors
from esports.locks import end_participations, insert_participations, lock_free_seats, lock_participations, participating
from esports.selectors.tournaments import TournamentAt, check_visible, read_tournaments, tournament_id_of
from kgen.clock import TICK
from kgen.errors import DomainError, WrongState
from kgen.transactions import transactional
from users.selectors import check_not_suspended
from wallet import ledger

if TYPE_CHECKING:
    from users.models import Gamer
    from users.selectors import SessionGamer


@dataclass(frozen=True, slots=True)
class Join:
    """A gamer who wants to join."""

    gamer: "Gamer | SessionGamer"
    tournament_id: UUID
    joining_stake: int


@transactional
def join_tournament(*, gamer: "Gamer", uid: str, joining_stake: int) -> None:
    """Take a seat and pay the stake, both or neither.

    :raises TournamentNotFound: there is none to be seen.
    :raises GamerSuspended: the gamer is.
    :raises TournamentIsNotLive: outside the joining window.
    :raises InvalidJoiningStake: the stake is not the buy-in.
    :raises ExistingParticipationFound: the gamer is in it.
    :raises TournamentIsFull: no seat is left.
    :raises InsufficientBalance: the three buckets do not cover the stake.
    """
    [refusal] = _join_all([Join(gamer, tournament_id_of(uid), joining_stake)])
    if refusal:
        raise refusal


@transactional
def join_many(*, joins: Sequence[Join]) -> list[DomainError | None]:
    """Let many join in one transaction, in their order: for each None, or why not, as `join_tournament` raises."""
    return _join_all(joins)


def _join_all(joins: Sequence[Join]) -> list[DomainError | None]:
    """Everybody's outcome. Whoever comes twice has a second round: what the first one paid is then booked."""
    outcomes: list[DomainError | None] = [None] * len(joins)
    waiting = list(enumerate(joins))
    while waiting:
        first_of = {join.gamer.pk: (at, join) for at, join in reversed(waiting)}
        round_ = sorted(first_of.values(), key=lambda entry: entry[0])
        for (at, _), refusal in zip(round_, _join_round([join for _, join in round_]), strict=True):
            outcomes[at] = refusal
        done = {at for at, _ in round_}
        waiting = [entry for entry in waiting if entry[0] not in done]
    return outcomes


def _join_round(joins: Sequence[Join]) -> list[DomainError | None]:
    # A closed tournament is not locked by everybody who comes too late, nor one by those who cannot see it.
    before = read_tournaments({join.tournament_id for join in joins})
    outcomes = [_refusal_before(before.get(join.tournament_id), join) for join in joins]
    able = [join for join, refusal in zip(joins, outcomes, strict=True) if refusal is None]
    if able:
        later = iter(JoinBatch(able).seat())
        outcomes = [refusal or next(later) for refusal in outcomes]
    return outcomes


def _refusal_before(found: TournamentAt | None, join: Join) -> DomainError | None:
    try:
        current = check_visible(found, join.gamer.client_id)
        check_not_suspended(join.gamer)
        _check_window(current, current.now)
    except DomainError as refusal:
        return refusal
    return None


class JoinBatch:
    """The fields of some tournaments, held from the seats on: whoever has them judges alone."""

    def __init__(self, joins: Sequence[Join]) -> None:
        """Hold the seats first, before anything refers to them; then see the tournaments and the clock as they are.

        Until the seats were held, the studio may still have changed the buy-in.
        """
        tournament_ids = {join.tournament_id for join in joins}
        self.joins = joins
        self.free = lock_free_seats(tournament_ids)
        self.current = read_tournaments(tournament_ids)
        self.taken = participating({(join.tournament_id, join.gamer.pk) for join in joins})
        self.stakes = ledger.StakeBatch(join.gamer.wallet_id for join in joins if self.free[join.tournament_id])

    def seat(self) -> list[DomainError | None]:
        """Give seats for stakes, in the order of the joins; for each None, or why not."""
        stays: list[tuple[UUID, UUID, UUID, UUID, int, datetime]] = []
        outcomes: list[DomainError | None] = []
        for place, join in enumerate(self.joins):
            try:
                stays.append(self._take(join, TICK * place))
                outcomes.append(None)
            except DomainError as refusal:
                outcomes.append(refusal)
        self.stakes.book()
        insert_participations(stays)
        return outcomes

    def _take(self, join: Join, later: timedelta) -> tuple[UUID, UUID, UUID, UUID, int, datetime]:
        current = self.current[join.tournament_id]
        stake = current.tournament.buy_in_price
        _check_window(current, current.now + later)
        if join.joining_stake != stake:
            raise errors.InvalidJoiningStake()
        if (join.tournament_id, join.gamer.pk) in self.taken:
            raise errors.ExistingParticipationFound()
        if not self.free[join.tournament_id]:
            raise errors.TournamentIsFull()
        stay = uuid7()
        self.stakes.pay(
            wallet_id=join.gamer.wallet_id, escrow=current.tournament.escrow_id, amount=stake, reference=f"join:{stay}"
        )
        self.free[join.tournament_id] -= 1
        return stay, join.gamer.client_id, join.tournament_id, join.gamer.pk, stake, current.now + later


def _check_window(current: TournamentAt, now: datetime) -> None:
    if not current.tournament.takes_joins(now):
        raise errors.TournamentIsNotLive()


@dataclass(frozen=True, slots=True)
class Leave:
    """A gamer who wants to leave."""

    gamer: "Gamer | SessionGamer"
    tournament_id: UUID


@transactional
def leave_tournament(*, gamer: "Gamer", uid: str) -> None:
    """Give the seat up and get the stake back into the buckets that it came from.

    :raises TournamentNotFound: there is none to be seen.
    :raises GamerSuspended: the gamer is.
    :raises ParticipationNotFound: the gamer is not in it.
    :raises TournamentIsNotLive: outside the joining window.
    :raises WrongState: a score counts, or the gamer is disqualified.
    """
    [refusal] = _leave_all([Leave(gamer, tournament_id_of(uid))])
    if refusal:
        raise refusal


@transactional
def leave_many(*, leaves: Sequence[Leave]) -> list[DomainError | None]:
    """Let many leave in one transaction: for each None, or why not, as `leave_tournament` raises."""
    return _leave_all(leaves)


def _leave_all(leaves: Sequence[Leave]) -> list[DomainError | None]:
    before = read_tournaments({leave.tournament_id for leave in leaves})
    outcomes = [_refusal_to_leave(before.get(leave.tournament_id), leave) for leave in leaves]
    able = [leave for leave, refusal in zip(leaves, outcomes, strict=True) if refusal is None]
    if able:
        later = iter(LeaveBatch(able).leave())
        outcomes = [refusal or next(later) for refusal in outcomes]
    return outcomes


def _refusal_to_leave(found: TournamentAt | None, leave: Leave) -> DomainError | None:
    try:
        check_visible(found, leave.gamer.client_id)
        check_not_suspended(leave.gamer)
    except DomainError as refusal:
        return refusal
    return None


class LeaveBatch:
    """The way out of some tournaments: fields and stays are held before the clock is read."""

    def __init__(self, leaves: Sequence[Leave]) -> None:
        tournament_ids = {leave.tournament_id for leave in leaves}
        self.leaves = leaves
        lock_free_seats(tournament_ids)
        self.stays = lock_participations({(leave.tournament_id, leave.gamer.pk) for leave in leaves})
        self.current = read_tournaments(tournament_ids)

    def leave(self) -> list[DomainError | None]:
        """Free seats and give stakes back; for each None, or why not."""
        left: list[tuple[str, UUID, datetime]] = []
        outcomes: list[DomainError | None] = []
        for leave in self.leaves:
            try:
                left.append(self._give_up(leave))
                outcomes.append(None)
            except DomainError as refusal:
                outcomes.append(refusal)
        end_participations(left)
        ledger.reverse_many({f"join:{stay}": f"refund:{stay}" for stay, _, _ in left}, kind=ledger.Kind.LEAVE)
        return outcomes

    def _give_up(self, leave: Leave) -> tuple[str, UUID, datetime]:
        place, current = (leave.tournament_id, leave.gamer.pk), self.current[leave.tournament_id]
        stay = self.stays.get(place)
        if stay is None:
            raise errors.ParticipationNotFound()
        _check_window(current, current.now)
        if stay.score is not None:
            raise WrongState("A score was accepted; the stake can no longer be taken back.")
        if stay.disqualified_at is not None:
            raise WrongState("The gamer is disqualified; the stake stays.")
        # Whoever asks twice at once has left by the second time.
        del self.stays[place]
        return stay.id, leave.tournament_id, current.now
