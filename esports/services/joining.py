"""Joining and leaving: a seat and a stake, all or none, and back."""

from typing import TYPE_CHECKING

from django.db.models import F

from esports import errors
from esports.locks import lock_participation, lock_seats, see_again, take_seat
from esports.models import Participation, Seats, Tournament
from esports.selectors.tournaments import Seen, tournament_for_gamer
from kgen.errors import WrongState
from kgen.states import move_to
from kgen.transactions import journey
from users.selectors import check_not_suspended
from wallet import ledger

if TYPE_CHECKING:
    from users.models import Gamer


@journey
def join_tournament(*, gamer: "Gamer", uid: str, joining_stake: int) -> Participation:
    """Take a seat and pay the stake, both or neither.

    :raises TournamentNotFound: there is none to be seen.
    :raises GamerSuspended: the gamer is.
    :raises TournamentIsNotLive: outside the joining window.
    :raises InvalidJoiningStake: the stake is not the buy-in.
    :raises ExistingParticipationFound: the gamer is in it.
    :raises TournamentIsFull: no seat is left.
    :raises InsufficientBalance: the three buckets do not cover the stake.
    """
    found = tournament_for_gamer(gamer.client_id, uid)
    check_not_suspended(gamer)
    _check_window(found)  # again below; a closed one is not locked by everybody who comes too late
    # The seat first: whoever has it holds the field, and everything else is judged under that lock. Until then
    # the studio may still have changed the buy-in.
    has_seat = take_seat(found.tournament.pk)
    seen = see_again(found.tournament.pk)
    tournament: Tournament = seen.tournament
    _check_join(seen, gamer, joining_stake, has_seat)
    stay = Participation.objects.create(
        client_id=gamer.client_id,
        tournament_id=tournament.pk,
        gamer_id=gamer.pk,
        stake=tournament.buy_in_price,
        joined_at=seen.now,
    )
    ledger.pay_stake(
        wallet_id=gamer.wallet_id,
        escrow=tournament.escrow_id,
        amount=tournament.buy_in_price,
        reference=f"join:{stay.pk}",
    )
    return stay


def _check_window(seen: Seen) -> None:
    if not seen.tournament.takes_joins(seen.now):
        raise errors.TournamentIsNotLive()


def _check_join(seen: Seen, gamer: "Gamer", joining_stake: int, has_seat: bool) -> None:
    tournament: Tournament = seen.tournament
    _check_window(seen)
    if joining_stake != tournament.buy_in_price:
        raise errors.InvalidJoiningStake()
    if Participation.objects.filter(tournament=tournament.pk, gamer=gamer.pk, left_at=None).exists():
        raise errors.ExistingParticipationFound()
    if not has_seat:
        raise errors.TournamentIsFull()


@journey
def leave_tournament(*, gamer: "Gamer", uid: str) -> Participation:
    """Give the seat up and get the stake back into the buckets that it came from.

    :raises TournamentNotFound: there is none to be seen.
    :raises GamerSuspended: the gamer is.
    :raises ParticipationNotFound: the gamer is not in it.
    :raises TournamentIsNotLive: outside the joining window.
    :raises WrongState: a score counts, or the gamer is disqualified.
    """
    tournament = tournament_for_gamer(gamer.client_id, uid).tournament
    check_not_suspended(gamer)
    lock_seats(tournament.pk)
    stay = lock_participation(tournament.pk, gamer.pk)
    seen = see_again(tournament.pk)
    _check_window(seen)
    if stay.score is not None:
        raise WrongState("A score was accepted; the stake can no longer be taken back.")
    if stay.disqualified_at is not None:
        raise WrongState("The gamer is disqualified; the stake stays.")
    move_to(stay, where={"left_at": None, "refunded_at": None, "score": None}, left_at=seen.now)
    Seats.objects.filter(pk=tournament.pk).update(taken=F("taken") - 1)
    ledger.reverse(original=f"join:{stay.pk}", reference=f"refund:{stay.pk}", kind=ledger.Kind.LEAVE)
    return stay
