"""Accepting scores: each becomes an event, and the events fold to the standing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from uuid import UUID

from django.db import connection

from esports import errors, ranking
from esports.locks import (
    LockedParticipation,
    lock_participation_list,
    lock_participations,
    queue_for_bulk,
    reread_under_lock,
)
from esports.models import ScoreSource, Tournament
from esports.ranking import Order, Rule
from esports.selectors.tournaments import (
    TournamentAt,
    check_visible,
    read_tournaments,
    tournament_id_of,
    tournament_of_client,
)
from esports.sql import insert_change, insert_rows
from kgen.arrays import array, arrays
from kgen.batches import only, refusal_of
from kgen.clock import TICK
from kgen.errors import DomainError, RecordNotFound, ReferenceReused, WrongState
from kgen.transactions import transactional
from users.selectors import check_not_suspended, gamers_by_user_id

if TYPE_CHECKING:
    from users.models import Gamer
    from users.selectors import ScoringGamer, SessionGamer

Source = Literal["gamer", "server"]


class GamerScore(NamedTuple):
    """A score that a gamer posts for one tournament."""

    gamer: "Gamer | SessionGamer"
    tournament_id: UUID
    value: int
    event_id: str | None = None


class ServerScore(NamedTuple):
    """A score that a studio's server posts."""

    user_id: str
    value: int
    event_id: str | None = None


class ServerScoreResult(NamedTuple):
    """The outcome of one posted score."""

    user_id: str
    status: Literal["accepted", "duplicate", "refused"]
    code: str | None = None
    score: int | None = None


@transactional
def post_score(*, gamer: "Gamer", uid: str, value: int, event_id: str | None) -> None:
    """Accept a gamer's own score. A known event with the same value changes nothing, even if it was voided since.

    :raises TournamentNotFound: the gamer can see none of that id.
    :raises GamerSuspended: the gamer is suspended.
    :raises ParticipationNotFound: the gamer has no live participation in it.
    :raises TournamentIsNotLive: outside the scoring window, by the clock under the participation's lock.
    :raises WrongState: the gamer is disqualified.
    :raises ScoreSourceNotAllowed: only the studio's server may post.
    :raises ScoreOutOfRange: outside the tournament's bounds, or the sum would be.
    :raises ReferenceReused: the event has another value.
    """
    return only(_post_all([GamerScore(gamer, tournament_id_of(uid), value, event_id)]))


@transactional
def post_many(*, scores: Sequence[GamerScore]) -> list[DomainError | None]:
    """Accept scores of many gamers in one transaction: for each None, or its refusal as `post_score` raises."""
    return _post_all(scores)


def _post_all(scores: Sequence[GamerScore]) -> list[DomainError | None]:
    locked = lock_participations({(score.tournament_id, score.gamer.pk) for score in scores})
    current = read_tournaments({score.tournament_id for score in scores})
    participations = {entrant: row for entrant, row in locked.items() if entrant[0] in current}
    batch = ScoreBatch("gamer")
    batch.open(
        participations.values(),
        {
            (participations[score.tournament_id, score.gamer.pk].id, score.event_id)
            for score in scores
            if score.event_id is not None and (score.tournament_id, score.gamer.pk) in participations
        },
    )
    refusals = [
        refusal_of(_post_one, batch, score, current, participations, TICK * index) for index, score in enumerate(scores)
    ]
    batch.write()
    return refusals


def _post_one(
    batch: "ScoreBatch",
    score: GamerScore,
    tournaments: Mapping[UUID, TournamentAt],
    participations: Mapping[tuple[UUID, UUID], LockedParticipation],
    later: timedelta,
) -> None:
    current = check_visible(tournaments.get(score.tournament_id), score.gamer.client_id)
    check_not_suspended(score.gamer)
    participation = participations.get((score.tournament_id, score.gamer.pk))
    if participation is None:
        raise errors.ParticipationNotFound()
    at = current.now + later
    _check_open(current.tournament.takes_scores(at), participation)
    if current.tournament.score_source == ScoreSource.SERVER:
        raise errors.ScoreSourceNotAllowed()
    batch.post(terms_of(current.tournament), participation.id, score.value, score.event_id, at)


