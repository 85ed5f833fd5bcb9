"""Booking how a tournament ended: final ranks and prizes, onto the participations themselves.

What is then done with the money is for the app above to say; here every unit that came in is divided.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection

from esports import prizes, ranking
from esports.lifecycle import Status
from esports.locks import lock_field, lock_seats, see_again
from esports.models import ScoreEvent, TieRule, Tournament

# Names the rules that a record was made by. A change of ranking or prizes counts it up.
RULES = "1"


@dataclass(frozen=True)
class Place:
    """One line of a final ranking."""

    rank: int
    participation_id: UUID
    gamer_id: UUID
    score: int
    reached_at: datetime
    prize: int


@dataclass(frozen=True)
class Results:
    """How a tournament ended. prizes + to_house + to_sponsor = stakes + sponsorship."""

    tournament: Tournament
    settled_at: datetime
    inputs: dict[str, Any]
    places: list[Place]
    to_house: int
    to_sponsor: int

    @property
    def prizes(self) -> int:
        """What all winners get together."""
        return sum(place.prize for place in self.places)

    def fingerprint(self) -> str:
        """SHA-256 of the record: the inputs, then every rank and prize, a line each."""
        digest = hashlib.sha256(json.dumps(self.inputs, sort_keys=True).encode())
        for place in self.places:
            digest.update(_line(place).encode())
        return digest.hexdigest()


def _line(place: Place) -> str:
    reached_at = place.reached_at.isoformat()
    return f"\n{place.rank},{place.participation_id},{place.gamer_id},{place.score},{reached_at},{place.prize}"


def book_results(tournament_id: UUID) -> Results | None:
    """Freeze the standing of a completed tournament and book each final rank and prize, once.

    None where there is nothing to book: not completed, its delay not over, or booked before. Whatever got its
    lock before is counted; whatever comes later finds the tournament settled. Must run inside a journey.
    """
    lock_seats(tournament_id)
    lock_field(tournament_id)
    found = see_again(tournament_id)
    if found.status is not Status.COMPLETED or not found.is_ripe or found.tournament.settled_at is not None:
        return None
    tournament = found.tournament
    _rank_and_price(tournament)
    Tournament.objects.filter(pk=tournament_id).update(settled_at=found.now, updated_at=found.now)
    places = list(booked_places(tournament_id))
    to_house, to_sponsor = _remainder(tournament, sum(place.prize for place in places))
    return Results(tournament, found.now, inputs_of(tournament), places, to_house, to_sponsor)


def _rank_and_price(tournament: Tournament) -> None:
    """One statement over the whole field: the same order as the board's, the same prizes as esports.prizes'."""
    ranges = prizes.rank_prizes(
        tournament.table,
        field_size=tournament.seats.taken,
        buy_in=tournament.buy_in_price,
        sponsorship=tournament.sponsored_amount,
    )
    columns = [list(column) for column in zip(*ranges, strict=True)]
    with connection.cursor() as cursor:
        # The field may be a million strong; this is a worker's time, not a gamer's.
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        split = tournament.tie_rule == TieRule.SPLIT
        cursor.execute(_RANK_AND_PRICE, [tournament.pk, *columns, split])


def _remainder(tournament: Tournament, paid: int) -> tuple[int, int]:
    """(to the house, to the sponsor): stakes pay first, unused sponsorship goes back."""
    stakes = tournament.seats.taken * tournament.buy_in_price
    return max(0, stakes - paid), tournament.sponsored_amount - max(0, paid - stakes)


def inputs_of(tournament: Tournament) -> dict[str, Any]:
    """All that a final ranking depends on besides the score events."""
    return {
        "rules": RULES,
        "tournament": str(tournament.pk),
        "field_size": tournament.seats.taken,
        "buy_in": tournament.buy_in_price,
        "sponsorship": tournament.sponsored_amount,
        "prize_table": tournament.prize_table,
        "tie_rule": tournament.tie_rule,
        "score_order": tournament.score_order,
        "score_operator": tournament.score_operator,
    }


def booked_places(tournament_id: UUID) -> Iterator[Place]:
    """The final ranking as it was booked, best first."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [tournament_id])
        yield from (Place(*row) for row in cursor.fetchall())


def recompute(tournament: Tournament) -> Results:
    """The results worked out anew from the score events alone, by the pure rules, in another way than booking.

    :raises ValueError: the tournament is not settled.
    """
    if tournament.settled_at is None:
        raise ValueError("not settled")
    standings = sorted(_standings_from_events(tournament))
    scores = [standing[0][0] if tournament.order == "asc" else -standing[0][0] for standing in standings]
    allocation = prizes.allocate(
        tournament.table,
        field_size=tournament.seats.taken,
        buy_in=tournament.buy_in_price,
        sponsorship=tournament.sponsored_amount,
        scores=scores,
        tie_rule="split" if tournament.tie_rule == TieRule.SPLIT else "first_to_reach",
    )
    places = [
        Place(rank, key[3], gamer_id, score, key[1], prize)
        for rank, ((key, gamer_id), score, prize) in enumerate(
            zip(standings, scores, allocation.prizes, strict=True), start=1
        )
    ]
    return Results(
        tournament,
        tournament.settled_at,
        inputs_of(tournament),
        places,
        allocation.to_house,
        allocation.to_sponsor,
    )


def _standings_from_events(
    tournament: Tournament,
) -> Iterable[tuple[tuple[int, datetime, datetime, UUID], UUID]]:
    """(sort key, gamer) of everybody with a score, each folded from its events."""
    events = (
        ScoreEvent.objects.filter(participation__tournament=tournament.pk, participation__left_at=None)
        .order_by("participation_id", "id")
        .values_list("participation_id", "participation__gamer_id", "participation__joined_at", "value", "accepted_at")
    )
    for (stay, gamer_id, joined_at), listed in groupby(events.iterator(chunk_size=5000), key=lambda row: row[:3]):
        standing = ranking.fold(tournament.score_rule, ((row[3], row[4]) for row in listed))
        assert standing.score is not None
        assert standing.reached_at is not None
        yield (
            ranking.sort_key(tournament.order, standing.score, standing.reached_at, joined_at, stay),
            gamer_id,
        )


_PLACES = """
SELECT final_rank, id, gamer_id, score, reached_at, prize FROM esports_participation
 WHERE tournament_id = %s AND final_rank IS NOT NULL ORDER BY final_rank
"""
_RANK_AND_PRICE = """
WITH ranked AS (
    SELECT id, score, row_number() OVER (ORDER BY rank_key, reached_at, joined_at, id) AS rank
      FROM esports_participation WHERE tournament_id = %s AND rank_key IS NOT NULL AND left_at IS NULL
), priced AS (
    SELECT ranked.*, coalesce(band.amount, 0) AS prize
      FROM ranked LEFT JOIN unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS band (from_rank, to_rank, amount)
        ON ranked.rank BETWEEN band.from_rank AND band.to_rank
), tied AS (
    SELECT *, sum(prize) OVER peers AS pot, count(*) OVER peers AS sharers, rank - min(rank) OVER peers AS place
      FROM priced WINDOW peers AS (PARTITION BY score)
)
UPDATE esports_participation AS stay
   SET final_rank = tied.rank,
       prize = CASE WHEN %s THEN div(tied.pot, tied.sharers) + (tied.place < mod(tied.pot, tied.sharers))::int
                    ELSE tied.prize END
  FROM tied WHERE stay.id = tied.id
"""
