"""Booking how a tournament ended: final ranks and prizes, written to the participations.

The app above decides what to do with the money; here every unit that came in is divided.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from esports import prizes, ranking
from esports.lifecycle import Status
from esports.locks import lock_all_participations, lock_seats, reread_under_lock
from esports.models import LeaderboardRow, Participation, ScoreEvent, TieRule, Tournament, live
from esports.ranking import SortKey
from esports.selectors.tournaments import TournamentAt, disqualified_scores
from esports.sql import LIVE, order
from esports.webhook_events import emit_due_events
from kgen.errors import WrongState
from kgen.statements import Select

# The version of the rules that a record was made by. A change of ranking or prizes increments it.
RULES = "1"


class RankedResult(NamedTuple):
    """One line of a final ranking."""

    rank: int
    participation_id: UUID
    gamer_id: UUID
    score: int
    reached_at: datetime
    prize: int


class Shares(NamedTuple):
    """How what came in is divided, in sums: the gamers with a rank and with a prize, and the amounts."""

    ranked: int
    winners: int
    prizes: int
    to_house: int
    to_sponsor: int


@dataclass(frozen=True)
class Results:
    """How a tournament ended. prizes + to_house + to_sponsor = stakes + sponsorship."""

    tournament: Tournament
    settled_at: datetime
    inputs: dict[str, Any]
    ranking: list[RankedResult]
    to_house: int
    to_sponsor: int

    @property
    def shares(self) -> Shares:
        """The sums."""
        winners = sum(1 for line in self.ranking if line.prize)
        paid = sum(line.prize for line in self.ranking)
        return Shares(len(self.ranking), winners, paid, self.to_house, self.to_sponsor)

    def fingerprint(self) -> str:
        """SHA-256 of the record: the inputs, then every rank and prize, a line each."""
        return _fingerprint(self.inputs, map(_line, self.ranking))


@dataclass(frozen=True)
class BookedResults:
    """The booked results of a tournament, in sums; the participations hold the ranks and prizes."""

    tournament: Tournament
    settled_at: datetime
    inputs: dict[str, Any]
    shares: Shares
    sha256: str


def _fingerprint(inputs: dict[str, Any], lines: Iterable[str]) -> str:
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode())
    for line in lines:
        digest.update(line.encode())
    return digest.hexdigest()


def _line(result: RankedResult) -> str:
    reached_at = result.reached_at.isoformat()
    return f"\n{result.rank},{result.participation_id},{result.gamer_id},{result.score},{reached_at},{result.prize}"


def book_results(tournament_id: UUID) -> BookedResults | None:
    """Freeze the standings of a completed tournament and book each final rank and prize, once.

    None where there is nothing to book: it is not completed, its delay has not passed, or it is booked. A score that
    got its lock before counts; a later one finds the tournament settled. The caller has a transaction open.
    """
    lock_seats(tournament_id)
    lock_all_participations(tournament_id)
    current = reread_under_lock(tournament_id)
    if current.status is not Status.COMPLETED or not current.is_ripe or current.tournament.settled_at is not None:
        return None
    booked = _book(current)
    Tournament.objects.filter(pk=tournament_id).update(settled_at=current.now, updated_at=current.now)
    # The completion is emitted before the settlement. This transaction holds the row, so no duty emits it as well.
    emit_due_events(reread_under_lock(tournament_id))
    return booked


class _Block(NamedTuple):
    """A thousand booked ranks in sums, and their lines of the record."""

    ranked: int
    winners: int
    prizes: int
    lines: str


def _book(current: TournamentAt) -> BookedResults:
    """Write every rank and prize, and hash the written lines, block by block."""
    tournament, inputs = current.tournament, inputs_of(current.tournament)
    with connection.cursor() as cursor:
        # The field may have a million gamers; this costs a worker time and memory, no gamer waits.
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SET LOCAL work_mem = '64MB'")
    blocks = _BOOK.all([*_terms(tournament), tournament.pk])
    paid = sum(block.prizes for block in blocks)
    shares = Shares(
        sum(block.ranked for block in blocks),
        sum(block.winners for block in blocks),
        paid,
        *_remainder(tournament, paid),
    )
    sha256 = _fingerprint(inputs, (block.lines for block in blocks))
    return BookedResults(tournament, current.now, inputs, shares, sha256)


def foresee_results(current: TournamentAt) -> Results | None:
    """The results that `book_results` would book if the tournament were over and ripe now; None if it would be
    cancelled.

    :raises WrongState: it is booked, or all its stakes are refunded.
    """
    if not _will_complete(current):
        return None
    results = _FORESEE.all(_terms(current.tournament))
    remainder = _remainder(current.tournament, sum(result.prize for result in results))
    return Results(current.tournament, current.now, inputs_of(current.tournament), results, *remainder)


class _Sums(NamedTuple):
    ranked: int
    winners: int
    prizes: int


def foresee_shares(current: TournamentAt) -> Shares | None:
    """The sums of `foresee_results`, without reading every rank: for fields of any size.

    :raises WrongState: as `foresee_results`.
    """
    if not _will_complete(current):
        return None
    sums = _FORESEE_SUMS.one(_terms(current.tournament))
    return Shares(*sums, *_remainder(current.tournament, sums.prizes))


def _will_complete(current: TournamentAt) -> bool:
    tournament = current.tournament
    if tournament.settled_at is not None or tournament.refunded_at is not None:
        raise WrongState("The tournament is over and booked.")
    is_ranked = LeaderboardRow.objects.filter(tournament=tournament.pk).exists()
    has_scores = is_ranked or disqualified_scores(tournament.pk).exists()
    over = max(current.now, tournament.ends_at)
    return tournament.status_at(over, has_scores=has_scores) is Status.COMPLETED


def _terms(tournament: Tournament) -> list[Any]:
    """The parameters of `_PRICED`; the prizes are those of esports.prizes."""
    columns = [list(column) for column in zip(*tournament.prize_ranges(), strict=True)]
    return [tournament.pk, *columns, tournament.tie_rule == TieRule.SPLIT]


def _remainder(tournament: Tournament, paid: int) -> tuple[int, int]:
    """(to the house, to the sponsor): stakes pay first, unused sponsorship goes back."""
    stakes = tournament.seats.taken * tournament.buy_in_price
    return max(0, stakes - paid), tournament.sponsored_amount - max(0, paid - stakes)


def inputs_of(tournament: Tournament) -> dict[str, Any]:
    """All inputs of a final ranking besides the score events.

    Disqualified participations are a member only where there are any, so that older records keep their hash.
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


