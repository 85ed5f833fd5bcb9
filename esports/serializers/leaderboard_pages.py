"""Pages of leaderboards for many gamers at once, as bytes: what they share is made a few times a second."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.conf import settings

from esports.selectors.around import NearbyRows, near
from esports.selectors.boards import BoardEntry, Place, ranked, standings_of, top, winners
from esports.selectors.ranks import places_of
from esports.selectors.tournaments import TournamentAt, check_visible, read_tournaments
from esports.serializers.tournaments_out import row_wire, winner_wire
from kgen.api.json import encode
from kgen.api.pagination import scope_of, sign_cursor, write_key
from kgen.api.revalidation import Beginning
from kgen.errors import DomainError

if TYPE_CHECKING:
    from users.selectors import SessionGamer


class PageRequest(NamedTuple):
    """A page of `limit` rows from the top or, with `around_me`, around the gamer. `path` names the list in cursors."""

    tournament_id: UUID
    limit: int
    around_me: bool
    path: str


class LeaderboardPage(NamedTuple):
    """A page as `LeaderboardOut`: the bytes that many gamers get, and the rest of the body."""

    beginning: Beginning
    rest: bytes
    next_cursor: str | None


def leaderboard_pages(
    requests: "Sequence[tuple[SessionGamer, PageRequest]]",
) -> list[LeaderboardPage | DomainError | None]:
    """The pages, by a fixed number of statements.

    TournamentNotFound stands for a tournament that the gamer cannot see. None stands for a page around a gamer whose
    cached rank contradicts the rows: it needs a rank by counting, as `esports.selectors.boards.leaderboard` does it.
    """
    return _PageBatch(requests).pages()


@dataclass
class _TopPage:
    """The first page, and the place of each gamer on it by user id."""

    beginning: Beginning
    places: Mapping[str, Place]
    last_key: bytes | None


@dataclass
class _CachedBoard:
    """A tournament with its first pages, kept for `BOARD_SECONDS`."""

    current: TournamentAt
    until: float
    # The bytes between a page's rows and the gamer's own place.
    middle: bytes
    tops: dict[int, _TopPage] = field(default_factory=dict)

    def top(self, limit: int) -> _TopPage:
        """The first page of `limit` rows."""
        if limit not in self.tops:
            found = top(self.current.tournament.pk, limit + 1)
            page = ranked(found[:limit], 1, 1)
            self.tops[limit] = _TopPage(
                beginning=self.beginning(encode([row_wire(row) for row in page])),
                places={row.entry.user_id: Place(row.rank, row.entry.score, row.shared_rank) for row in page},
                last_key=write_key(found[limit - 1].key) if len(found) > limit else None,
            )
        return self.tops[limit]

    def beginning(self, rows: bytes) -> Beginning:
        """`LeaderboardOut` up to the gamer's own place, in the order of the ordinary path: both give the same ETag."""
        return Beginning(b'{"leaderboard":%b%b' % (rows, self.middle))

    def rest(self, place: Place | None, cursor: str | None) -> bytes:
        """The members after the beginning."""
        me = encode(place)
        following = b'"%b"' % cursor.encode() if cursor else b"null"
        count = self.current.tournament.seats.taken
        return b'%b,"next_cursor":%b,"participants_count":%d}' % (me, following, count)


_boards: dict[UUID, _CachedBoard] = {}


def _read_boards(tournament_ids: set[UUID]) -> Mapping[UUID, _CachedBoard]:
    """The boards of the tournaments that exist."""
    now = time.monotonic()
    for stale in [id for id, board in list(_boards.items()) if board.until <= now]:
        _boards.pop(stale, None)
    found = {id: board for id in tournament_ids if (board := _boards.get(id))}
    if missing := tournament_ids - found.keys():
        until = now + settings.BOARD_SECONDS
        read = {id: _CachedBoard(current, until, _middle(current)) for id, current in read_tournaments(missing).items()}
        found |= read
        _boards.update(read)
    return found


