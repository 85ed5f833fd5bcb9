"""Accepting scores: each is kept as an event, and the standing is what the events fold to."""

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
from kgen.arrays import array, arrays
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
    """What became of one posted score."""

    user_id: str
    status: Literal["accepted", "duplicate", "refused"]
    code: str | None = None
    score: int | None = None


@transactional
def post_score(*, gamer: "Gamer", uid: str, value: int, event_id: str | None) -> None:
    """Accept a gamer's own score. An event seen before with the same value changes nothing,
    also where it was voided since.

    :raises TournamentNotFound: there is none to be seen.
    :raises GamerSuspended: the gamer is.
    :raises ParticipationNotFound: the gamer is not in it.
    :raises TournamentIsNotLive: outside the scoring window, by the clock once the participation is held.
    :raises WrongState: the gamer is disqualified.
    :raises ScoreSourceNotAllowed: only the studio's server may post.
    :raises ScoreOutOfRange: outside the tournament's bounds, or the sum would be.
    :raises ReferenceReused: the event stands with another value.
    """
    [refusal] = _post_all([GamerScore(gamer, tournament_id_of(uid), value, event_id)])
    if refusal:
        raise refusal


@transactional
def post_many(*, scores: Sequence[GamerScore]) -> list[DomainError | None]:
    """Accept scores of many gamers in one transaction: for each None, or why it is refused, as `post_score` raises."""
    return _post_all(scores)


def _post_all(scores: Sequence[GamerScore]) -> list[DomainError | None]:
    stays = lock_participations({(score.tournament_id, score.gamer.pk) for score in scores})
    current = read_tournaments({score.tournament_id for score in scores})
    held = {place: stay for place, stay in stays.items() if place[0] in current}
    sheet = ScoreBatch("gamer")
    sheet.open(
        held.values(),
        {
            (held[score.tournament_id, score.gamer.pk].id, score.event_id)
            for score in scores
            if score.event_id is not None and (score.tournament_id, score.gamer.pk) in held
        },
    )
    refusals = [_try_post(sheet, score, current, held, TICK * place) for place, score in enumerate(scores)]
    sheet.write()
    return refusals


def _try_post(
    sheet: "ScoreBatch",
    score: GamerScore,
    current: Mapping[UUID, TournamentAt],
    stays: Mapping[tuple[UUID, UUID], LockedParticipation],
    later: timedelta,
) -> DomainError | None:
    try:
        found = check_visible(current.get(score.tournament_id), score.gamer.client_id)
        check_not_suspended(score.gamer)
        stay = stays.get((score.tournament_id, score.gamer.pk))
        if stay is None:
            raise errors.ParticipationNotFound()
        at = found.now + later
        _check_open(found.tournament.takes_scores(at), stay)
        if found.tournament.score_source == ScoreSource.SERVER:
            raise errors.ScoreSourceNotAllowed()
        sheet.post(terms_of(found.tournament), stay.id, score.value, score.event_id, at)
    except DomainError as refusal:
        return refusal
    return None


def _check_open(takes_scores: bool, stay: LockedParticipation) -> None:
    if stay.refunded_at is not None or not takes_scores:
        raise errors.TournamentIsNotLive()
    if stay.disqualified_at is not None:
        raise WrongState("The gamer is disqualified.")


@transactional
def post_scores(*, client_id: UUID, uid: str, scores: Sequence[ServerScore]) -> list[ServerScoreResult]:
    """Accept many scores in their order, in one transaction; what cannot be accepted is refused row by row.

    :raises TournamentNotFound: the client has none of that id.
    """
    tournament = tournament_of_client(client_id, uid).tournament
    gamers = gamers_by_user_id(client_id, (posted.user_id for posted in scores))
    queue_for_bulk(tournament.pk)
    held = lock_participation_list([str(tournament.pk)] * len(gamers), [gamer.pk for gamer in gamers.values()])
    entries = {name: BulkEntrant(gamer, stay) for (name, gamer), stay in zip(gamers.items(), held, strict=True)}
    current = reread_under_lock(tournament.pk)
    sheet = ScoreBatch("server")
    sheet.open(
        [stay for stay in held if stay],
        {
            (entry.stay.id, posted.event_id)
            for posted in scores
            if posted.event_id and (entry := entries.get(posted.user_id)) and entry.stay
        },
    )
    post = ServerScoreBatch(sheet, entries, current).post
    results = [post(posted) for posted in scores]
    sheet.write()
    return results


class BulkEntrant(NamedTuple):
    """A gamer of the client, with the stay in the tournament if there is one."""

    gamer: "ScoringGamer"
    stay: LockedParticipation | None


class ServerScoreBatch:
    """What is the same for all scores of a call."""

    def __init__(self, sheet: "ScoreBatch", entries: Mapping[str, BulkEntrant], current: TournamentAt) -> None:
        self.sheet, self.entries, self.now = sheet, entries, current.now
        self.terms, self.takes_scores = terms_of(current.tournament), current.tournament.takes_scores(current.now)

    def post(self, posted: ServerScore) -> ServerScoreResult:
        """Take one score."""
        try:
            entry = self.entries.get(posted.user_id)
            if entry is None:
                raise RecordNotFound()
            check_not_suspended(entry.gamer)
            if entry.stay is None:
                raise errors.ParticipationNotFound()
            _check_open(self.takes_scores, entry.stay)
            stay = entry.stay.id
            is_new = self.sheet.post(self.terms, stay, posted.value, posted.event_id, self.now)
        except DomainError as refusal:
            return ServerScoreResult(posted.user_id, "refused", code=refusal.code)
        return ServerScoreResult(posted.user_id, "accepted" if is_new else "duplicate", score=self.sheet.scores[stay])


