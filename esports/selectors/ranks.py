"""The rank of one gamer among a million: from a sorted set in Valkey, with PostgreSQL as the truth.

A score writes nothing to Valkey. A reader that finds the set older than half a second lets it catch up: a log names
the standings that each transaction changed, the set keeps the transaction up to which it has seen everything
(`pg_snapshot_xmin`), and a catch-up reads again the standings named since then. So a set that is lost, behind, or
restored from an hour ago is exact again after the next catch-up. PostgreSQL counts ranks while there is no set.
"""

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from esports.ranking import SortKey
from esports.selectors.rank_scripts import FEED, RANKS, REPLACE, SETTLE, UNLOCK
from esports.sql import SORT_KEYS, order
from kgen.arrays import arrays
from kgen.batches import complete
from kgen.celery import app as celery_app
from kgen.statements import Select
from kgen.valkey import key, pause, valkey

FRESH_MS = 500
# No reader asks a set that is older than this, whatever keeps it from catching up.
STALE_MS = 1000
LOCK_MS = 10_000
PATIENCE_SECONDS, POLL_SECONDS = 0.3, 0.01
KEPT_MS = 3_600_000
# The most changes that a reader catches up with, and standings that a reader builds a set from; more is a worker's.
CATCH_UP_LIMIT = 20_000
BUILD_INLINE_LIMIT = 20_000
# Catching up with more changes than this takes longer than building the set anew.
WORKERS_LIMIT = 20 * CATCH_UP_LIMIT
# Valkey does nothing else while it takes in one chunk: about ten milliseconds.
CHUNK = 2_000
CATCH_UP_ROUNDS = 5


class Chunk(NamedTuple):
    """Some standings as text: each its member and its rank key, which is empty where it no longer has a rank."""

    rows: str
    # The youngest transaction in it: this chunk and those before it hold everything of older ones.
    transaction: int = 0


def ranks_of(tournament_id: UUID, standings: Sequence[SortKey]) -> list[int]:
    """The ranks of standings, from 1. At most a second behind the scores of others."""
    ranks = _cached_ranks(tournament_id, standings) if standings else []
    return complete(standings, ranks, lambda missing: counted_ranks(tournament_id, missing))


def places_of(tournament_id: UUID, standings: Sequence[SortKey]) -> list[tuple[int, int]]:
    """The rank of each standing, and the rank that it shares with all of its score, in one look-up."""
    found = ranks_of(tournament_id, [*standings, *(ahead_of(standing.rank_key) for standing in standings)])
    ranks, shared = found[: len(standings)], found[len(standings) :]
    # Cached ranks may be behind, but nobody ranks ahead of the first of their score.
    return [(rank, min(rank, best)) for rank, best in zip(ranks, shared, strict=True)]


def ahead_of(rank_key: int) -> SortKey:
    """A key just ahead of every standing of one score: its rank is the one that they share."""
    return _FIRST._replace(rank_key=rank_key)


def rank_of(tournament_id: UUID, standing: SortKey) -> int:
    """The rank of one standing."""
    return ranks_of(tournament_id, [standing])[0]


def counted_rank(tournament_id: UUID, standing: SortKey) -> int:
    """The rank by PostgreSQL: one more than the number of better standings, all of which it reads by the index."""
    return counted_ranks(tournament_id, [standing])[0]


def counted_ranks(tournament_id: UUID, standings: Sequence[SortKey]) -> list[int]:
    """The ranks of many standings by PostgreSQL, which reads each better standing once."""
    if not standings:
        return []
    keys = sorted(set(standings))
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_BETWEEN, [tournament_id, *arrays(keys)])
        better = dict(zip(keys, accumulate(count for (count,) in cursor.fetchall()), strict=True))
    return [better[standing] + 1 for standing in standings]


def _cached_ranks(tournament_id: UUID, standings: Sequence[SortKey]) -> Sequence[int | None]:
    nothing = [None] * len(standings)
    if pause.is_on():
        return nothing
    board = Board(tournament_id)
    try:
        ranks = board.fresh_ranks_of(standings)
        if ranks is not None:
            return ranks
        return board.ranks_of(standings) if board.catch_up() else nothing
    except (RedisError, BrokerError) as error:
        pause.start(error)
        return nothing


