"""Accepting scores: each is kept as an event, and the standing is what the events fold to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from django.db import connection

from esports import errors, ranking
from esports.locks import lock_participation, see_again
from esports.models import Participation, ScoreEvent, ScoreSource, Tournament
from esports.ranking import Standing
from esports.selectors.tournaments import tournament_for_gamer, tournament_of_client
from kgen.errors import DomainError, RecordNotFound, ReferenceReused, WrongState
from kgen.transactions import journey
from users.selectors import check_not_suspended, gamers_by_user_id

if TYPE_CHECKING:
    from users.models import Gamer

Source = Literal["gamer", "server"]


@dataclass(frozen=True)
class Posted:
    """A score that a studio's server posts."""

    user_id: str
    value: int
    event_id: str | None = None


@dataclass(frozen=True)
class Result:
    """What became of one posted score."""

    user_id: str
    status: Literal["accepted", "duplicate", "refused"]
    code: str | None = None
    score: int | None = None


@journey
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
    tournament = tournament_for_gamer(gamer.client_id, uid).tournament
    check_not_suspended(gamer)
    stay = lock_participation(tournament.pk, gamer.pk)
    seen = see_again(tournament.pk)
    _check_open(seen.tournament, stay, seen.now)
    if seen.tournament.score_source == ScoreSource.SERVER:
        raise errors.ScoreSourceNotAllowed()
    sheet = Sheet(seen.tournament, seen.now, "gamer")
    sheet.open([stay], {(stay.pk, event_id)} if event_id else set())
    sheet.post(stay.pk, value, event_id)
    sheet.write()


def _check_open(tournament: Tournament, stay: Participation, now: datetime) -> None:
    if stay.refunded_at is not None or not tournament.takes_scores(now):
        raise errors.TournamentIsNotLive()
    if stay.disqualified_at is not None:
        raise WrongState("The gamer is disqualified.")


@journey
def post_scores(*, client_id: UUID, uid: str, scores: Sequence[Posted]) -> list[Result]:
    """Accept many scores in their order, in one transaction; what cannot be accepted is refused row by row.

    :raises TournamentNotFound: the client has none of that id.
    """
    tournament = tournament_of_client(client_id, uid).tournament
    gamers = gamers_by_user_id(client_id, (posted.user_id for posted in scores))
    stays = _lock_stays(tournament.pk, gamers)
    seen = see_again(tournament.pk)
    sheet = Sheet(seen.tournament, seen.now, "server")
    wanted = {(stays[p.user_id].pk, p.event_id) for p in scores if p.event_id and p.user_id in stays}
    sheet.open(list(stays.values()), wanted)
    results = [_post_one(sheet, posted, gamers, stays) for posted in scores]
    sheet.write()
    return results


def _lock_stays(tournament_id: UUID, gamers: "dict[str, Gamer]") -> dict[str, Participation]:
    """The live stays of these gamers, locked in id order, by user_id."""
    names = {gamer.pk: user_id for user_id, gamer in gamers.items()}
    rows = (
        Participation.objects.select_for_update()
        .filter(tournament=tournament_id, gamer__in=list(names), left_at=None)
        .order_by("id")
    )
    return {names[row.gamer_id]: row for row in rows}


def _post_one(sheet: "Sheet", posted: Posted, gamers: "dict[str, Gamer]", stays: dict[str, Participation]) -> Result:
    try:
        if posted.user_id not in gamers:
            raise RecordNotFound()
        check_not_suspended(gamers[posted.user_id])
        if posted.user_id not in stays:
            raise errors.ParticipationNotFound()
        stay = stays[posted.user_id]
        _check_open(sheet.tournament, stay, sheet.now)
        is_new = sheet.post(stay.pk, posted.value, posted.event_id)
    except DomainError as refusal:
        return Result(posted.user_id, "refused", code=refusal.code)
    return Result(posted.user_id, "accepted" if is_new else "duplicate", score=sheet.standings[stay.pk].score)


class Sheet:
    """The score sheet of some locked participations: folds new scores in memory and writes them at once."""

    def __init__(self, tournament: Tournament, now: datetime, source: Source) -> None:
        self.tournament, self.now, self.source = tournament, now, source
        self.standings: dict[UUID, Standing] = {}
        self.changed: set[UUID] = set()
        self.known: dict[tuple[UUID, str], int] = {}
        self.fresh: list[tuple[UUID, int, str | None, int | None]] = []

    def open(self, stays: Sequence[Participation], events: set[tuple[UUID, str]]) -> None:
        """Read the standings of `stays`, which must be locked, and those of `events` that stand already."""
        self.standings = {stay.pk: Standing(stay.score, stay.reached_at) for stay in stays}
        if events:
            rows = ScoreEvent.objects.filter(
                participation__in={stay for stay, _ in events}, event_id__in={event for _, event in events}
            )
            found = rows.values_list("participation_id", "event_id", "value")
            self.known = {(stay, event): value for stay, event, value in found if event is not None}

    def post(self, stay: UUID, value: int, event_id: str | None) -> bool:
        """Fold one score in; False when its event stood already.

        :raises ScoreOutOfRange: outside the bounds.
        :raises ReferenceReused: the event stands with another value.
        """
        if event_id is not None and (stay, event_id) in self.known:
            if self.known[stay, event_id] != value:
                raise ReferenceReused("This eventId was used with another value.")
            return False
        standing = ranking.apply(self.tournament.score_rule, self.standings[stay], value, self.now)
        if standing != self.standings[stay]:
            self.changed.add(stay)
        self.standings[stay] = standing
        self.fresh.append((stay, value, event_id, standing.score))
        if event_id is not None:
            self.known[stay, event_id] = value
        return True

    def write(self) -> None:
        """Write the changed standings and the new events."""
        order = self.tournament.order
        rows = [(stay, self.standings[stay]) for stay in sorted(self.changed)]
        with connection.cursor() as cursor:
            if rows:
                scores = [standing.score for _, standing in rows]
                keys = [ranking.rank_key(order, score) for score in scores if score is not None]
                cursor.execute(_STANDINGS, [self.now, [stay for stay, _ in rows], scores, keys])
            if self.fresh:
                stays, values, events, standings = (list(column) for column in zip(*self.fresh, strict=True))
                constant = [self.tournament.client_id, self.source, self.now]
                cursor.execute(_EVENTS, [*constant, stays, values, events, standings])


_STANDINGS = """
UPDATE esports_participation AS stay
   SET score = new.score, rank_key = new.rank_key, reached_at = %s,
       changed_xid = pg_current_xact_id()::text::bigint
  FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) AS new (id, score, rank_key)
 WHERE stay.id = new.id
"""
_EVENTS = """
INSERT INTO esports_scoreevent (client_id, source, accepted_at, participation_id, value, event_id, standing)
SELECT %s, %s, %s, new.* FROM unnest(%s::uuid[], %s::bigint[], %s::text[], %s::bigint[]) AS new
"""
