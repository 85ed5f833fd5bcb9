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
from esports.locks import lock_all_participations, lock_seats, reread_under_lock
from esports.models import LeaderboardRow, Participation, ScoreEvent, TieRule, Tournament
from esports.selectors.tournaments import TournamentAt
from esports.webhook_events import emit_due_events
from kgen.errors import WrongState

# Names the rules that a record was made by. A change of ranking or prizes counts it up.
RULES = "1"


@dataclass(frozen=True)
class RankedResult:
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
    places: list[RankedResult]
    to_house: int
    to_sponsor: int

    @property
    def prizes(self) -> int:
        """What all winners get together."""
        return sum(place.prize for place in self.places)

    def fingerprint(self) -> str:
        """SHA-256 of the record: the inputs, then every rank and prize, a line each."""
        return _fingerprint(self.inputs, map(_line, self.places))


@dataclass(frozen=True)
class BookedResults:
    """What booking a tournament's results came to; the ranks and prizes stand on the participations."""

    tournament: Tournament
    settled_at: datetime
    inputs: dict[str, Any]
    ranked: int
    winners: int
    prizes: int
    to_house: int
    to_sponsor: int
    sha256: str


def _fingerprint(inputs: dict[str, Any], lines: Iterable[str]) -> str:
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode())
    for line in lines:
        digest.update(line.encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Shares:
    """What becomes of what came in, in sums: how many hold a rank, how many win, and who gets how much."""

    ranked: int
    winners: int
    prizes: int
    to_house: int
    to_sponsor: int


def _line(place: RankedResult) -> str:
    reached_at = place.reached_at.isoformat()
    return f"\n{place.rank},{place.participation_id},{place.gamer_id},{place.score},{reached_at},{place.prize}"


def book_results(tournament_id: UUID) -> BookedResults | None:
    """Freeze the standing of a completed tournament and book each final rank and prize, once.

    None where there is nothing to book: not completed, its delay not over, or booked before. Whatever got its
    lock before is counted; whatever comes later finds the tournament settled. Must run inside a journey.
    """
    lock_seats(tournament_id)
    lock_all_participations(tournament_id)
    found = reread_under_lock(tournament_id)
    if found.status is not Status.COMPLETED or not found.is_ripe or found.tournament.settled_at is not None:
        return None
    booked = _book(found)
    Tournament.objects.filter(pk=tournament_id).update(settled_at=found.now, updated_at=found.now)
    # That it is completed is told before what came of it. The row is held by now: no duty tells it as well.
    emit_due_events(reread_under_lock(tournament_id))
    return booked


def _book(found: TournamentAt) -> BookedResults:
    """Write every rank and prize, and fold what was written into the record, block by block."""
    tournament, inputs = found.tournament, inputs_of(found.tournament)
    with connection.cursor() as cursor:
        # The field may be a million strong; this is a worker's time and memory, not a gamer's.
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(_BOOK, [*_terms(tournament), tournament.pk])
        blocks = cursor.fetchall()
    ranked, winners, prizes = (sum(block[column] for block in blocks) for column in range(3))
    to_house, to_sponsor = _remainder(tournament, prizes)
    sha256 = _fingerprint(inputs, (block[3] for block in blocks))
    return BookedResults(tournament, found.now, inputs, ranked, winners, prizes, to_house, to_sponsor, sha256)


def foresee_results(found: TournamentAt) -> Results | None:
    """What `book_results` would book if the tournament were over and ripe now; None if it would be cancelled.

    :raises WrongState: it is booked, or its stakes are all back.
    """
    if not _will_complete(found):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FORESEE, _terms(found.tournament))
        return _results(found, [RankedResult(*row) for row in cursor.fetchall()])


def foresee_shares(found: TournamentAt) -> Shares | None:
    """The sums of `foresee_results`, without reading every place: for fields of any size.

    :raises WrongState: as `foresee_results`.
    """
    if not _will_complete(found):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FORESEE_SUMS, _terms(found.tournament))
        ranked, winners, paid = cursor.fetchone()
    return Shares(ranked, winners, paid, *_remainder(found.tournament, paid))


def _will_complete(found: TournamentAt) -> bool:
    tournament = found.tournament
    if tournament.settled_at is not None or tournament.refunded_at is not None:
        raise WrongState("It has ended and is booked.")
    is_ranked = LeaderboardRow.objects.filter(tournament=tournament.pk).exists()
    over = max(found.now, tournament.ends_at)
    return tournament.status_at(over, has_scores=is_ranked) is Status.COMPLETED


