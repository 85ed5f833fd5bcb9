"""Finding tournaments, together with the database's clock."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from esports import prizes
from esports.errors import PrizeTableInvalid, TournamentNotFound
from esports.lifecycle import Status
from esports.models import LeaderboardRow, Participation, PrizeTable, Seats, Tournament, live
from kgen.api.fields import id_of
from kgen.api.pagination import Key, Page, page_of
from kgen.clock import ClockTimestamp
from kgen.errors import WrongState

NEWEST_FIRST = (Key("created_at", "time", descending=True), Key("id", "uuid", descending=True))
# The values of `ordering`, which are the wire's names.
ORDERINGS = {
    "schedules_at_timestamp": Key("schedules_at", "time"),
    "starts_at_timestamp": Key("starts_at", "time"),
    "locks_at_timestamp": Key("locks_at", "time"),
    "ends_at_timestamp": Key("ends_at", "time"),
    "created_at": Key("created_at", "time"),
    "buy_in_price": Key("buy_in_price", "int"),
    "tournament_size": Key("seats__size", "int"),
    "participants_count": Key("seats__taken", "int"),
    "title": Key("title", "str"),
}
DEFAULT_ORDERING = "starts_at_timestamp"


@dataclass(frozen=True)
class TournamentAt:
    """A tournament at one moment of the database's clock."""

    tournament: Tournament
    now: datetime
    status: Status

    @property
    def is_ripe(self) -> bool:
        """Whether its results may be settled: its end and the delay for review have passed."""
        delay = timedelta(seconds=self.tournament.settlement_delay_seconds)
        return self.now >= self.tournament.ends_at + delay


def with_clock(rows: QuerySet[Tournament]) -> QuerySet[Any]:
    """The rows with `now`, their seats, and from the end on `has_scores`: whether any gamer has a score that counts, or
    had one until disqualified."""
    # The best row, if any: for an EXISTS the planner may build a hash table of all ranked gamers everywhere.
    scored = LeaderboardRow.objects.filter(tournament=OuterRef("pk")).order_by("rank_key")
    is_scored = Subquery(scored.values(is_scored=Value(True))[:1])
    out = Subquery(disqualified_scores(OuterRef("pk")).values(is_scored=Value(True))[:1])
    ended = When(ends_at__lte=ClockTimestamp(), then=Coalesce(is_scored, out, Value(False)))
    return rows.select_related("seats").annotate(
        now=ClockTimestamp(),
        has_scores=Case(ended, default=Value(False), output_field=BooleanField()),
    )


def disqualified_scores(tournament_id: Any) -> QuerySet[Participation]:
    """The disqualified participations of a tournament that have a score."""
    return Participation.objects.filter(
        tournament=tournament_id, disqualified_at__isnull=False, score__isnull=False
    ).order_by()


def tournament_at(row: Any) -> TournamentAt:
    """A row of `with_clock` with its status."""
    return TournamentAt(row, row.now, row.status_at(row.now, has_scores=row.has_scores))


def tournament_id_of(uid: str) -> UUID:
    """The tournament's id in a path.

    :raises TournamentNotFound: the text is no id.
    """
    tournament_id = id_of(uid)
    if tournament_id is None:
        raise TournamentNotFound()
    return tournament_id


def tournament_of_client(client_id: UUID, uid: str) -> TournamentAt:
    """A client's own tournament, drafts too.

    :raises TournamentNotFound: the client has none of that id.
    """
    return _check_own(read_tournament(tournament_id_of(uid)), client_id)


def _check_own(found: TournamentAt | None, client_id: UUID) -> TournamentAt:
    if found is None or found.tournament.client_id != client_id:
        raise TournamentNotFound()
    return found


def read_tournament(tournament_id: UUID) -> TournamentAt | None:
    """A tournament of any client, with the clock; None if there is none."""
    return read_tournaments([tournament_id]).get(tournament_id)


