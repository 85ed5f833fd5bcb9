"""Ranks from Valkey equal ranks from PostgreSQL, whatever happens to either: ties, changes, losses, absence."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis import Redis

from esports import tasks
from esports.models import Participation
from esports.ranking import MAX_SCORE
from esports.selectors import ranks
from esports.selectors.ranks import counted_rank, rank_of
from kgen.celery import app as celery_app
from kgen.valkey import pause, valkey
from tests.support.http import StudioCaller
from tests.support.organising import seat_many
from tests.support.ranks import board, builds_asked_for, check_ranks, make_stale, place, positions, write_rows

pytestmark = pytest.mark.django_db

CROWD = 12
small = st.integers(0, 2)
keys = st.one_of(small, small, st.sampled_from([MAX_SCORE, -MAX_SCORE]))
standings = st.lists(st.tuples(keys, small, small), min_size=1, max_size=CROWD)


@pytest.fixture
def uid(studio: StudioCaller) -> str:
    """A free tournament with a crowd in it that has no scores yet."""
    made = studio.tournament(buy_in_price=0)
    seat_many(made, CROWD)
    return made


@pytest.fixture
def dead_valkey(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Valkey whose socket is there no more."""
    monkeypatch.setattr(settings, "REDIS_URL", "unix:///nonexistent/valkey.sock")
    valkey.cache_clear()
    yield
    valkey.cache_clear()
    pause.until = 0.0


def clear(uid: str) -> None:
    """No standings, and no set."""
    Participation.objects.filter(tournament=uid).update(score=None, rank_key=None, reached_at=None)
    write_rows(uid)
    for key in valkey().keys(f"{board(uid).ranks}*"):
        valkey().delete(key)


# --- Standings of all kinds, and their changes


@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(standings, min_size=1, max_size=4))
def test_ranks_equal_the_order_after_any_changes(uid: str, changes: list[list[tuple[int, int, int]]]) -> None:
    clear(uid)
    scored = 0
    for change in changes:
        place(uid, change)
        make_stale(uid)
        scored = max(scored, len(change))
        assert check_ranks(uid) == scored


def test_a_new_standing_has_its_rank_before_the_set_has_it(uid: str) -> None:
    place(uid, [(second, 0, 0) for second in range(CROWD)])
    check_ranks(uid)
    # The set is fresh, so nothing is read again; each gamer in turn takes another place all the same.
    for index, key in [(5, -1), (0, 20), (11, 3), (5, 4)]:
        current = {position.participation_id: position for position in positions(uid)}
        participation = sorted(current)[index]
        seen = valkey().zcard(board(uid).ranks)
        Participation.objects.filter(pk=participation).update(
            rank_key=key, reached_at=current[participation].reached_at.replace(day=2)
        )
        write_rows(uid)
        mine = next(position for position in positions(uid) if position.participation_id == participation)
        assert rank_of(UUID(uid), mine) == counted_rank(UUID(uid), mine)
        assert valkey().zcard(board(uid).ranks) == seen
        Participation.objects.filter(pk=participation).update(
            rank_key=current[participation].rank_key, reached_at=current[participation].reached_at
        )
        write_rows(uid)
    check_ranks(uid)


def test_an_empty_board_does_not_count_as_lost(uid: str) -> None:
    assert board(uid).catch_up() is True
    place(uid, [(1, 1, 1)])
    (only,) = positions(uid)
    assert board(uid).rank_of(only) == 1
    make_stale(uid)
    check_ranks(uid)


def test_a_score_is_on_the_board_and_in_the_ranks_within_a_second(studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=0)
    ann, bob = studio.gamer("ann"), studio.gamer("bob")
    for gamer in (ann, bob):
        gamer.join(uid, 0).ok()
    for value, rank in ((5, 2), (15, 1)):
        bob.score(uid, 10).ok()
        ann.score(uid, value).ok()
        scored = time.monotonic()
        assert {row["user_id"]: row["score"] for row in bob.board(uid)["leaderboard"]} == {"ann": value, "bob": 10}
        asked, seen = scored, 0
        while seen != 3 - rank:
            # No question that is asked a second later gets the old answer.
            assert asked - scored < 1
            asked = time.monotonic()
            # Of both gamers bob's place alone is shown: it is not counted off the page.
            seen = bob.board(uid, "?around=me&limit=1")["me"]["rank"]


# --- What is lost or old in Valkey


@pytest.mark.parametrize(
    "lost", [["ranks"], ["members"], ["mark"], ["ranks", "members"], ["fresh"], ["ranks", "members", "mark", "fresh"]]
)
def test_a_set_with_lost_keys_is_not_used_and_is_rebuilt(uid: str, lost: list[str]) -> None:
    place(uid, [(second % 4, second % 3, 0) for second in range(CROWD)])
    check_ranks(uid)
    assert valkey().delete(*[getattr(board(uid), name) for name in lost]) >= len(set(lost) - {"fresh"})
    assert check_ranks(uid, cached=False) == CROWD
    # By now it has been asked for and made.
    assert check_ranks(uid) == CROWD