def booked_ranking(tournament_id: UUID) -> list[RankedResult]:
    """The final ranking as it was booked, best first."""
    return _BOOKED.all([tournament_id])


def recompute(tournament: Tournament) -> Results:
    """The results computed again from the score events alone, by the pure rules instead of the booking statement.

    :raises ValueError: the tournament is not settled.
    """
    if tournament.settled_at is None:
        raise ValueError("not settled")
    entries = sorted(_entries_from_events(tournament), key=lambda entry: entry.key)
    allocation = prizes.allocate(
        tournament.table,
        **tournament.prize_terms,
        scores=[entry.score for entry in entries],
        tie_rule="split" if tournament.tie_rule == TieRule.SPLIT else "first_to_reach",
    )
    results = [
        RankedResult(rank, entry.key.participation_id, entry.gamer_id, entry.score, entry.key.reached_at, prize)
        for rank, (entry, prize) in enumerate(zip(entries, allocation.prizes, strict=True), start=1)
    ]
    inputs = inputs_of(tournament)
    return Results(tournament, tournament.settled_at, inputs, results, allocation.to_house, allocation.to_sponsor)


class _Entry(NamedTuple):
    """A ranked gamer."""

    key: SortKey
    gamer_id: UUID
    score: int


def _entries_from_events(tournament: Tournament) -> Iterator[_Entry]:
    """Every ranked gamer, each standing folded from the events that count."""
    events = (
        ScoreEvent.objects.filter(
            live("participation__"),
            participation__tournament=tournament.pk,
            participation__disqualified_at=None,
            voided_at=None,
        )
        .order_by("participation_id", "id")
        .values_list(
            "participation_id",
            "participation__gamer_id",
            "participation__joined_at",
            "value",
            "accepted_at",
            named=True,
        )
    )
    for participation_id, group in groupby(events.iterator(chunk_size=5000), key=attrgetter("participation_id")):
        listed = list(group)
        standing = ranking.fold(tournament.score_rule, ((event.value, event.accepted_at) for event in listed))
        assert standing.score is not None
        assert standing.reached_at is not None
        key = ranking.sort_key(
            tournament.order,
            standing.score,
            standing.reached_at,
            listed[0].participation__joined_at,
            participation_id,
        )
        yield _Entry(key, listed[0].participation__gamer_id, standing.score)


