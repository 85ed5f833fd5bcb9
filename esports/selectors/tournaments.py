"""Finding tournaments, with the clock beside them."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from esports import prizes
from esports.errors import PrizeTableInvalid, TournamentNotFound
from esports.lifecycle import Status
from esports.models import LeaderboardRow, Participation, PrizeTable, Seats, Tournament
from kgen.api.fields import id_of
from kgen.api.pagination import Key, Page, page_of
from kgen.clock import ClockTimestamp

NEWEST_FIRST = (Key("created_at", "time", descending=True), Key("id", "uuid", descending=True))
# What `ordering` may say, on the wire's own names.
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
        """Whether its results may be settled: its end and the delay for review are over."""
        delay = timedelta(seconds=self.tournament.settlement_delay_seconds)
        return self.now >= self.tournament.ends_at + delay


def with_clock(rows: QuerySet[Tournament]) -> QuerySet[Any]:
    """The rows with `now`, their seats, and `has_scores` (somebody is ranked) where the end makes it matter."""
    # The best one, if any: of a mere EXISTS the planner may make a table of all who are ranked anywhere.
    scored = LeaderboardRow.objects.filter(tournament=OuterRef("pk")).order_by("rank_key")
    is_scored = Subquery(scored.values(is_scored=Value(True))[:1])
    ended = When(ends_at__lte=ClockTimestamp(), then=Coalesce(is_scored, Value(False)))
    return rows.select_related("seats").annotate(
        now=ClockTimestamp(),
        has_scores=Case(ended, default=Value(False), output_field=BooleanField()),
    )


def tournament_at(row: Any) -> TournamentAt:
    """A row of `with_clock` with its status."""
    return TournamentAt(row, row.now, row.status_at(row.now, has_scores=row.has_scores))


def tournament_id_of(uid: str) -> UUID:
    """The id that a path's text is.

    :raises TournamentNotFound: it is none.
    """
    known = id_of(uid)
    if known is None:
        raise TournamentNotFound()
    return known


def tournament_of_client(client_id: UUID, uid: str) -> TournamentAt:
    """A client's own tournament, drafts too.

    :raises TournamentNotFound: the client has none of that id.
    """
    id = id_of(uid)
    found = read_tournament(id) if id else None
    if found is None or found.tournament.client_id != client_id:
        raise TournamentNotFound()
    return found


def read_tournament(tournament_id: UUID) -> TournamentAt | None:
    """One tournament with the clock, whoever's it is; None where there is none."""
    return read_tournaments([tournament_id]).get(tournament_id)


def read_tournaments(tournament_ids: Collection[UUID]) -> dict[UUID, TournamentAt]:
    """Tournaments with the clock, whoever's they are; unknown ones are missing."""
    with connection.cursor() as cursor:
        cursor.execute(_SEE, [list(tournament_ids)])
        found = [_seen_of_row(*row) for row in cursor.fetchall()]
    return {row.tournament.pk: row for row in found}


def _seen_of_row(now: datetime, has_scores: bool, *columns: Any) -> TournamentAt:
    tournament = Tournament.from_db("default", _TOURNAMENT, columns[: len(_TOURNAMENT)])
    tournament.prize_table = json.loads(tournament.prize_table)
    tournament.seats = Seats.from_db("default", _SEATS, columns[len(_TOURNAMENT) :])
    return TournamentAt(tournament, now, tournament.status_at(now, has_scores=has_scores))


def tournament_for_gamer(client_id: UUID, uid: str) -> TournamentAt:
    """A tournament as the client's gamers see it: no drafts.

    :raises TournamentNotFound: there is none to be seen.
    """
    return check_visible(tournament_of_client(client_id, uid), client_id)


def check_visible(found: TournamentAt | None, client_id: UUID) -> TournamentAt:
    """What was found, if the client's gamers can see it.

    :raises TournamentNotFound: nothing, another client's, or a draft.
    """
    if found is None or found.tournament.client_id != client_id:
        raise TournamentNotFound()
    if found.status is Status.DRAFT or found.tournament.published_at is None:
        raise TournamentNotFound()
    return found


def visible_at(now: Any) -> Q:
    """Published, and past its schedule: what gamers can see."""
    return Q(published_at__lte=now, schedules_at__lte=now)