def test_a_set_with_lost_members_is_rebuilt(uid: str) -> None:
    place(uid, [(second, 0, 0) for second in range(CROWD)])
    check_ranks(uid)
    valkey().zpopmin(board(uid).ranks, 3)
    check_ranks(uid, cached=False)
    check_ranks(uid)


def test_an_older_copy_of_the_set_is_caught_up(uid: str) -> None:
    place(uid, [(second % 4, 0, second) for second in range(CROWD)])
    check_ranks(uid)
    names = [board(uid).ranks, board(uid).members, board(uid).mark]
    binary = Redis.from_url(settings.REDIS_URL)  # a dump is no text
    copies = {name: binary.dump(name) for name in names}
    place(uid, [(9 - second % 5, 1, second) for second in range(CROWD - 3)])
    make_stale(uid)
    check_ranks(uid)
    for name, copy in copies.items():
        binary.restore(name, 60_000, copy, replace=True)
    make_stale(uid)
    assert check_ranks(uid) == CROWD


def test_a_set_newer_than_a_restored_database_is_rebuilt(uid: str) -> None:
    place(uid, [(1, 0, 0), (2, 0, 0)])
    check_ranks(uid)
    # The set has seen transactions that this database has not come to yet, and standings that it does not hold.
    valkey().set(board(uid).mark, 2**62, px=ranks.KEPT_MS)
    valkey().zadd(board(uid).ranks, {"0" * 62: -5})
    valkey().hset(board(uid).members, "gone", "0" * 62)
    make_stale(uid)
    assert check_ranks(uid) == 2


def test_a_worker_that_died_with_the_lock_delays_no_other(uid: str) -> None:
    place(uid, [(1, 0, 0), (2, 0, 0), (3, 0, 0)])
    check_ranks(uid)
    place(uid, [(3, 1, 0), (1, 1, 0), (2, 1, 0)])
    make_stale(uid)
    valkey().set(board(uid).lock, "somebody else's", px=ranks.LOCK_MS)
    valkey().pexpire(board(uid).mark, ranks.KEPT_MS - ranks.STALE_MS - 1)
    assert check_ranks(uid, cached=False) == 3
    valkey().delete(board(uid).lock)
    check_ranks(uid)


def test_a_second_worker_waits_for_the_first(uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "PATIENCE_SECONDS", 30)
    place(uid, [(1, 0, 0), (2, 0, 0)])
    check_ranks(uid)
    make_stale(uid)
    valkey().set(board(uid).lock, "somebody else's", px=ranks.LOCK_MS)
    valkey().pexpire(board(uid).mark, ranks.KEPT_MS - ranks.STALE_MS - 1)
    with ThreadPoolExecutor(1) as pool:
        # It asks Valkey alone, whose keys no transaction hides.
        second = pool.submit(board(uid).catch_up)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.2)
        valkey().pexpire(board(uid).mark, ranks.KEPT_MS)
        assert second.result(timeout=10) is True


def test_a_second_worker_takes_a_set_of_the_last_second(uid: str) -> None:
    place(uid, [(1, 0, 0), (2, 0, 0)])
    check_ranks(uid)
    make_stale(uid)
    valkey().pexpire(board(uid).mark, ranks.KEPT_MS)
    valkey().set(board(uid).lock, "somebody else's", px=ranks.LOCK_MS)
    assert board(uid).catch_up() is True
    assert valkey().get(board(uid).lock) == "somebody else's"


# --- Large boards


def test_a_worker_builds_a_large_board_and_ranks_are_counted_until_then(
    uid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "BUILD_INLINE_LIMIT", CROWD - 1)
    monkeypatch.setattr(ranks, "CHUNK", 5)
    place(uid, [(second % 5, 0, second) for second in range(CROWD)])
    first, *others = positions(uid)
    rank_of(UUID(uid), first)
    valkey().persist(board(uid).asked)  # the second in which nobody asks again
    for reader in others:
        rank_of(UUID(uid), reader)
    assert builds_asked_for(uid) == 1
    assert check_ranks(uid, cached=False) == CROWD
    assert not valkey().exists(board(uid).ranks, board(uid).mark)
    tasks.build_board(uid)
    assert check_ranks(uid) == CROWD
    assert builds_asked_for(uid) == 0
    # From now on it is caught up with in passing.
    place(uid, [(second % 3, 7, second) for second in range(CROWD)])
    make_stale(uid)
    assert check_ranks(uid) == CROWD
    kept = {board(uid).ranks, board(uid).members, board(uid).mark, board(uid).fresh, board(uid).asked}
    assert set(valkey().keys(f"{board(uid).ranks}*")) <= kept


