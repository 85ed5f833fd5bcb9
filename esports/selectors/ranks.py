"""The rank of one gamer among a million: from a sorted set in Valkey, with PostgreSQL as the truth.

Nothing is written to Valkey when a score is. A reader who finds the set older than half a second lets it catch
up: a log tells which standings each transaction changed, the set remembers up to which transaction it has seen
everything (`pg_snapshot_xmin`), and the standings named since then are read again. So the set can be lost, restored
from an hour ago, or behind, and is exact again with the next catch-up. Ranks are counted in PostgreSQL while there
is no set.
"""

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from esports.ranking import member
from esports.selectors.rank_scripts import FEED, RANKS, REPLACE, SETTLE, UNLOCK
from kgen.arrays import arrays
from kgen.celery import app as celery_app
from kgen.valkey import key, pause, valkey

FRESH_MS = 500
# Older than this no set is asked, whatever keeps it from being caught up with.
STALE_MS = 1000
LOCK_MS = 10_000
PATIENCE_SECONDS, POLL_SECONDS = 0.3, 0.01
KEPT_MS = 3_600_000
# What a reader does in passing: so many changes are caught up with, so many standings are built. More is a worker's.
CATCH_UP_LIMIT = 20_000
BUILD_INLINE_LIMIT = 20_000
# More changes than this take longer to catch up with than the set takes to be built anew.
WORKERS_LIMIT = 20 * CATCH_UP_LIMIT
# Valkey does nothing else while it takes one chunk in: about ten milliseconds.
CHUNK = 2_000
CATCH_UP_ROUNDS = 5


@dataclass(frozen=True)
class Position:
    """What the order of a standing depends on."""

    participation_id: UUID
    rank_key: int
    reached_at: datetime
    joined_at: datetime

    @property
    def key(self) -> tuple[int, datetime, datetime, UUID]:
        """Sorts best first."""
        return self.rank_key, self.reached_at, self.joined_at, self.participation_id

    @property
    def member(self) -> str:
        """The standing in the sorted set."""
        return member(self.reached_at, self.joined_at, self.participation_id)


class Chunk(NamedTuple):
    """Some standings as text, each its member and its rank key (none: it holds no rank any more)."""

    rows: str
    # The youngest transaction in it: everything of older ones is in this chunk or in those before.
    transaction: int = 0


def ranks_of(tournament_id: UUID, positions: Sequence[Position]) -> list[int]:
    """The ranks of standings, 1 the best. At most a second behind the scores of others."""
    ranks = _cached_ranks(tournament_id, positions) if positions else []
    missing = [position for position, rank in zip(positions, ranks, strict=True) if rank is None]
    counted = iter(counted_ranks(tournament_id, missing))
    return [next(counted) if rank is None else rank for rank in ranks]


def rank_of(tournament_id: UUID, position: Position) -> int:
    """The rank of one standing."""
    return ranks_of(tournament_id, [position])[0]


def counted_rank(tournament_id: UUID, position: Position) -> int:
    """The rank by PostgreSQL: one more than there are better standings. Reads them all by the index."""
    return counted_ranks(tournament_id, [position])[0]


def counted_ranks(tournament_id: UUID, positions: Sequence[Position]) -> list[int]:
    """The same for many: each standing is read once, not once for each who is behind it."""
    if not positions:
        return []
    keys = sorted({position.key for position in positions})
    edges = arrays(keys)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_BETWEEN, [tournament_id, *edges])
        better = dict(zip(keys, accumulate(count for (count,) in cursor.fetchall()), strict=True))
    return [better[position.key] + 1 for position in positions]


def _cached_ranks(tournament_id: UUID, positions: Sequence[Position]) -> Sequence[int | None]:
    nothing = [None] * len(positions)
    if pause.is_on():
        return nothing
    board = Board(tournament_id)
    try:
        ranks = board.fresh_ranks_of(positions)
        if ranks is not None:
            return ranks
        return board.ranks_of(positions) if board.catch_up() else nothing
    except (RedisError, BrokerError) as error:
        pause.start(error)
        return nothing