def _check_open(takes_scores: bool, participation: LockedParticipation) -> None:
    if participation.refunded_at is not None or not takes_scores:
        raise errors.TournamentIsNotLive()
    if participation.disqualified_at is not None:
        raise WrongState("The gamer is disqualified.")


@transactional
def post_scores(*, client_id: UUID, uid: str, scores: Sequence[ServerScore]) -> list[ServerScoreResult]:
    """Accept many scores in their order, in one transaction; each refusal concerns its own score alone.

    :raises TournamentNotFound: the client has none of that id.
    """
    tournament = tournament_of_client(client_id, uid).tournament
    gamers = gamers_by_user_id(client_id, (posted.user_id for posted in scores))
    queue_for_bulk(tournament.pk)
    locked = lock_participation_list([str(tournament.pk)] * len(gamers), [gamer.pk for gamer in gamers.values()])
    entrants = {
        user_id: BulkEntrant(gamer, participation)
        for (user_id, gamer), participation in zip(gamers.items(), locked, strict=True)
    }
    current = reread_under_lock(tournament.pk)
    batch = ScoreBatch("server")
    batch.open(
        [participation for participation in locked if participation],
        {
            (entrant.participation.id, posted.event_id)
            for posted in scores
            if posted.event_id and (entrant := entrants.get(posted.user_id)) and entrant.participation
        },
    )
    post = ServerScoreBatch(batch, entrants, current).post
    results = [post(posted) for posted in scores]
    batch.write()
    return results


class BulkEntrant(NamedTuple):
    """A gamer of the client, and that gamer's live participation in the tournament, if there is one."""

    gamer: "ScoringGamer"
    participation: LockedParticipation | None


class ServerScoreBatch:
    """The scores of one bulk call, all for one tournament."""

    def __init__(self, batch: "ScoreBatch", entrants: Mapping[str, BulkEntrant], current: TournamentAt) -> None:
        self.batch, self.entrants, self.now = batch, entrants, current.now
        self.terms, self.takes_scores = terms_of(current.tournament), current.tournament.takes_scores(current.now)

    def post(self, posted: ServerScore) -> ServerScoreResult:
        """The outcome of one score."""
        try:
            entrant = self.entrants.get(posted.user_id)
            if entrant is None:
                raise RecordNotFound()
            check_not_suspended(entrant.gamer)
            if entrant.participation is None:
                raise errors.ParticipationNotFound()
            _check_open(self.takes_scores, entrant.participation)
            id = entrant.participation.id
            is_new = self.batch.post(self.terms, id, posted.value, posted.event_id, self.now)
        except DomainError as refusal:
            return ServerScoreResult(posted.user_id, "refused", code=refusal.code)
        return ServerScoreResult(posted.user_id, "accepted" if is_new else "duplicate", score=self.batch.scores[id])


class ScoringTerms(NamedTuple):
    """The properties of a tournament that its scores depend on."""

    client_id: str
    rule: Rule
    order: Order


def terms_of(tournament: Tournament) -> ScoringTerms:
    """The scoring terms of a tournament."""
    return ScoringTerms(str(tournament.client_id), tournament.score_rule, tournament.order)


class _NewEvent(NamedTuple):
    """A score event to write. The fields are the columns of its INSERT, in their order."""

    client_id: str
    accepted_at: datetime
    participation_id: str
    value: int
    standing: int
    event_id: str | None


