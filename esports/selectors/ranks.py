"""The rank of one gamer among a million: from a sorted set in Valkey, with PostgreSQL as the truth.

Nothing is written to Valkey when a score is. A reader who finds the set older than half a second lets it catch
up: every standing carries the id of the transaction that last changed it, the set remembers up to which
transaction it has seen everything (`pg_snapshot_xmin`), and the difference is read by an index. So the set can
be lost, restored from yesterday, or behind, and is exact again with the next catch-up. Ranks are counted in
PostgreSQL while there is no set.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from esports.ranking import member
from kgen.celery import app as celery_app
from kgen.valkey import key, pause, valkey

FRESH_MS = 500
# Older than this no set is asked, whatever keeps it from being caught up with.
STALE_MS = 1000
LOCK_MS = 10_000
KEPT_MS = 3_600_000
# More changes than this are not caught up with but built anew; more standings than that are built by a worker.
CATCH_UP_LIMIT = 20_000
BUILD_INLINE_LIMIT = 20_000
CHUNK = 5_000


@dataclass(frozen=True)
class Position:
    """What the order of a standing depends on."""

    participation_id: UUID
    rank_key: int
    reached_at: datetime
    joined_at: datetime

    @property
    def member(self) -> str:
        """The standing in the sorted set."""
        return member(self.reached_at, self.joined_at, self.participation_id)


# A participation and where it stands now, if it holds a rank at all.
Change = tuple[UUID, Position | None]


def rank_of(tournament_id: UUID, position: Position) -> int:
    """The rank of a standing, 1 the best. At most a second behind the scores of others."""
    rank = _cached_rank(tournament_id, position)
    return rank if rank is not None else counted_rank(tournament_id, position)


def counted_rank(tournament_id: UUID, position: Position) -> int:
    """The rank by PostgreSQL: one more than there are better standings. Reads them all by the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT_BETTER,
            [
                tournament_id,
                position.rank_key,
                position.reached_at,
                position.joined_at,
                position.participation_id,
            ],
        )
        return int(cursor.fetchone()[0]) + 1


def _cached_rank(tournament_id: UUID, position: Position) -> int | None:
    if pause.is_on():
        return None
    board = Board(tournament_id)
    try:
        if not board.catch_up():
            return None
        return board.rank_of(position)
    except (RedisError, BrokerError) as error:
        pause.start(error)
        return None


class Board:
    """The sorted set of one tournament and what belongs to it."""

    def __init__(self, tournament_id: UUID) -> None:
        self.tournament_id = tournament_id
        # In braces: in a cluster all keys of one board live on one node, as scripts need.
        self.ranks = key("board", f"{{{tournament_id}}}")
        self.members = f"{self.ranks}:members"
        self.mark = f"{self.ranks}:mark"
        self.fresh = f"{self.ranks}:fresh"
        self.lock = f"{self.ranks}:lock"
        self.asked = f"{self.ranks}:asked"

    def rank_of(self, position: Position) -> int | None:
        """The rank in the set, also of a standing that the set has not seen yet; None if parts of the set are gone."""
        arguments: list[str | int] = [position.rank_key, position.member, str(position.participation_id)]
        better = _RANK(keys=[self.ranks, self.members, self.mark], args=arguments)
        return None if better < 0 else better + 1

    def catch_up(self, *, may_build: bool = False) -> bool:
        """Bring the set up to date if it is older than half a second; False while there is none to ask.

        One caller at a time works on it; the others are content with what is there, if it is no older than a second.
        """
        mark, fresh = valkey().mget(self.mark, self.fresh)
        if mark is not None and fresh is not None:
            return True
        token = secrets.token_hex(8)
        if not valkey().set(self.lock, token, nx=True, px=LOCK_MS):
            # The mark lives KEPT_MS from its catch-up on. Whoever has the lock may be slow, or dead.
            return int(valkey().pttl(self.mark)) > KEPT_MS - STALE_MS
        try:
            return self._catch_up(token, None if mark is None else int(mark), may_build)
        finally:
            _UNLOCK(keys=[self.lock], args=[token])

    def _catch_up(self, token: str, mark: int | None, may_build: bool) -> bool:
        # Before the rows are read: what commits in between is then read again next time, never missed.
        horizon = _oldest_running_transaction()
        changed = [] if mark is None else _changed_since(self.tournament_id, mark)
        if mark is None or mark > horizon or len(changed) > CATCH_UP_LIMIT:
            return self._build(token, horizon, may_build)
        parts = _chunks(changed) or [[]]
        # The mark moves with the last part only: what a catch-up that is cut off leaves is read again.
        return all(self._apply(token, part, horizon if part is parts[-1] else mark) for part in parts)

    def _apply(self, token: str, changes: Sequence[Change], horizon: int) -> bool:
        keys = [self.ranks, self.members, self.mark, self.fresh, self.lock]
        return bool(_APPLY(keys=keys, args=[token, horizon, FRESH_MS, KEPT_MS, *_flat(changes)]))

    def _build(self, token: str, horizon: int, may_build: bool) -> bool:
        """Make the set from all standings, aside, and put it in place in one step."""
        if not may_build and _standings(self.tournament_id, BUILD_INLINE_LIMIT + 1) > BUILD_INLINE_LIMIT:
            # Asking once a second is enough, however many readers find no set.
            if valkey().set(self.asked, 1, nx=True, px=STALE_MS):
                celery_app.send_task("esports.tasks.build_board", [str(self.tournament_id)], expires=30)
            return False
        ranks, members = f"{self.ranks}:{token}", f"{self.members}:{token}"
        for part in _chunks(_all_positions(self.tournament_id)):
            with valkey().pipeline(transaction=False) as pipe:
                pipe.zadd(ranks, {position.member: position.rank_key for position in part})
                pipe.hset(members, mapping={str(p.participation_id): p.member for p in part})
                # They outlive the lock: it never holds for a set of which a part is gone.
                pipe.pexpire(ranks, 2 * LOCK_MS)
                pipe.pexpire(members, 2 * LOCK_MS)
                pipe.pexpire(self.lock, LOCK_MS)
                pipe.execute()
        keys = [self.ranks, self.members, self.mark, self.fresh, self.lock, ranks, members]
        return bool(_REPLACE(keys=keys, args=[token, horizon, FRESH_MS, KEPT_MS]))


