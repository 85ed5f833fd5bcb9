"""Pages and places of boards full of ties, against a board in plain Python."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esports.models import Participation
from esports.selectors.around import near
from esports.selectors.boards import standings_of
from esports.selectors.ranks import places_of
from kgen.api.json import encode
from tests.support.http import StudioCaller
from tests.support.organising import seat_many
from tests.support.ranks import board, make_stale, place, positions
from tests.support.ways import Chosen, Way

pytestmark = pytest.mark.django_db

CROWD = 9
small = st.integers(0, 2)
boards = st.lists(st.tuples(small, small, small), min_size=CROWD, max_size=CROWD)

# (user_id, score, rank, shared rank) from the best to the worst.
Line = tuple[str, int, int, int]


@pytest.fixture
def uid(studio: StudioCaller) -> str:
    """A free tournament with a crowd in it that has no scores yet."""
    made = studio.tournament(buy_in_price=0)
    seat_many(made, CROWD)
    return made


def model(uid: str) -> list[Line]:
    """The whole board, worked out here."""
    names = dict(Participation.objects.values_list("id", "gamer__user_id"))
    ordered = positions(uid)
    keys = [position.rank_key for position in ordered]
    return [
        (names[row.participation_id], -row.rank_key, rank, keys.index(row.rank_key) + 1)
        for rank, row in enumerate(ordered, start=1)
    ]


def around(lines: Sequence[Line], mine: int, limit: int) -> Sequence[Line]:
    """The page of `limit` lines around the index `mine`: moved up or down where the board ends."""
    start = max(0, min(mine - limit // 2, len(lines) - limit))
    return lines[start : start + limit]


def shown(rows: Any) -> list[Line]:
    """The lines of a page."""
    return [(row["user_id"], row["score"], row["rank"], row["shared_rank"]) for row in rows]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(boards)
def test_a_page_around_any_gamer_has_its_rows_with_their_ranks(
    studio: StudioCaller, uid: str, standings: list[tuple[int, int, int]]
) -> None:
    place(uid, standings)
    make_stale(uid)
    lines = model(uid)
    for mine, (name, score, rank, shared) in enumerate(lines):
        gamer = studio.gamer(name)
        for limit in (1, 2, 3, 4, 5, 8, 9, 10):
            for way in Way:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(Chosen, "way", way)
                    page = gamer.board(uid, f"?around=me&limit={limit}")
                assert shown(page["leaderboard"]) == around(lines, mine, limit), (way, limit)
                assert page["me"] == {"rank": rank, "score": score, "shared_rank": shared}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(boards)
def test_pages_that_begin_in_a_tie_share_its_rank(
    studio: StudioCaller, uid: str, standings: list[tuple[int, int, int]]
) -> None:
    place(uid, standings)
    make_stale(uid)
    lines = model(uid)
    path = f"/s2s/esports/tournaments/{uid}/leaderboard"
    for limit in (1, 2, 4, CROWD):
        seen: list[Line] = []
        query = f"?limit={limit}"
        while True:
            page = studio.get(path + query).ok()
            seen += shown(page["leaderboard"])
            if page["next_cursor"] is None:
                break
            query = f"?limit={limit}&cursor={page['next_cursor']}"
        assert seen == lines


def test_a_long_tie_around_a_gamer_shares_the_rank_above_the_page(studio: StudioCaller, uid: str) -> None:
    place(uid, [(0, 0, 0), *[(1, number, 0) for number in range(CROWD - 1)]])
    make_stale(uid)
    tournament, lines = UUID(uid), model(uid)
    entrants = [(tournament, gamer) for gamer in Participation.objects.values_list("gamer_id", flat=True)]
    centres = sorted(standings_of(entrants).values())
    pages = near(tournament, centres, list(range(1, CROWD + 1)), 4)
    assert pages[:2] == [None, None]
    for mine, page in enumerate(pages[2:], start=2):
        assert page is not None
        assert page.shared_rank == 2
        wanted = around(lines, mine, 4)
        assert f'"rank":{wanted[0][2]},"shared_rank":{wanted[0][3]},' in page.rows
        assert page.rows.count('"shared_rank":2,') == sum(line[3] == 2 for line in wanted)


def test_a_shared_rank_costs_one_look_up_with_the_rank(uid: str) -> None:
    place(uid, [(number // 4, number, 0) for number in range(CROWD)])
    ordered = positions(uid)
    expected = [(number + 1, number // 4 * 4 + 1) for number in range(CROWD)]
    assert places_of(UUID(uid), ordered) == expected
    assert board(uid).catch_up() is True
    assert places_of(UUID(uid), ordered) == expected
    assert encode(places_of(UUID(uid), [])) == b"[]"