class ScoreBatch:
    """Scores for some locked participations: it folds them in memory and writes them all at once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.scores: dict[str, int | None] = {}
        # By participation: the order of its board, and when the new score was reached.
        self.changed: dict[str, tuple[Order, datetime]] = {}
        self.known: dict[tuple[str, str], int] = {}
        self.new: list[_NewEvent] = []

    def open(self, participations: Iterable[LockedParticipation], events: set[tuple[str, str]]) -> None:
        """Take the scores of participations, which the caller holds, and read the known ones of these events, given
        as (participation, event id)."""
        self.scores = {participation.id: participation.score for participation in participations}
        if events:
            with connection.cursor() as cursor:
                cursor.execute(_KNOWN, [array(id for id, _ in events), [event_id for _, event_id in events]])
                self.known = {(id, event_id): value for id, event_id, value in cursor.fetchall()}

    def post(self, terms: ScoringTerms, participation_id: str, value: int, event_id: str | None, at: datetime) -> bool:
        """Fold one score in; False if its event is known.

        :raises ScoreOutOfRange: outside the bounds.
        :raises ReferenceReused: the event has another value.
        """
        if event_id is not None and (participation_id, event_id) in self.known:
            if self.known[participation_id, event_id] != value:
                raise ReferenceReused("This eventId was used with another value.")
            return False
        before = self.scores[participation_id]
        score = ranking.score_after(terms.rule, before, value)
        if score != before:
            self.changed[participation_id] = terms.order, at
            self.scores[participation_id] = score
        self.new.append(_NewEvent(terms.client_id, at, participation_id, value, score, event_id))
        if event_id is not None:
            self.known[participation_id, event_id] = value
        return True

    def write(self) -> None:
        """Write the changed scores with their rows of the board, and the new events, in one statement."""
        if not self.new:
            return
        changed = arrays(self._changes()) or ["{}"] * 4
        *plain, event_ids = zip(*self.new, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [*changed, self.source, *map(array, plain), list(event_ids)])
            (missing,) = cursor.fetchone()
        if missing:
            raise RuntimeError(f"{missing} rows are missing on the leaderboards: verify_ledger names them")

    def _changes(self) -> Iterator[tuple[object, ...]]:
        """The changed standings in id order, as (id, score, rank key, reached at)."""
        for participation_id, (order, reached_at) in sorted(self.changed.items()):
            score = self.scores[participation_id]
            assert score is not None
            yield participation_id, score, ranking.rank_key(order, score), reached_at


# LIMIT makes it one look into the index of event ids for each; else the planner may read the whole index.
_KNOWN = """
SELECT given.participation_id::text, given.event_id, event.value
  FROM unnest(%s::uuid[], %s::text[]) AS given (participation_id, event_id),
       LATERAL (SELECT value FROM esports_scoreevent
                 WHERE participation_id = given.participation_id AND event_id = given.event_id LIMIT 1) AS event
"""
# The participations are locked, so no other transaction moves their rows. Each has one from its first score on.
_WRITE = f"""
WITH standing AS (
    UPDATE esports_participation AS participation
       SET score = given.score, rank_key = given.rank_key, reached_at = given.reached_at
      FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::timestamptz[])
           AS given (id, score, rank_key, reached_at)
     WHERE participation.id = given.id
    RETURNING new.id, new.tournament_id, new.gamer_id, new.joined_at, new.score, new.rank_key, new.reached_at,
              old.rank_key AS old_key, old.reached_at AS old_reached_at
), moved AS (
    UPDATE esports_leaderboardrow AS board
       SET score = standing.score, rank_key = standing.rank_key, reached_at = standing.reached_at
      FROM standing
     WHERE board.tournament_id = standing.tournament_id AND board.rank_key = standing.old_key
       AND board.reached_at = standing.old_reached_at AND board.joined_at = standing.joined_at
       AND board.id = standing.id
    RETURNING board.id
), inserted AS (
    {insert_rows("standing")}
     WHERE old_key IS NULL
    RETURNING id
), change AS (
    {insert_change("standing")}
), event AS (
    INSERT INTO esports_scoreevent (source, {", ".join(_NewEvent._fields)})
    SELECT %s, new.*
      FROM unnest(%s::uuid[], %s::timestamptz[], %s::uuid[], %s::bigint[], %s::bigint[], %s::text[]) AS new
)
SELECT (SELECT count(*) FROM standing) - (SELECT count(*) FROM moved) - (SELECT count(*) FROM inserted)
"""