class Board:
    """The sorted set of one tournament, with its other keys in Valkey."""

    def __init__(self, tournament_id: UUID) -> None:
        self.tournament_id = tournament_id
        # In braces: a cluster keeps all keys of one board on one node, as scripts need.
        self.ranks = key("ranks", f"{{{tournament_id}}}")
        self.members = f"{self.ranks}:members"
        self.mark = f"{self.ranks}:mark"
        self.fresh = f"{self.ranks}:fresh"
        self.lock = f"{self.ranks}:lock"
        self.asked = f"{self.ranks}:asked"

    def rank_of(self, standing: SortKey) -> int | None:
        """The rank in the set, even of a standing that is new to the set; None if parts of the set are gone."""
        return self.ranks_of([standing])[0]

    def ranks_of(self, standings: Sequence[SortKey]) -> list[int | None]:
        """The ranks of many standings as `rank_of` gives them, in one round trip."""
        return self._ask([self.ranks, self.members, self.mark], standings) or []

    def fresh_ranks_of(self, standings: Sequence[SortKey]) -> list[int | None] | None:
        """The ranks as `ranks_of` gives them if the set is fresh; None if it may have to catch up first."""
        return self._ask([self.ranks, self.members, self.mark, self.fresh], standings)

    def _ask(self, keys: list[str], standings: Sequence[SortKey]) -> list[int | None] | None:
        arguments = [part for standing in standings for part in (standing.rank_key, standing.member)]
        better = RANKS(keys=keys, args=arguments)
        return None if better is None else [None if count < 0 else count + 1 for count in better]

    def catch_up(self, *, may_build: bool = False) -> bool:
        """Bring the set up to date if it is older than half a second; False if there is no set to ask.

        One caller at a time works on it; the others use the set as it is, if it is no older than a second.
        """
        mark, fresh = valkey().mget(self.mark, self.fresh)
        if mark is not None and fresh is not None:
            return True
        token = secrets.token_hex(8)
        if not valkey().set(self.lock, token, nx=True, px=LOCK_MS):
            return mark is not None and self._await_catch_up()
        try:
            return self._catch_up(token, None if mark is None else int(mark), may_build)
        finally:
            UNLOCK(keys=[self.lock], args=[token])

    def _await_catch_up(self) -> bool:
        """Wait for another caller's catch-up; False if the set is still older than a second after PATIENCE_SECONDS.

        Counting mostly takes longer than a catch-up and slows it down; but the holder of the lock may be slow, or dead.
        """
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        # The mark lives for KEPT_MS after its catch-up.
        while int(valkey().pttl(self.mark)) <= KEPT_MS - STALE_MS:
            if time.monotonic() > give_up_at:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _catch_up(self, token: str, mark: int | None, may_build: bool) -> bool:
        # Before the rows are read: the next catch-up reads again what commits in between, and misses nothing.
        horizon = _oldest_running_transaction()
        limit = WORKERS_LIMIT if may_build else CATCH_UP_LIMIT
        changed = None if mark is None or mark > horizon else _changed_since(self.tournament_id, mark, limit)
        if changed is None:
            return self._build(token, horizon, may_build)
        # If a catch-up is cut off, the next one goes on from the mark.
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

        If a build is cut off, the next reader starts another one; the keys that it leaves expire.
        """
        if not may_build and _standings(self.tournament_id, BUILD_INLINE_LIMIT + 1) > BUILD_INLINE_LIMIT:
            # One request a second is enough, however many readers find no set.
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
        """Feed Valkey the chunks; it takes in one while the database makes the next. False if the lock is lost."""
        before: Future[Any] | None = None
        with ThreadPoolExecutor(1) as lane:
            for chunk in chunks:
                if before and not before.result():
                    return False
                before = lane.submit(FEED, keys=[*aside, self.lock], args=[token, chunk.rows, LOCK_MS])
        return before is None or bool(before.result())

    def _catch_up_aside(self, token: str, aside: Sequence[str], horizon: int) -> int:
        """Bring a large set up to date before anybody asks it; the transaction up to which it has seen everything."""
        for _ in range(CATCH_UP_ROUNDS):
            since, horizon = horizon, _oldest_running_transaction()
            changed = _changed_since(self.tournament_id, since, WORKERS_LIMIT)
            if changed is None or not self._feed(token, aside, changed):
                return since
            # While a transaction stays open, each round would read all changes since its start again.
            if len(changed) <= 1 or horizon == since:
                break
        return horizon


def build_board(tournament_id: UUID) -> None:
    """Make a large board's sorted set. A worker calls this, so that no reader waits for it."""
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
    """The changed standings, oldest change first; None where the log has more than `limit` changes."""
    chunks = _CHANGED.all([tournament_id, transaction, limit + 1, CHUNK])
    if any(chunk.changes > limit for chunk in chunks):
        return None
    return [Chunk(chunk.rows, chunk.youngest) for chunk in chunks]


