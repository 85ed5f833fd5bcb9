"""Standings written in bulk, and what their ranks must be."""

import json
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from esports import tasks
from esports.models import Participation
from esports.ranking import SortKey
from esports.selectors.ranks import Board, counted_rank, rank_of
from kgen.celery import app as celery_app
from kgen.valkey import valkey

EPOCH = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
# (rank_key, second reached, second joined) of a participation; small numbers make many ties.
Standing = tuple[int, int, int]


def place(uid: str, standings: Sequence[Standing]) -> None:
    """Give the first participations of a tournament these standings, as scores that come in now would."""
    ids = Participation.objects.filter(tournament=uid).order_by("id").values_list("id", flat=True)
    rows = [
        (participation, key, EPOCH + timedelta(seconds=reached), EPOCH + timedelta(seconds=joined))
        for participation, (key, reached, joined) in zip(ids, standings, strict=False)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [list(column) for column in zip(*rows, strict=True)])
    write_rows(uid)


def write_rows(uid: str) -> None:
    """Write a board anew from the participations as they are, and that all of it has changed."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM esports_leaderboardrow WHERE tournament_id = %s", [uid])
        cursor.execute(_ROWS, [uid])
        cursor.execute(_CHANGE, [uid])


def positions(uid: str) -> list[SortKey]:
    """All standings of a tournament in their order, worked out here."""
    rows = Participation.objects.filter(tournament=uid, rank_key__isnull=False)
    found = [SortKey(*row) for row in rows.values_list("rank_key", "reached_at", "joined_at", "id")]
    return sorted(found)


def board(uid: str) -> Board:
    """The sorted set of a tournament."""
    return Board(UUID(uid))


def make_stale(uid: str) -> None:
    """Let half a second go by for a sorted set."""
    valkey().delete(board(uid).fresh)


def check_ranks(uid: str, *, cached: bool = True) -> int:
    """Every standing has its rank, by PostgreSQL and, unless there is no set, by Valkey; how many there are."""
    ordered = positions(uid)
    expected = list(range(1, len(ordered) + 1))
    assert [rank_of(UUID(uid), position) for position in ordered] == expected
    assert [counted_rank(UUID(uid), position) for position in ordered] == expected
    if cached:
        assert [board(uid).rank_of(position) for position in ordered] == expected
        assert valkey().zcard(board(uid).ranks) == len(ordered)
    return len(ordered)


def builds_asked_for(uid: str) -> int:
    """How often workers were asked to make this board; the messages are taken from the queue."""
    queue = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] + celery_app.conf.task_default_queue
    found = 0
    while raw := valkey().rpop(queue):
        message = json.loads(raw)
        arguments = json.loads(b64decode(message["body"]))[0]
        found += (message["headers"]["task"], arguments) == (tasks.build_board.name, [uid])
    return found


_PLACE = """
UPDATE esports_participation AS stay
   SET score = -new.rank_key, rank_key = new.rank_key, reached_at = new.reached_at, joined_at = new.joined_at
  FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
       AS new (id, rank_key, reached_at, joined_at)
 WHERE stay.id = new.id
"""
_ROWS = """
INSERT INTO esports_leaderboardrow (tournament_id, rank_key, reached_at, joined_at, id, score, user_id, username)
SELECT tournament_id, rank_key, reached_at, joined_at, stay.id, score, user_id, username
  FROM esports_participation AS stay JOIN users_gamer AS gamer ON gamer.id = stay.gamer_id
 WHERE tournament_id = %s AND rank_key IS NOT NULL
"""
_CHANGE = """
INSERT INTO esports_standingchange (tournament_id, participation_ids, xid, changed_at)
SELECT tournament_id, array_agg(id), pg_current_xact_id()::text::bigint, clock_timestamp()
  FROM esports_participation WHERE tournament_id = %s GROUP BY tournament_id
"""