def build_board(tournament_id: UUID) -> None:
    """Make a large board's sorted set; called by a worker, so that no reader has to wait for it."""
    if not pause.is_on():
        Board(tournament_id).catch_up(may_build=True)


def _flat(changes: Iterable[Change]) -> list[str | int]:
    return [part for id, p in changes for part in (str(id), p.member if p else "", p.rank_key if p else 0)]


def _chunks[T](rows: Sequence[T]) -> list[Sequence[T]]:
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]


def _oldest_running_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _standings(tournament_id: UUID, most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_STANDINGS, [tournament_id, most])
        return int(cursor.fetchone()[0])


def _changed_since(tournament_id: UUID, transaction: int) -> list[Change]:
    """Each with its position; None where it holds no rank any more."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [tournament_id, transaction, CATCH_UP_LIMIT + 1])
        return [(row[0], None if row[1] is None else Position(*row)) for row in cursor.fetchall()]


def _all_positions(tournament_id: UUID) -> list[Position]:
    with connection.cursor() as cursor:
        cursor.execute(_ALL, [tournament_id])
        return [Position(*row) for row in cursor.fetchall()]


class _Script:
    """A Lua script, registered when it is first needed."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __call__(self, *, keys: list[str], args: Sequence[str | int]) -> int:
        return int(valkey().register_script(self.source)(keys=keys, args=args))


# A standing the set has not seen is put in for a moment; the same gamer's older one then does not count.
# A set of which something was evicted or deleted loses its mark, so that it is built anew.
_RANK = _Script("""
if redis.call('HLEN', KEYS[2]) ~= redis.call('ZCARD', KEYS[1]) + 1 then
  redis.call('DEL', KEYS[3])
  return -1
end
local rank = redis.call('ZRANK', KEYS[1], ARGV[2])
if rank then return rank end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
rank = redis.call('ZRANK', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[1], ARGV[2])
local older = redis.call('HGET', KEYS[2], ARGV[3])
local before = older and redis.call('ZRANK', KEYS[1], older)
if before and before < rank then rank = rank - 1 end
return rank
""")
# The empty field tells a set of nobody from one that is gone.
_SETTLE_MARK = """
redis.call('HSET', KEYS[2], '', '')
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[4])
redis.call('SET', KEYS[4], 1, 'PX', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
"""
# Whoever lost the lock to a slower clock must not write over a newer catch-up.
_APPLY = _Script(
    """
if redis.call('GET', KEYS[5]) ~= ARGV[1] then return 0 end
for i = 5, #ARGV, 3 do
  local older = redis.call('HGET', KEYS[2], ARGV[i])
  if older and older ~= ARGV[i + 1] then redis.call('ZREM', KEYS[1], older) end
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('ZADD', KEYS[1], ARGV[i + 2], ARGV[i + 1])
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
"""
    + _SETTLE_MARK
)
_REPLACE = _Script(
    """
if redis.call('GET', KEYS[5]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
if redis.call('EXISTS', KEYS[6]) == 1 then
  redis.call('RENAME', KEYS[6], KEYS[1])
  redis.call('RENAME', KEYS[7], KEYS[2])
end
"""
    + _SETTLE_MARK
)
_UNLOCK = _Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
""")
_COUNT_BETTER = """
SELECT count(*) FROM esports_participation
 WHERE tournament_id = %s AND rank_key IS NOT NULL
   AND (rank_key, reached_at, joined_at, id) < (%s, %s, %s, %s)
"""
_COUNT_STANDINGS = """
SELECT count(*) FROM (SELECT 1 FROM esports_participation
                       WHERE tournament_id = %s AND rank_key IS NOT NULL LIMIT %s) AS standings
"""
_CHANGED = """
SELECT id, rank_key, reached_at, joined_at FROM esports_participation
 WHERE tournament_id = %s AND changed_xid >= %s LIMIT %s
"""
_ALL = """
SELECT id, rank_key, reached_at, joined_at FROM esports_participation
 WHERE tournament_id = %s AND rank_key IS NOT NULL
"""