def _all_standings(tournament_id: UUID) -> Iterator[Chunk]:
    """All standings of a tournament, best first. One that moves meanwhile may be missed or come twice: the log names
    it."""
    last = _FIRST
    while True:
        chunk = _NEXT.one([tournament_id, *last, CHUNK])
        if chunk.rows:
            yield Chunk(chunk.rows)
        if chunk.size < CHUNK:
            return
        last = SortKey(chunk.rank_key, chunk.reached_at, chunk.joined_at, chunk.id)


class _ChangedChunk(NamedTuple):
    """A chunk of changed standings; `changes` is how many the log has in all, up to the limit."""

    changes: int
    rows: str
    youngest: int


class _NextChunk(NamedTuple):
    """A chunk of a board, and the sort key of its last standing; all but `size` is NULL where it is empty."""

    rows: str | None
    size: int
    rank_key: int
    reached_at: datetime
    joined_at: datetime
    id: UUID


# The edges come sorted; each count is of the standings from the edge before up to this one.
_COUNT_BETWEEN = f"""
SELECT (SELECT count(*) FROM esports_leaderboardrow AS board
         WHERE board.tournament_id = edge.tournament_id
           AND ({order("board")}) >= (edge.above_key, edge.above_reached, edge.above_joined, edge.above_id)
           AND ({order("board")}) < ({order("edge")}))
  FROM (SELECT given.*, %s::uuid AS tournament_id,
               lag(rank_key, 1, -9223372036854775808) OVER sorted AS above_key,
               lag(reached_at, 1, '-infinity'::timestamptz) OVER sorted AS above_reached,
               lag(joined_at, 1, '-infinity'::timestamptz) OVER sorted AS above_joined,
               lag(id, 1, '00000000-0000-0000-0000-000000000000'::uuid) OVER sorted AS above_id
          FROM unnest({SORT_KEYS}) WITH ORDINALITY AS given ({order()}, number)
        WINDOW sorted AS (ORDER BY given.number)) AS edge
 ORDER BY edge.number
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
# A standing that changed several times comes once, with its last change. Where all scores were voided there is no time
# for a member: the id alone names the member that has to go.
_CHANGED = Select(
    f"""
WITH logged AS (
    SELECT changed.id, change.xid
      FROM esports_standingchange AS change CROSS JOIN unnest(change.participation_ids) AS changed (id)
     WHERE change.tournament_id = %s AND change.xid >= %s ORDER BY change.xid LIMIT %s
), changed AS (
    SELECT id, max(xid) AS xid FROM logged GROUP BY id
)
SELECT (SELECT count(*) FROM logged) AS changes,
       string_agg(coalesce({_MEMBER}, replace(id::text, '-', '')) || ' ' || coalesce(rank_key::text, ''), ',') AS rows,
       max(xid) AS youngest
  FROM (SELECT participation.*, changed.xid, (row_number() OVER (ORDER BY changed.xid) - 1) / %s AS chunk
          FROM changed
         -- One look into the index for each, however many rows a plan for any values expects.
         CROSS JOIN LATERAL (SELECT {order()} FROM esports_participation AS entry
                              WHERE entry.id = changed.id LIMIT 1) AS participation) AS standing
 GROUP BY chunk ORDER BY chunk
""",
    _ChangedChunk,
)
_FIRST = SortKey(-(2**63), datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), UUID(int=0))
# Best first: a sorted set takes standings in its own order at its end.
_NEXT = Select(
    f"""
SELECT string_agg({_MEMBER} || ' ' || rank_key, ',') AS rows, count(*) AS size,
       (array_agg(rank_key))[count(*)] AS rank_key, (array_agg(reached_at))[count(*)] AS reached_at,
       (array_agg(joined_at))[count(*)] AS joined_at, (array_agg(id))[count(*)] AS id
  FROM (SELECT {order()} FROM esports_leaderboardrow
         WHERE tournament_id = %s AND ({order()}) > (%s, %s, %s, %s)
         ORDER BY {order()} LIMIT %s) AS standing
""",
    _NextChunk,
)