def test_too_many_changes_for_a_catch_up_rebuild_the_set(uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place(uid, [(second, 0, 0) for second in range(CROWD)])
    check_ranks(uid)
    monkeypatch.setattr(ranks, "CATCH_UP_LIMIT", 3)
    place(uid, [(-second, 1, 0) for second in range(CROWD)])
    make_stale(uid)
    assert check_ranks(uid) == CROWD


def test_a_set_is_built_and_caught_up_in_chunks_of_any_size(uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for chunk in (1, 2, 5, CROWD - 1, CROWD, CROWD + 1):
        monkeypatch.setattr(ranks, "CHUNK", chunk)
        clear(uid)
        place(uid, [(second % 3, second % 2, second) for second in range(CROWD)])
        assert check_ranks(uid) == CROWD
        place(uid, [(second % 4, 0, second) for second in range(CROWD - 2)])
        make_stale(uid)
        assert check_ranks(uid) == CROWD


def test_a_score_that_arrives_while_a_set_is_made_is_in_the_set(uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "CHUNK", 3)
    place(uid, [(second, 0, 0) for second in range(CROWD)])
    standings = ranks._all_standings

    def read_while_they_move(tournament_id: UUID) -> Iterator[ranks.Chunk]:
        for number, chunk in enumerate(standings(tournament_id)):
            yield chunk
            # Some come twice, some are missed: to the front of what was read, and to the end of what was not.
            place(uid, [((-1) ** (second + number) * 20 * second, 1, 0) for second in range(CROWD)])

    monkeypatch.setattr(ranks, "_all_standings", read_while_they_move)
    assert board(uid).catch_up(may_build=True) is True
    ordered = positions(uid)
    assert [board(uid).rank_of(position) for position in ordered] == list(range(1, CROWD + 1))
    assert valkey().zcard(board(uid).ranks) == CROWD


def test_an_interrupted_build_leaves_no_usable_set(uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "CHUNK", 3)
    place(uid, [(second, 0, 0) for second in range(CROWD)])
    standings = ranks._all_standings

    def ends_early(tournament_id: UUID) -> Iterator[ranks.Chunk]:
        yield next(standings(tournament_id))
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ranks, "_all_standings", ends_early)
        with pytest.raises(SystemExit):
            board(uid).catch_up()
    assert not valkey().exists(board(uid).ranks, board(uid).mark, board(uid).lock)
    # What was made aside goes by itself.
    aside = [key for key in valkey().keys(f"{board(uid).ranks}*") if key != board(uid).asked]
    assert aside
    assert all(0 < int(valkey().pttl(key)) <= 2 * ranks.LOCK_MS for key in aside)
    assert check_ranks(uid) == CROWD


def test_a_catch_up_advances_its_mark_with_each_chunk(uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place(uid, [(second, 0, 0) for second in range(CROWD)])
    check_ranks(uid)
    before = int(valkey().get(board(uid).mark) or 0)
    place(uid, [(second, 1, 0) for second in range(CROWD)])
    make_stale(uid)
    monkeypatch.setattr(ranks, "CHUNK", 5)
    marks: list[int] = []
    applied = ranks.Board._apply

    def note(self: ranks.Board, token: str, chunk: ranks.Chunk, mark: int) -> bool:
        done = applied(self, token, chunk, mark)
        marks.append(int(valkey().get(self.mark) or 0))
        return done

    monkeypatch.setattr(ranks.Board, "_apply", note)
    assert check_ranks(uid) == CROWD
    assert marks == sorted(marks)
    assert len(marks) >= CROWD // 5
    assert marks[0] >= before


def test_many_ranks_are_counted_in_one_query(uid: str) -> None:
    place(uid, [(second % 3, second % 2, second) for second in range(CROWD)])
    ordered = positions(uid)
    mixed = [*ordered[::-1], ordered[3], ordered[0]]
    assert ranks.counted_ranks(UUID(uid), mixed) == [*range(CROWD, 0, -1), 4, 1]
    assert ranks.counted_ranks(UUID(uid), []) == []


def test_a_worker_builds_no_board_without_valkey(uid: str, dead_valkey: None) -> None:
    place(uid, [(1, 0, 0)])
    pause.start(ConnectionError())
    tasks.build_board(uid)
    assert check_ranks(uid, cached=False) == 1


# --- Without Valkey


def test_ranks_are_counted_in_postgresql_without_valkey(studio: StudioCaller, uid: str, dead_valkey: None) -> None:
    place(uid, [(second % 4, second % 3, 0) for second in range(CROWD)])
    assert check_ranks(uid, cached=False) == CROWD
    assert pause.is_on()
    ordered = positions(uid)
    names = dict(Participation.objects.values_list("id", "gamer__user_id"))
    for rank, position in list(enumerate(ordered, start=1))[::4]:
        gamer = studio.gamer(names[position.participation_id])
        pause.until = 0.0
        for query in ("?around=me&limit=1", "?limit=1", "?around=me", ""):
            assert gamer.board(uid, query)["me"]["rank"] == rank


def test_a_broker_outage_while_sending_the_hint_does_not_fail_the_read(
    uid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranks, "BUILD_INLINE_LIMIT", 0)
    place(uid, [(2, 0, 0), (1, 0, 0)])
    # Valkey is there for the ranks, and is not when the message is sent.
    monkeypatch.setattr(celery_app, "_pool", None)
    monkeypatch.setattr(celery_app.amqp, "_producer_pool", None)
    monkeypatch.setitem(celery_app.conf, "broker_write_url", "redis+socket:///nonexistent/valkey.sock")
    assert check_ranks(uid, cached=False) == 2
    assert pause.is_on()
    pause.until = 0.0