def active_tournaments(client_id: UUID) -> QuerySet[Tournament]:
    """SCHEDULED … LOCKED, by the database's clock."""
    now = ClockTimestamp()
    return Tournament.objects.filter(visible_at(now), client=client_id, ends_at__gt=now, cancelled_at=None)


def in_status(rows: QuerySet[Tournament], status: Status) -> QuerySet[Tournament]:
    """Those of active `rows` that are in one of the active statuses."""
    now = ClockTimestamp()
    begun = {
        Status.SCHEDULED: Q(moves_to_lobby_at__gt=now),
        Status.LOBBY: Q(moves_to_lobby_at__lte=now, starts_at__gt=now),
        Status.STARTED: Q(starts_at__lte=now, locks_at__gt=now),
        Status.LOCKED: Q(locks_at__lte=now),
    }
    return rows.filter(begun[status])


def ordering_keys(ordering: str) -> tuple[Key, Key]:
    """The sort key of a known `ordering` word, with or without its minus."""
    descending = ordering.startswith("-")
    key = ORDERINGS[ordering.removeprefix("-")]
    return Key(key.column, key.kind, descending), Key("id", "uuid", descending)


def tournament_page(
    rows: QuerySet[Tournament], keys: tuple[Key, ...], *, scope: str, cursor: str | None, limit: int
) -> Page[Any]:
    """A page of tournaments with the clock beside them."""
    return page_of(with_clock(rows), keys, scope=scope, cursor=cursor, limit=limit)


def tournaments_of_client(client_id: UUID) -> QuerySet[Tournament]:
    """All of a client's, drafts too."""
    return Tournament.objects.filter(client=client_id)


def find_prize_table(client_id: UUID, given: str | dict[str, Any] | None) -> prizes.PrizeBands:
    """The table that a request names, spells out, or leaves to the default.

    :raises PrizeTableInvalid: no table of that name, or one that is not well formed.
    """
    if given is None or given == prizes.DEFAULT_TABLE.name:
        return prizes.DEFAULT_TABLE
    if isinstance(given, dict):
        return prizes.parse_table(given)
    row = PrizeTable.objects.filter(client=client_id, name=given).first()
    if row is None:
        raise PrizeTableInvalid("There is no prize table of this name.")
    return replace(prizes.parse_table(row.table), name=row.name)


def cancellations_due(limit: int) -> list[UUID]:
    """Duty: tournaments whose status is CANCELLED and whose stakes are not all back, longest due first."""
    return _over(Status.CANCELLED, limit)


def settlements_due(limit: int) -> list[UUID]:
    """Duty: tournaments whose status is COMPLETED, whose delay is over and whose prizes are not booked."""
    return _over(Status.COMPLETED, limit)


def stakes_to_refund(tournament_id: UUID) -> QuerySet[Participation]:
    """The stays whose stakes go back, or are still to, when a tournament is cancelled: also the disqualified's."""
    return Participation.objects.filter(tournament=tournament_id, left_at=None, refunded_at=None)


def _over(status: Status, limit: int) -> list[UUID]:
    """Tournaments that are over in this status and that workers have not booked yet, longest over first."""
    unbooked = Tournament.objects.filter(refunded_at=None, settled_at=None, over_at__lte=ClockTimestamp())
    rows = (tournament_at(row) for row in with_clock(unbooked).order_by("over_at", "id").iterator())
    due = (row for row in rows if row.status is status and (status is Status.CANCELLED or row.is_ripe))
    return [row.tournament.pk for row, _ in zip(due, range(limit), strict=False)]


# Asked on every join and score: the ORM would spend more time on putting it together than the database on
# answering it. The same as `with_clock`, by id.
_TOURNAMENT = [field.attname for field in Tournament._meta.concrete_fields]
_SEATS = [field.attname for field in Seats._meta.concrete_fields]
_COLUMNS = ", ".join([f"t.{name}" for name in _TOURNAMENT] + [f"s.{name}" for name in _SEATS])
_SEE = f"""
SELECT clock.now, CASE WHEN t.ends_at <= clock.now THEN coalesce((
           SELECT true FROM esports_leaderboardrow r WHERE r.tournament_id = t.id ORDER BY r.rank_key LIMIT 1), false)
       ELSE false END, {_COLUMNS}
  FROM (SELECT clock_timestamp() AS now) AS clock, esports_tournament t
  JOIN esports_seats s ON s.tournament_id = t.id
 WHERE t.id = ANY(%s::uuid[])
"""