# The winners of a settled tournament, whose id is the parameter, numbered from 1 by rank: for the app above, which
# writes a reward for each.
WINNERS = f"""
SELECT id, client_id, tournament_id, gamer_id, final_rank, prize, row_number() OVER (ORDER BY final_rank) AS number
  FROM esports_participation WHERE tournament_id = %s AND {LIVE} AND prize > 0
"""
_BOOKED = Select(
    f"""
SELECT final_rank AS rank, id AS participation_id, gamer_id, score, reached_at, prize FROM esports_participation
 WHERE tournament_id = %s AND {LIVE} AND final_rank IS NOT NULL ORDER BY final_rank
""",
    RankedResult,
)
# One statement over the whole field. It reads the participations themselves, not the rows of the board, in the board's
# order. Disqualified gamers have a score, but no rank_key. Equal scores have equal rank_keys.
_PRICED = f"""
WITH ranked AS (
    SELECT id, rank_key, row_number() OVER (ORDER BY {order()}) AS rank
      FROM esports_participation WHERE tournament_id = %s AND rank_key IS NOT NULL AND {LIVE}
), priced AS (
    SELECT ranked.*, coalesce(won.amount, 0) AS prize
      FROM ranked LEFT JOIN unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS won (from_rank, to_rank, amount)
        ON ranked.rank BETWEEN won.from_rank AND won.to_rank
), tied AS (
    SELECT *, sum(prize) OVER peers AS pot, count(*) OVER peers AS sharers, rank - min(rank) OVER peers AS above
      FROM priced WINDOW peers AS (PARTITION BY rank_key)
), result AS (
    SELECT id, rank, CASE WHEN %s THEN div(pot, sharers) + (above < mod(pot, sharers))::int ELSE prize END AS prize
      FROM tied
)
"""
# No index holds a final rank: the new version of a row fits beside the old one and no index is written (migration
# 0010). The lines are those of `_line`, a thousand ranks at a time.
_BOOK = Select(
    f"""{_PRICED}, booked AS (
    UPDATE esports_participation AS participation SET final_rank = result.rank, prize = result.prize
      FROM result
     WHERE participation.tournament_id = %s AND participation.rank_key IS NOT NULL AND participation.{LIVE}
       AND participation.id = result.id
    RETURNING final_rank, participation.id, gamer_id, score, reached_at, participation.prize
), line AS (
    SELECT final_rank, prize, concat(
               E'\\n', final_rank, ',', id, ',', gamer_id, ',', score, ',',
               replace(to_char(reached_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', ''), '+00:00,',
               prize) AS text
      FROM booked
)
SELECT count(*) AS ranked, count(*) FILTER (WHERE prize > 0) AS winners, sum(prize)::bigint AS prizes,
       string_agg(text, '' ORDER BY final_rank) AS lines
  FROM line GROUP BY (final_rank - 1) / 1000 ORDER BY min(final_rank)
""",
    _Block,
)
_FORESEE = Select(
    f"""{_PRICED}
SELECT result.rank, participation.id AS participation_id, participation.gamer_id, participation.score,
       participation.reached_at, result.prize
  FROM result JOIN esports_participation AS participation ON participation.id = result.id ORDER BY result.rank
""",
    RankedResult,
)
_FORESEE_SUMS = Select(
    f"""{_PRICED}
SELECT count(*) AS ranked, count(*) FILTER (WHERE prize > 0) AS winners, coalesce(sum(prize), 0)::bigint AS prizes
  FROM result
""",
    _Sums,
)