def _middle(current: TournamentAt) -> bytes:
    listed = encode([winner_wire(winner) for winner in winners(current.tournament)])
    return b',"price_pool":%d,"winners":%b,"me":' % (current.tournament.price_pool(), listed)


class _PageBatch:
    """The pages of one batch."""

    def __init__(self, requests: "Sequence[tuple[SessionGamer, PageRequest]]") -> None:
        self.requests = requests
        self.boards = _read_boards({request.tournament_id for _, request in requests})
        self.standings = self._standings()
        self.places = self._places()
        self.near = self._near()

    def pages(self) -> list[LeaderboardPage | DomainError | None]:
        """See `leaderboard_pages`."""
        return [self._page(gamer, request) for gamer, request in self.requests]

    def _is_on_top(self, gamer: "SessionGamer", request: PageRequest) -> bool:
        """Whether the gamer gets the first page and is on it."""
        board = self.boards.get(request.tournament_id)
        return board is not None and not request.around_me and gamer.user_id in board.top(request.limit).places

    def _standings(self) -> Mapping[tuple[UUID, UUID], BoardEntry]:
        entrants = {
            (request.tournament_id, gamer.pk) for gamer, request in self.requests if not self._is_on_top(gamer, request)
        }
        return standings_of(entrants) if entrants else {}

    def _places(self) -> Mapping[UUID, Place]:
        """The places of these standings, by participation."""
        places: dict[UUID, Place] = {}
        for tournament_id in {tournament_id for tournament_id, _ in self.standings}:
            found = [standing for entrant, standing in self.standings.items() if entrant[0] == tournament_id]
            ranks = places_of(tournament_id, [standing.key for standing in found])
            for standing, (rank, shared) in zip(found, ranks, strict=True):
                places[standing.id] = Place(rank, standing.score, shared)
        return places

    def _near(self) -> Mapping[tuple[UUID, UUID, int], NearbyRows | None]:
        """The rows around gamers, by tournament, gamer and limit."""
        wanted: dict[tuple[UUID, int], list[UUID]] = {}
        for gamer, request in self.requests:
            if self._is_far_down(gamer, request):
                wanted.setdefault((request.tournament_id, request.limit), []).append(gamer.pk)
        found = {}
        for (tournament_id, limit), gamers in wanted.items():
            standings = [self.standings[tournament_id, gamer] for gamer in gamers]
            ranks = [self.places[standing.id].rank for standing in standings]
            for gamer_id, rows in zip(gamers, near(tournament_id, standings, ranks, limit), strict=True):
                found[tournament_id, gamer_id, limit] = rows
        return found

    def _is_far_down(self, gamer: "SessionGamer", request: PageRequest) -> bool:
        """Whether the page around the gamer is another than the first."""
        standing = self.standings.get((request.tournament_id, gamer.pk))
        return request.around_me and standing is not None and self.places[standing.id].rank > request.limit // 2

    def _page(self, gamer: "SessionGamer", request: PageRequest) -> LeaderboardPage | DomainError | None:
        board = self.boards.get(request.tournament_id)
        try:
            check_visible(board.current if board else None, gamer.client_id)
        except DomainError as refusal:
            return refusal
        assert board is not None
        standing = self.standings.get((request.tournament_id, gamer.pk))
        place = self.places[standing.id] if standing else None
        if self._is_far_down(gamer, request):
            rows = self.near[request.tournament_id, gamer.pk, request.limit]
            if rows is None or place is None:
                return None
            # As the page lists it: no response contradicts itself.
            place = replace(place, shared_rank=rows.shared_rank)
            beginning = board.beginning(rows.rows.encode())
            last_key = rows.last_key.encode() if rows.last_key else None
        else:
            first = board.top(request.limit)
            if request.around_me and standing and gamer.user_id not in first.places:
                return None
            beginning, last_key = first.beginning, first.last_key
            place = first.places.get(gamer.user_id, place)
        cursor = sign_cursor(scope_of(request.path, gamer.pk), last_key) if last_key else None
        return LeaderboardPage(beginning, board.rest(place, cursor), cursor)