def read_tournaments(tournament_ids: Collection[UUID]) -> dict[UUID, TournamentAt]:
    """Tournaments of any client, with the clock; unknown ones are missing."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [list(tournament_ids)])
        rows = [_read_row(*row) for row in cursor.fetchall()]
    return {row.tournament.pk: row for row in rows}


def _read_row(now: datetime, has_scores: bool, *values: Any) -> TournamentAt:
    """A row of `_READ`: `values` are those of `_TOURNAMENT_COLUMNS`, then those of `_SEATS_COLUMNS`."""
    of_tournament = len(_TOURNAMENT_COLUMNS)
    tournament = Tournament.from_db("default", _TOURNAMENT_COLUMNS, values[:of_tournament])
    tournament.prize_table = json.loads(tournament.prize_table)
    tournament.seats = Seats.from_db("default", _SEATS_COLUMNS, values[of_tournament:])
    return TournamentAt(tournament, now, tournament.status_at(now, has_scores=has_scores))


def tournament_for_gamer(client_id: UUID, uid: str) -> TournamentAt:
    """A tournament that the client's gamers can see.

    :raises TournamentNotFound: there is none.
    """
    return check_visible(tournament_of_client(client_id, uid), client_id)


def check_visible(found: TournamentAt | None, client_id: UUID) -> TournamentAt:
    """The tournament that a read found, if the client's gamers can see it.

    :raises TournamentNotFound: there is none, it is another client's, or it is a draft.
    """
    current = _check_own(found, client_id)
    if current.status is Status.DRAFT or current.tournament.published_at is None:
        raise TournamentNotFound()
    return current


def check_not_over(current: TournamentAt) -> None:
    """
    :raises WrongState: the tournament has ended.
    """
    if current.now >= current.tournament.ends_at:
        raise WrongState("The tournament is over.")


def visible_at(now: Any) -> Q:
    """Published and past its schedule: visible to gamers."""
    return Q(published_at__lte=now, schedules_at__lte=now)


def active_tournaments(client_id: UUID) -> QuerySet[Tournament]:
    """A client's tournaments from SCHEDULED to LOCKED, by the database's clock."""
    now = ClockTimestamp()
    return Tournament.objects.filter(visible_at(now), client=client_id, ends_at__gt=now, cancelled_at=None)


def in_statuses(rows: QuerySet[Tournament], statuses: Sequence[Status]) -> QuerySet[Tournament]:
    """The tournaments of active `rows` in one of these active statuses."""
    now = ClockTimestamp()
    begun = {
        Status.SCHEDULED: Q(moves_to_lobby_at__gt=now),
        Status.LOBBY: Q(moves_to_lobby_at__lte=now, starts_at__gt=now),
        Status.STARTED: Q(starts_at__lte=now, locks_at__gt=now),
        Status.LOCKED: Q(locks_at__lte=now),
    }
    return rows.filter(reduce(or_, (begun[status] for status in statuses)))


def ordering_keys(ordering: str) -> tuple[Key, Key]:
    """The sort key of a value of `ordering`, with or without a minus."""
    descending = ordering.startswith("-")
    key = ORDERINGS[ordering.removeprefix("-")]
    return Key(key.column, key.kind, descending), Key("id", "uuid", descending)


def tournament_page(
    rows: QuerySet[Tournament], keys: tuple[Key, ...], *, scope: str, cursor: str | None, limit: int
) -> Page[Any]:
    """A page of tournaments, with the clock."""
    return page_of(with_clock(rows), keys, scope=scope, cursor=cursor, limit=limit)


def tournaments_of_client(client_id: UUID) -> QuerySet[Tournament]:
    """All of a client's tournaments, drafts too."""
    return Tournament.objects.filter(client=client_id)


def find_prize_table(client_id: UUID, given: str | dict[str, Any] | None) -> prizes.PrizeBands:
    """The prize table that a request names or spells out, or the default.

    :raises PrizeTableInvalid: there is no table of that name, or it is malformed.
    """
    if given is None or given == prizes.DEFAULT_TABLE.name:
        return prizes.DEFAULT_TABLE
    if isinstance(given, dict):
        return prizes.parse_table(given)
    row = PrizeTable.objects.filter(client=client_id, name=given).first()
    if row is None:
        raise PrizeTableInvalid("There is no prize table with this name.")
    return replace(prizes.parse_table(row.table), name=row.name)


def cancellations_due(limit: int) -> list[UUID]:
    """Duty: CANCELLED tournaments whose stakes are not all refunded, longest over first."""
    return _over(Status.CANCELLED, limit)


def settlements_due(limit: int) -> list[UUID]:
    """Duty: COMPLETED tournaments whose delay has passed and whose prizes are not booked, longest over first."""
    return _over(Status.COMPLETED, limit)


def stakes_to_refund(tournament_id: UUID) -> QuerySet[Participation]:
    """The participations whose stakes a cancellation refunds and has not refunded yet, disqualified ones too."""
    return Participation.objects.filter(live(), tournament=tournament_id, refunded_at=None)


def _over(status: Status, limit: int) -> list[UUID]:
    """Tournaments that are over in this status and not booked yet, longest over first."""
    unbooked = Tournament.objects.filter(refunded_at=None, settled_at=None, over_at__lte=ClockTimestamp())
    rows = (tournament_at(row) for row in with_clock(unbooked).order_by("over_at", "id").iterator())
    due = (row for row in rows if row.status is status and (status is Status.CANCELLED or row.is_ripe))
    return [row.tournament.pk for row, _ in zip(due, range(limit), strict=False)]


# As `with_clock`, by id. Every join and score runs it: the ORM takes longer to build it than the database to answer.
_TOURNAMENT_COLUMNS = [field.attname for field in Tournament._meta.concrete_fields]
_SEATS_COLUMNS = [field.attname for field in Seats._meta.concrete_fields]
_COLUMNS = [f"tournament.{name}" for name in _TOURNAMENT_COLUMNS] + [f"seats.{name}" for name in _SEATS_COLUMNS]
_READ = f"""
SELECT clock.now, CASE WHEN tournament.ends_at <= clock.now THEN coalesce((
           SELECT true FROM esports_leaderboardrow AS board
            WHERE board.tournament_id = tournament.id ORDER BY board.rank_key LIMIT 1), (
           SELECT true FROM esports_participation AS stay
            WHERE stay.tournament_id = tournament.id
              AND stay.disqualified_at IS NOT NULL AND stay.score IS NOT NULL LIMIT 1), false)
       ELSE false END, {", ".join(_COLUMNS)}
  FROM (SELECT clock_timestamp() AS now) AS clock, esports_tournament AS tournament
  JOIN esports_seats AS seats ON seats.tournament_id = tournament.id
 WHERE tournament.id = ANY(%s::uuid[])
"""