class Board:
    """The sorted set of one tournament and what belongs to it."""

    def __init__(self, tournament_id: UUID) -> None:
        self.tournament_id = tournament_id
        # In braces: in a cluster all keys of one board live on one node, as scripts need.
        self.ranks = key("ranks", f"{{{tournament_id}}}")
        self.members = f"{self.ranks}:members"
        self.mark = f"{self.ranks}:mark"
        self.fresh = f"{self.ranks}:fresh"
        self.lock = f"{self.ranks}:lock"
        self.asked = f"{self.ranks}:asked"

    def rank_of(self, position: Position) -> int | None:
        """The rank in the set, also of a standing that the set has not seen yet; None if parts of the set are gone."""
        return self.ranks_of([position])[0]

    def ranks_of(self, positions: Sequence[Position]) -> list[int | None]:
        """The same for many, in one round trip."""
        return self._ask([self.ranks, self.members, self.mark], positions) or []

    def fresh_ranks_of(self, positions: Sequence[Position]) -> list[int | None] | None:
        """The same where nothing has to be caught up with; None where something may have to be."""
        return self._ask([self.ranks, self.members, self.mark, self.fresh], positions)

    def _ask(self, keys: list[str], positions: Sequence[Position]) -> list[int | None] | None:
        arguments = [part for position in positions for part in (position.rank_key, position.member)]
        better = RANKS(keys=keys, args=arguments)
        return None if better is None else [None if count < 0 else count + 1 for count in better]

    def catch_up(self, *, may_build: bool = False) -> bool:
        """Bring the set up to date if it is older than half a second; False while there is none to ask.

        One caller at a time works on it; the others are content with what is there, if it is no older than a second.
        """
        mark, fresh = valkey().mget(self.mark, self.fresh)
        if mark is not None and fresh is not None:
            return True
        token = secrets.token_hex(8)
        if not valkey().set(self.lock, token, nx=True, px=LOCK_MS):
            return mark is not None and self._await_the_other()
        try:
            return self._catch_up(token, None if mark is None else int(mark), may_build)
        finally:
            UNLOCK(keys=[self.lock], args=[token])

    def _await_the_other(self) -> bool:
        """Whether the set, which somebody is at work on, is young enough by the time we have no more patience.

        To count takes longer than they mostly do, and slows them down; but whoever has the lock may be slow, or dead.
        """
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        # The mark lives KEPT_MS from its catch-up on.
        while int(valkey().pttl(self.mark)) <= KEPT_MS - STALE_MS:
            if time.monotonic() > give_up_at:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _catch_up(self, token: str, mark: int | None, may_build: bool) -> bool:
        # Before the rows are read: what commits in between is then read again next time, never missed.
        horizon = _oldest_running_transaction()
        limit = WORKERS_LIMIT if may_build else CATCH_UP_LIMIT
        changed = None if mark is None or mark > horizon else _changed_since(self.tournament_id, mark, limit)
        if changed is None:
            return self._build(token, horizon, may_build)
        # What a catch-up that is cut off leaves is read again by the next one, from where the mark has come to.
        moved = (self._apply(token, chunk, min(chunk.transaction, horizon)) for chunk in changed)
        return all(moved) and self._settle(token, horizon)

    def _apply(self, token: str, chunk: Chunk, mark: int) -> bool:
        keys = [self.ranks, self.members, self.lock, self.mark]
        return bool(FEED(keys=keys, args=[token, chunk.rows, LOCK_MS, mark]))

    def _settle(self, token: str, horizon: int) -> bool:
        keys = [self.ranks, self.members, self.mark, self.fresh, self.lock]
        return bool(SETTLE(keys=keys, args=[token, horizon, FRESH_MS, KEPT_MS]))

    def _build(self, token: str, horizon: int, may_build: bool) -> bool:
        """Make the set from all standings, aside, and put it in place in one step.

        One that is cut off is begun again by whoever asks next; what it left goes by itself.
        """
        if not may_build and _standings(self.tournament_id, BUILD_INLINE_LIMIT + 1) > BUILD_INLINE_LIMIT:
            # Asking once a second is enough, however many readers find no set.
            if valkey().set(self.asked, 1, nx=True, px=STALE_MS):
                celery_app.send_task("esports.tasks.build_board", [str(self.tournament_id)], expires=30)
            return False
        aside = [f"{self.ranks}:{token}", f"{self.members}:{token}"]
        if not self._feed(token, aside, _all_standings(self.tournament_id)):
            return False
        if may_build:
            horizon = self._catch_up_aside(token, aside, horizon)
        keys = [self.ranks, self.members, self.mark, self.fresh, self.lock, *aside]
        return bool(REPLACE(keys=keys, args=[token, horizon, FRESH_MS, KEPT_MS]))

    def _feed(self, token: str, aside: Sequence[str], chunks: Iterable[Chunk]) -> bool:
        """Valkey takes one chunk in while the database makes the next."""
        before: Future[Any] | None = None
        with ThreadPoolExecutor(1) as lane:
            for chunk in chunks:
                if before and not before.result():
                    return False
                before = lane.submit(FEED, keys=[*aside, self.lock], args=[token, chunk.rows, LOCK_MS])
        return before is None or bool(before.result())

    def _catch_up_aside(self, token: str, aside: Sequence[str], horizon: int) -> int:
        """What was scored while a large set was made is in it before anybody asks it; up to which transaction."""
        for _ in range(CATCH_UP_ROUNDS):
            since, horizon = horizon, _oldest_running_transaction()
            changed = _changed_since(self.tournament_id, since, WORKERS_LIMIT)
            if changed is None or not self._feed(token, aside, changed):
                return since
            # While a transaction stays open, all since then would be read again each time.
            if len(changed) <= 1 or horizon == since:
                break
        return horizon