class ScoringTerms(NamedTuple):
    """As much of a tournament as its score sheet needs."""

    client_id: str
    rule: Rule
    order: Order


def terms_of(tournament: Tournament) -> ScoringTerms:
    """The terms of a tournament."""
    return ScoringTerms(str(tournament.client_id), tournament.score_rule, tournament.order)


class ScoreBatch:
    """The score sheet of some locked stays: folds new scores in memory and writes them at once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.scores: dict[str, int | None] = {}
        # With the order of the board, and when the score was reached.
        self.changed: dict[str, tuple[Order, datetime]] = {}
        self.known: dict[tuple[str, str], int] = {}
        self.fresh: list[tuple[str, datetime, str, int, str | None, int]] = []

    def open(self, stays: Iterable[LockedParticipation], events: set[tuple[str, str]]) -> None:
        """Take the scores of `stays`, which must be locked, and read those of `events` that stand already."""
        self.scores = {stay.id: stay.score for stay in stays}
        if events:
            with connection.cursor() as cursor:
                cursor.execute(_KNOWN, [array(stay for stay, _ in events), [event for _, event in events]])
                self.known = {(stay, event): value for stay, event, value in cursor.fetchall()}

    def post(self, terms: ScoringTerms, stay: str, value: int, event_id: str | None, at: datetime) -> bool:
        """Fold one score in; False when its event stood already.

        :raises ScoreOutOfRange: outside the bounds.
        :raises ReferenceReused: the event stands with another value.
        """
        if event_id is not None and (stay, event_id) in self.known:
            if self.known[stay, event_id] != value:
                raise ReferenceReused("This eventId was used with another value.")
            return False
        before = self.scores[stay]
        score = ranking.score_after(terms.rule, before, value)
        if score != before:
            self.changed[stay] = terms.order, at
            self.scores[stay] = score
        self.fresh.append((terms.client_id, at, stay, value, event_id, score))
        if event_id is not None:
            self.known[stay, event_id] = value
        return True

    def write(self) -> None:
        """Write the changed scores with their rows of the board, and the new events, in one statement."""
        if not self.fresh:
            return
        changed = arrays(self._changes()) or ["{}"] * 4
        clients, times, stays, values, event_ids, scores = zip(*self.fresh, strict=True)
        plain = map(array, (clients, times, stays, values, scores))
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [*changed, self.source, *plain, list(event_ids)])
            (lost,) = cursor.fetchone()
        if lost:
            raise RuntimeError(f"{lost} rows are missing on the leaderboards: verify_ledger names them")

    def _changes(self) -> Iterator[tuple[object, ...]]:
        """Of each changed stay, in id order: id, score, rank key, when it was reached."""
        for stay, (order, reached_at) in sorted(self.changed.items()):
            score = self.scores[stay]
            assert score is not None
            yield stay, score, ranking.rank_key(order, score), reached_at


# One look into the index of event ids for each: the LIMIT keeps the planner from reading all of it instead.
_KNOWN = """
SELECT given.participation_id::text, given.event_id, event.value
  FROM unnest(%s::uuid[], %s::text[]) AS given (participation_id, event_id),
       LATERAL (SELECT value FROM esports_scoreevent
                 WHERE participation_id = given.participation_id AND event_id = given.event_id LIMIT 1) AS event
"""
# The stays are held, so nobody else moves their rows; each has one, from its first score on.
_WRITE = """
WITH standing AS (
    UPDATE esports_participation AS stay
       SET score = given.score, rank_key = given.rank_key, reached_at = given.reached_at
      FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::timestamptz[])
           AS given (id, score, rank_key, reached_at)
     WHERE stay.id = given.id
    RETURNING new.id, new.tournament_id, new.gamer_id, new.joined_at, new.score, new.rank_key, new.reached_at,
              old.rank_key AS old_key, old.reached_at AS old_reached_at
), moved AS (
    UPDATE esports_leaderboardrow AS place
       SET score = standing.score, rank_key = standing.rank_key, reached_at = standing.reached_at
      FROM standing
     WHERE place.tournament_id = standing.tournament_id AND place.rank_key = standing.old_key
       AND place.reached_at = standing.old_reached_at AND place.joined_at = standing.joined_at
       AND place.id = standing.id
    RETURNING place.id
), entered AS (
    INSERT INTO esports_leaderboardrow (tournament_id, rank_key, reached_at, joined_at, id, score, user_id, username)
    SELECT tournament_id, rank_key, reached_at, joined_at, id, score, user_id, username
      FROM standing
     CROSS JOIN LATERAL (SELECT user_id, username FROM users_gamer WHERE id = standing.gamer_id LIMIT 1) AS gamer
     WHERE old_key IS NULL
    RETURNING id
), told AS (
    INSERT INTO esports_standingchange (tournament_id, participation_ids, xid, changed_at)
    SELECT tournament_id, array_agg(id), pg_current_xact_id()::text::bigint, clock_timestamp()
      FROM standing GROUP BY tournament_id
), event AS (
    INSERT INTO esports_scoreevent (source, client_id, accepted_at, participation_id, value, standing, event_id)
    SELECT %s, new.*
      FROM unnest(%s::uuid[], %s::timestamptz[], %s::uuid[], %s::bigint[], %s::bigint[], %s::text[]) AS new
)
SELECT (SELECT count(*) FROM standing) - (SELECT count(*) FROM moved) - (SELECT count(*) FROM entered)
"""