def _terms(tournament: Tournament) -> list[Any]:
    """What the statement that ranks and prices goes by: the prizes are those of esports.prizes."""
    ranges = prizes.rank_prizes(
        tournament.table,
        field_size=tournament.seats.taken,
        buy_in=tournament.buy_in_price,
        sponsorship=tournament.sponsored_amount,
    )
    columns = [list(column) for column in zip(*ranges, strict=True)]
    return [tournament.pk, *columns, tournament.tie_rule == TieRule.SPLIT]


def _results(found: TournamentAt, places: list[RankedResult]) -> Results:
    to_house, to_sponsor = _remainder(found.tournament, sum(place.prize for place in places))
    return Results(found.tournament, found.now, inputs_of(found.tournament), places, to_house, to_sponsor)


def _remainder(tournament: Tournament, paid: int) -> tuple[int, int]:
    """(to the house, to the sponsor): stakes pay first, unused sponsorship goes back."""
    stakes = tournament.seats.taken * tournament.buy_in_price
    return max(0, stakes - paid), tournament.sponsored_amount - max(0, paid - stakes)


def inputs_of(tournament: Tournament) -> dict[str, Any]:
    """All that a final ranking depends on besides the score events.

    Who was disqualified is named only where somebody was: records from before there were referees prove as they are.
    """
    rows = Participation.objects.filter(tournament=tournament.pk, disqualified_at__isnull=False)
    disqualified = [str(id) for id in rows.order_by("id").values_list("id", flat=True)]
    inputs = {
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
    return inputs | {"disqualified": disqualified} if disqualified else inputs


def booked_places(tournament_id: UUID) -> Iterator[RankedResult]:
    """The final ranking as it was booked, best first."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [tournament_id])
        yield from (RankedResult(*row) for row in cursor.fetchall())


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
        RankedResult(rank, key[3], gamer_id, score, key[1], prize)
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
    """(sort key, gamer) of everybody who is ranked, each folded from the events that count."""
    events = (
        ScoreEvent.objects.filter(
            participation__tournament=tournament.pk,
            participation__left_at=None,
            participation__disqualified_at=None,
            voided_at=None,
        )
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
 WHERE tournament_id = %s AND left_at IS NULL AND final_rank IS NOT NULL ORDER BY final_rank
"""
# One statement over the whole field, in the board's order: by the participations themselves, not by the board's rows.
# The disqualified have a score, but no rank_key. Equal scores have equal rank_keys.
_PRICED = """
WITH ranked AS (
    SELECT id, rank_key, row_number() OVER (ORDER BY rank_key, reached_at, joined_at, id) AS rank
      FROM esports_participation WHERE tournament_id = %s AND rank_key IS NOT NULL AND left_at IS NULL
), priced AS (
    SELECT ranked.*, coalesce(band.amount, 0) AS prize
      FROM ranked LEFT JOIN unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS band (from_rank, to_rank, amount)
        ON ranked.rank BETWEEN band.from_rank AND band.to_rank
), tied AS (
    SELECT *, sum(prize) OVER peers AS pot, count(*) OVER peers AS sharers, rank - min(rank) OVER peers AS place
      FROM priced WINDOW peers AS (PARTITION BY rank_key)
), placed AS (
    SELECT id, rank, CASE WHEN %s THEN div(pot, sharers) + (place < mod(pot, sharers))::int ELSE prize END AS prize
      FROM tied
)
"""
# No index holds a final rank: so the new version of a row finds room beside the old one and no index is touched
# (migration 0010). The lines are those of `_line`, of a thousand places at a time.
_BOOK = f"""{_PRICED}, booked AS (
    UPDATE esports_participation AS stay SET final_rank = placed.rank, prize = placed.prize
      FROM placed
     WHERE stay.tournament_id = %s AND stay.rank_key IS NOT NULL AND stay.left_at IS NULL AND stay.id = placed.id
    RETURNING final_rank, stay.id, gamer_id, score, reached_at, stay.prize
), line AS (
    SELECT final_rank, prize, concat(
               E'\\n', final_rank, ',', id, ',', gamer_id, ',', score, ',',
               replace(to_char(reached_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', ''), '+00:00,',
               prize) AS text
      FROM booked
)
SELECT count(*), count(*) FILTER (WHERE prize > 0), sum(prize)::bigint, string_agg(text, '' ORDER BY final_rank)
  FROM line GROUP BY (final_rank - 1) / 1000 ORDER BY min(final_rank)
"""
_FORESEE = f"""{_PRICED}
SELECT placed.rank, stay.id, stay.gamer_id, stay.score, stay.reached_at, placed.prize
  FROM placed JOIN esports_participation stay ON stay.id = placed.id ORDER BY placed.rank
"""
_FORESEE_SUMS = f"""{_PRICED}
SELECT count(*), count(*) FILTER (WHERE prize > 0), coalesce(sum(prize), 0)::bigint FROM placed
"""