def build_board(tournament_id: UUID) -> None:
    """Make a large board's sorted set; called by a worker, so that no reader has to wait for it."""
    if not pause.is_on():
        Board(tournament_id).catch_up(may_build=True)


def _oldest_running_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _standings(tournament_id: UUID, most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_STANDINGS, [tournament_id, most])
        return int(cursor.fetchone()[0])


def _changed_since(tournament_id: UUID, transaction: int, limit: int) -> list[Chunk] | None:
    """What changed, oldest first; None where the log tells of more than `limit` changes."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [tournament_id, transaction, limit + 1, CHUNK])
        found = cursor.fetchall()
    if any(told > limit for told, _, _ in found):
        return None
    return [Chunk(rows, youngest) for _, rows, youngest in found]


def _all_standings(tournament_id: UUID) -> Iterator[Chunk]:
    """All of a tournament's, best first. One that moves meanwhile may be missed or come twice: it has changed."""
    last: tuple[Any, ...] | None = _FIRST
    while last is not None:
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, [tournament_id, *last, CHUNK])
            rows, last = _chunk_and_key(*cursor.fetchone())
        if rows:
            yield Chunk(rows)


def _chunk_and_key(rows: str | None, count: int, *last: Any) -> tuple[str | None, tuple[Any, ...] | None]:
    return rows, last if count == CHUNK else None


# The edges come sorted: between each and the one before.
_COUNT_BETWEEN = """
SELECT (SELECT count(*) FROM esports_leaderboardrow AS stay
         WHERE stay.tournament_id = place.tournament_id
           AND (stay.rank_key, stay.reached_at, stay.joined_at, stay.id)
            >= (place.above_key, place.above_reached, place.above_joined, place.above_id)
           AND (stay.rank_key, stay.reached_at, stay.joined_at, stay.id)
             < (place.rank_key, place.reached_at, place.joined_at, place.id))
  FROM (SELECT edge.*, %s::uuid AS tournament_id,
               lag(rank_key, 1, -9223372036854775808) OVER sorted AS above_key,
               lag(reached_at, 1, '-infinity'::timestamptz) OVER sorted AS above_reached,
               lag(joined_at, 1, '-infinity'::timestamptz) OVER sorted AS above_joined,
               lag(id, 1, '00000000-0000-0000-0000-000000000000'::uuid) OVER sorted AS above_id
          FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::uuid[])
               WITH ORDINALITY AS edge (rank_key, reached_at, joined_at, id, position)
        WINDOW sorted AS (ORDER BY edge.position)) AS place
 ORDER BY place.position
"""
_COUNT_STANDINGS = """
SELECT count(*) FROM (SELECT 1 FROM esports_leaderboardrow WHERE tournament_id = %s
                        ORDER BY rank_key LIMIT %s) AS standings
"""
# As ranking.member makes it.
_MEMBER = """
lpad(to_hex((extract(epoch FROM reached_at) * 1000000)::bigint + 62135596800000000), 15, '0')
|| lpad(to_hex((extract(epoch FROM joined_at) * 1000000)::bigint + 62135596800000000), 15, '0')
|| replace(id::text, '-', '')
"""
# A gamer all of whose scores were voided has no moment: then the id alone says whose member is to go.
# Who changed several times comes once, with the last change.
_CHANGED = f"""
WITH told AS (
    SELECT changed.id, change.xid
      FROM esports_standingchange AS change CROSS JOIN unnest(change.participation_ids) AS changed (id)
     WHERE change.tournament_id = %s AND change.xid >= %s ORDER BY change.xid LIMIT %s
), changed AS (
    SELECT id, max(xid) AS xid FROM told GROUP BY id
)
SELECT (SELECT count(*) FROM told),
       string_agg(coalesce({_MEMBER}, replace(id::text, '-', '')) || ' ' || coalesce(rank_key::text, ''), ','),
       max(xid)
  FROM (SELECT stay.*, changed.xid, (row_number() OVER (ORDER BY changed.xid) - 1) / %s AS chunk
          FROM changed
         -- One look into the index for each, however many a plan for any values reckons with.
         CROSS JOIN LATERAL (SELECT id, rank_key, reached_at, joined_at FROM esports_participation AS mine
                              WHERE mine.id = changed.id LIMIT 1) AS stay) AS standing
 GROUP BY chunk ORDER BY chunk
"""
_FIRST = (-(2**63), datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), UUID(int=0))
# Best first: what is put into a sorted set in its order is put at its end.
_NEXT = f"""
SELECT string_agg({_MEMBER} || ' ' || rank_key, ','), count(*), (array_agg(rank_key))[count(*)],
       (array_agg(reached_at))[count(*)], (array_agg(joined_at))[count(*)], (array_agg(id))[count(*)]
  FROM (SELECT id, rank_key, reached_at, joined_at FROM esports_leaderboardrow
         WHERE tournament_id = %s AND (rank_key, reached_at, joined_at, id) > (%s, %s, %s, %s)
         ORDER BY rank_key, reached_at, joined_at, id LIMIT %s) AS standing
"""
