"""Leaderboards: the top is made a few times a second for everybody, each caller's own place is added to it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.conf import settings

from esports.fast_path.paths import tournament_of_path
from esports.selectors.around import NearbyRows
from esports.selectors.around import near as places_near
from esports.selectors.boards import BoardEntry, standings_of, top, winners
from esports.selectors.ranks import ranks_of
from esports.selectors.tournaments import TournamentAt, check_visible, read_tournaments
from esports.serializers.tournaments_out import row_wire, winner_wire
from esports.views.gamer import LeaderboardViewSet, TournamentViewSet
from kgen.api.json import encode
from kgen.api.pagination import next_page, scope_of, sign_cursor, write_key
from kgen.api.revalidation import Beginning, revalidated
from kgen.errors import DomainError
from kgen.fast_path import FastRequest, FastResponse, NotFastPath, fast_path

if TYPE_CHECKING:
    from users.selectors import SessionGamer

LARGEST_PAGE = 1000


class BoardRequest(NamedTuple):
    """A page of a board, the first one or the one about the caller."""

    tournament_id: UUID
    limit: int
    around_me: bool
    path: str
    query: str
    known: str | None


class BoardAnswer(NamedTuple):
    """An answer, still without its headers."""

    asked: BoardRequest
    beginning: Beginning
    rest: bytes
    next_cursor: str | None


def _prepare(call: FastRequest, uid: str) -> BoardRequest:
    given = call.parameters()
    limit, about = given.pop("limit", "100"), given.pop("around", None)
    if given or about not in (None, "me") or not (limit.isascii() and limit.isdigit() and len(limit) <= 4):
        raise NotFastPath
    if not 1 <= int(limit) <= LARGEST_PAGE:
        raise NotFastPath
    known = call.header(b"if-none-match")
    return BoardRequest(
        tournament_of_path(uid), int(limit), about == "me", call.path, call.query.decode("latin-1"), known
    )


@dataclass
class TopPage:
    """The first page, as bytes, and who is on it."""

    beginning: Beginning
    places: Mapping[str, tuple[int, int]]
    last_key: bytes | None


@dataclass
class CachedBoard:
    """A tournament as everybody sees it for a moment."""

    current: TournamentAt
    until: float
    # Between a page's rows and what is the caller's own.
    middle: bytes
    tops: dict[int, TopPage] = field(default_factory=dict)

    def top(self, limit: int) -> TopPage:
        """Its first page."""
        if limit not in self.tops:
            found = top(self.current.tournament.pk, limit + 1)
            page = list(enumerate(found[:limit], start=1))
            self.tops[limit] = TopPage(
                beginning=_begin(encode([row_wire(rank, row) for rank, row in page]), self),
                places={row.user_id: (rank, row.score) for rank, row in page},
                last_key=write_key(found[limit - 1].key) if len(found) > limit else None,
            )
        return self.tops[limit]


_shown: dict[UUID, CachedBoard] = {}


def _show(tournament_ids: set[UUID]) -> Mapping[UUID, CachedBoard]:
    """Those of the tournaments that there are."""
    now = time.monotonic()
    for stale in [known for known, shown in list(_shown.items()) if shown.until <= now]:
        _shown.pop(stale, None)
    found = {known: shown for known in tournament_ids if (shown := _shown.get(known))}
    if missing := tournament_ids - found.keys():
        made = {
            known: _make(current, now + settings.BOARD_SECONDS) for known, current in read_tournaments(missing).items()
        }
        found |= made
        _shown.update(made)
    return found


def _make(current: TournamentAt, until: float) -> CachedBoard:
    listed = encode([winner_wire(winner) for winner in winners(current.tournament)])
    return CachedBoard(
        current, until, b',"price_pool":%d,"winners":%b,"me":' % (current.tournament.price_pool(), listed)
    )


class LeaderboardBatch:
    """The boards that some callers ask for, made together."""

    def __init__(self, visits: "Sequence[tuple[SessionGamer, BoardRequest]]") -> None:
        self.visits = visits
        self.shown = _show({asked.tournament_id for _, asked in visits})
        self.mine = self._standings()
        self.ranks = self._ranks()
        self.near = self._near()

    def pages(self) -> list[BoardAnswer | Exception]:
        """For each caller the page, or why there is none."""
        return [self._page(player, asked) for player, asked in self.visits]

    def _place_on_top(self, player: "SessionGamer", asked: BoardRequest) -> tuple[int, int] | None:
        shown = self.shown.get(asked.tournament_id)
        return None if shown is None or asked.around_me else shown.top(asked.limit).places.get(player.user_id)

    def _standings(self) -> Mapping[tuple[UUID, UUID], BoardEntry]:
        places = {
            (asked.tournament_id, player.pk)
            for player, asked in self.visits
            if self._place_on_top(player, asked) is None
        }
        return standings_of(places) if places else {}

    def _ranks(self) -> Mapping[UUID, int]:
        """The ranks of those who are not on the page that they see."""
        ranks: dict[UUID, int] = {}
        for tournament_id in {tournament_id for tournament_id, _ in self.mine}:
            found = [standing for place, standing in self.mine.items() if place[0] == tournament_id]
            keys = [standing.key for standing in found]
            ranks |= dict(zip((row.id for row in found), ranks_of(tournament_id, keys), strict=True))
        return ranks

    def _near(self) -> Mapping[tuple[UUID, UUID, int], NearbyRows | None]:
        wanted: dict[tuple[UUID, int], list[UUID]] = {}
        for player, asked in self.visits:
            if self._is_far_down(player, asked):
                wanted.setdefault((asked.tournament_id, asked.limit), []).append(player.pk)
        near = {}
        for (tournament_id, limit), gamers in wanted.items():
            mine = [self.mine[tournament_id, gamer] for gamer in gamers]
            ranks = [self.ranks[standing.id] for standing in mine]
            for gamer, found in zip(gamers, places_near(tournament_id, mine, ranks, limit), strict=True):
                near[tournament_id, gamer, limit] = found
        return near

    def _is_far_down(self, player: "SessionGamer", asked: BoardRequest) -> bool:
        """Whether the page about the caller is another one than the first."""
        mine = self.mine.get((asked.tournament_id, player.pk))
        return asked.around_me and mine is not None and self.ranks[mine.id] > asked.limit // 2

    def _page(self, player: "SessionGamer", asked: BoardRequest) -> BoardAnswer | Exception:
        shown = self.shown.get(asked.tournament_id)
        try:
            check_visible(shown.current if shown else None, player.client_id)
        except DomainError as refusal:
            return refusal
        assert shown is not None
        mine = self.mine.get((asked.tournament_id, player.pk))
        place = (self.ranks[mine.id], mine.score) if mine else None
        if self._is_far_down(player, asked):
            near = self.near[asked.tournament_id, player.pk, asked.limit]
            if near is None:
                # The rank is behind what is seen on the page: it has to be counted.
                return NotFastPath()
            beginning, last_key = _begin(near.rows.encode(), shown), near.last_key.encode() if near.last_key else None
        else:
            board = shown.top(asked.limit)
            if asked.around_me and mine and player.user_id not in board.places:
                return NotFastPath()
            beginning, last_key = board.beginning, board.last_key
            place = board.places.get(player.user_id, place)
        cursor = sign_cursor(scope_of(asked.path, player.pk), last_key) if last_key else None
        return BoardAnswer(asked, beginning, _rest(shown, place, cursor), cursor)


def _begin(rows: bytes, shown: CachedBoard) -> Beginning:
    """`LeaderboardOut`, in the order of the ordinary path: whoever holds its answer has this one's tag too."""
    return Beginning(b'{"leaderboard":%b%b' % (rows, shown.middle))


def _rest(shown: CachedBoard, place: tuple[int, int] | None, cursor: str | None) -> bytes:
    """What comes after it: the caller's own."""
    me = b'{"rank":%d,"score":%d}' % place if place else b"null"
    following = b'"%b"' % cursor.encode() if cursor else b"null"
    count = shown.current.tournament.seats.taken
    return b'%b,"next_cursor":%b,"participants_count":%d}' % (me, following, count)


def _render(player: "SessionGamer", page: BoardAnswer) -> FastResponse:
    status, body, headers = revalidated(page.rest, page.asked.known, after=page.beginning)
    if page.next_cursor is not None:
        query = f"{page.asked.query}&" if page.asked.query else ""
        headers |= next_page(page.asked.path, f"{query}cursor={page.next_cursor}", page.next_cursor)
    return FastResponse(body, status, headers)


for viewset in (TournamentViewSet, LeaderboardViewSet):
    fast_path(
        viewset, "leaderboard", prepare=_prepare, work=lambda visits: LeaderboardBatch(visits).pages(), render=_render
    )
