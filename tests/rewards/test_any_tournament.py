"""Whatever the field, the table and the scores: every unit that came in goes out once, to whom the pure rules say."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from uuid import UUID

import pytest
from django.db.models import F
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from esports import prizes
from esports.models import Participation
from esports.prizes import DEFAULT_TABLE, Allocation, FixedBand, MultipleBand, PrizeBands, ShareBand
from esports.selectors.tournaments import read_tournament
from rewards.models import Reward, Settlement
from rewards.selectors import settlement_differences, settlement_preview
from rewards.services.settling import settle_due, settle_tournament
from tests.support.clock import end
from tests.support.factories import ClientFactory
from tests.support.http import StudioCaller
from tests.support.money import prove
from tests.support.organising import allow_sponsorship, at, escrow, seat_many, sponsor
from tests.support.refereeing import disqualify, reinstate, void
from tests.support.tables import buy_ins, tables

pytestmark = pytest.mark.django_db

BATCHES = 3


@dataclass(frozen=True)
class Game:
    """A tournament and its players: player n has scores[n], or none, and joins and posts when its turn comes."""

    table: PrizeBands
    buy_in: int
    sponsorship: int
    tie_rule: prizes.TieRule
    score_order: str
    scores: list[int | None]
    # Players in the order of their joining, and the batch in which each posts.
    joining: list[int]
    batches: list[int]
    spare_seats: int = 0
    # What the referee then decides: whose score is void, who is disqualified, and whether it is after the end.
    voided: frozenset[int] = frozenset()
    disqualified: frozenset[int] = frozenset()
    is_ruled_late: bool = False

    @property
    def solvent_sponsorship(self) -> int:
        """The sponsorship, as much raised as no field from the minimum to the size may overdraw."""
        terms = {"buy_in": self.buy_in, "sponsorship": self.sponsorship}
        fields = range(3, len(self.scores) + self.spare_seats + 1)
        return self.sponsorship + max(
            0,
            *(prizes.total(self.table, field_size=n, **terms) - n * self.buy_in - self.sponsorship for n in fields),
        )

    @property
    def is_paying(self) -> bool:
        """Whether the table pays anybody at this field."""
        terms = {"field_size": len(self.scores), "buy_in": self.buy_in, "sponsorship": self.solvent_sponsorship}
        return prizes.pays_anybody(self.table, **terms)

    def ranking(self) -> list[int]:
        """The players who are ranked, best first: by score, then who posted first, then who joined first."""
        sign = 1 if self.score_order == "asc" else -1
        out = self.voided | self.disqualified
        scored = [(sign * score, n) for n, score in enumerate(self.scores) if score is not None and n not in out]
        return [n for *_, n in sorted((key, self.batches[n], self.joining.index(n), n) for key, n in scored)]

    def allocation(self) -> Allocation:
        """What the pure rules give to whom."""
        return prizes.allocate(
            self.table,
            field_size=len(self.scores),
            buy_in=self.buy_in,
            sponsorship=self.solvent_sponsorship,
            scores=[self.scores[n] or 0 for n in self.ranking()],
            tie_rule=self.tie_rule,
        )


@dataclass
class Played:
    """How a game ended: each ranked player's rank and prize, and the record; None if the product cancelled it."""

    settlement: Settlement | None
    places: dict[int, tuple[int, int]] = field(default_factory=dict)


@st.composite
def games(draw: st.DrawFn) -> Game:
    """Many ties, and some without a score, or ruled out; at least one, the last, holds a rank."""
    size = draw(st.integers(3, 25))
    table, buy_in = draw(tables | st.just(DEFAULT_TABLE)), draw(buy_ins)
    scores = draw(st.lists(st.none() | st.integers(-2, 2), min_size=size - 1, max_size=size - 1))
    sponsorship = draw(st.sampled_from([0, 1, 97, 500]))
    return Game(
        table=table,
        # A free tournament that can pay nobody is refused when it is made.
        buy_in=max(buy_in, 1) if prizes.pays_nobody(table, buy_in=buy_in, sponsorship=sponsorship) else buy_in,
        sponsorship=sponsorship,
        tie_rule=draw(st.sampled_from(["first_to_reach", "split"])),
        score_order=draw(st.sampled_from(["desc", "asc"])),
        scores=[*scores, draw(st.integers(-2, 2))],
        joining=draw(st.permutations(range(size))),
        batches=draw(st.lists(st.integers(0, BATCHES - 1), min_size=size, max_size=size)),
        spare_seats=draw(st.integers(0, 5)),
        voided=draw(st.frozensets(st.integers(0, size - 2), max_size=3)),
        disqualified=draw(st.frozensets(st.integers(0, size - 2), max_size=3)),
        is_ruled_late=draw(st.booleans()),
    )


def rule(game: Game, uid: str, names: dict[int, str]) -> None:
    """What the referee decides; who is disqualified and reinstated is not disqualified."""
    for n in game.voided:
        if game.scores[n] is not None:
            void(uid, names[n])
    for n in game.disqualified:
        disqualify(uid, names[n])
    last = max(names)
    if game.disqualified and len(game.ranking()) > 1 and not game.is_ruled_late:
        disqualify(uid, names[last])
        reinstate(uid, names[last])


def play(game: Game) -> Played:
    """Play it in a game of its own, end it, and let the product settle it."""
    studio = StudioCaller.of(ClientFactory())
    allow_sponsorship(studio, 10**9)
    sponsorship = game.solvent_sponsorship
    uid = studio.tournament(
        buy_in_price=game.buy_in,
        tournament_size=len(game.scores) + game.spare_seats,
        sponsored_amount=sponsorship,
        prize_table=prizes.to_wire(game.table),
        tie_rule=game.tie_rule,
        score_order=game.score_order,
    )
    names = dict(enumerate(seat_many(uid, len(game.scores))))
    for turn, n in enumerate(game.joining):
        # Another order than that of the ids, and all before the first score.
        earlier = timedelta(seconds=len(names) - turn)
        Participation.objects.filter(gamer__user_id=names[n], tournament=uid).update(joined_at=F("joined_at") - earlier)
    for batch in range(BATCHES):
        posted = [n for n, score in enumerate(game.scores) if score is not None and game.batches[n] == batch]
        rows = [{"user_id": names[n], "value": game.scores[n]} for n in posted]
        if rows:
            said = studio.post(at(uid, "/scores"), {"scores": rows}).ok()["results"]
            assert {row["status"] for row in said} == {"accepted"}
    if not game.is_ruled_late:
        rule(game, uid, names)
    end(uid)
    # Where the table pays nobody the end has cancelled it, and nothing is left to rule.
    if game.is_ruled_late and game.is_paying:
        rule(game, uid, names)
    came_in = len(game.scores) * game.buy_in + sponsorship
    assert (escrow(uid), sponsor(studio)) == (came_in, -sponsorship)
    seen = read_tournament(UUID(uid))
    assert seen is not None
    foreseen = settlement_preview(seen).results
    settlement = settle_tournament(tournament_id=UUID(uid))
    assert (foreseen and foreseen.fingerprint()) == (settlement and settlement.sha256)
    assert settle_due() == 0
    if settlement is None:
        assert escrow(uid) == came_in
        return Played(None)
    assert settlement.prizes + settlement.to_house + settlement.to_sponsor == came_in
    assert (escrow(uid), sponsor(studio)) == (0, settlement.to_sponsor - sponsorship)
    stored = Settlement.objects.select_related("tournament__seats").get(pk=settlement.pk)
    assert settlement_differences(stored) == []
    out = Participation.objects.filter(gamer__user_id__in=[names[n] for n in game.disqualified], tournament=uid)
    assert stored.inputs.get("disqualified", []) == sorted(str(id) for id in out.values_list("id", flat=True))
    rewards = Reward.objects.filter(tournament=uid).values_list("gamer__user_id", "rank", "amount")
    won = {name: (rank, amount) for name, rank, amount in rewards}
    results = studio.get(at(uid, "/results")).ok()
    players = {name: n for n, name in names.items()}
    assert {row["user_id"]: (row["rank"], row["reward"]) for row in results if row["reward"]} == won
    return Played(settlement, {players[row["user_id"]]: (row["rank"], row["reward"]) for row in results})


def check_against_the_rules(game: Game, played: Played) -> None:
    """Who got which rank and prize, the house and the sponsor: as the pure rules say."""
    assert (played.settlement is not None) == game.is_paying
    if played.settlement is None:
        return
    fair = game.allocation()
    expected = {n: (rank, prize) for rank, (n, prize) in enumerate(zip(game.ranking(), fair.prizes, strict=True), 1)}
    assert played.places == expected
    record = played.settlement
    assert (record.prizes, record.to_house, record.to_sponsor) == (sum(fair.prizes), fair.to_house, fair.to_sponsor)
    assert (record.ranked, record.winners) == (len(fair.prizes), sum(prize > 0 for prize in fair.prizes))


def check_same_but_for_ties(game: Game, first: Played, second: Played) -> None:
    """Another order of arrival gave each score the same ranks and prizes; only equals may have changed places."""
    assert (first.settlement is None) == (second.settlement is None)

    def by_score(played: Played) -> dict[int | None, list[tuple[int, int]]]:
        placed = sorted(played.places, key=lambda n: game.scores[n] or 0)
        return {
            score: sorted(played.places[n] for n in tied) for score, tied in groupby(placed, game.scores.__getitem__)
        }

    assert by_score(first) == by_score(second)
    if game.tie_rule == "split":
        assert all(abs(first.places[n][1] - second.places[n][1]) <= 1 for n in first.places)


# Of eight a tenth is nobody: the product cancels.
TENTH = PrizeBands("multiples", (MultipleBand(1_000, 60_000),))
HALF = PrizeBands("multiples", (MultipleBand(5_000, 15_000),))
FIXED = PrizeBands("fixed", (FixedBand(1, 1, 59), FixedBand(2, 4, 7)))
SHARES = PrizeBands("shares", (ShareBand(1, 2, 6_667), ShareBand(3, 3, 3_333)))
EIGHT: list[int | None] = [1, 1, 1, 0, 0, None, 1, 2]
IN_ORDER, SPREAD = list(range(8)), [2, 0, 1, 0, 0, 0, 0, 2]


@pytest.mark.long
@settings(max_examples=13, suppress_health_check=[HealthCheck.too_slow])
@given(games())
@example(Game(HALF, 97, 0, "split", "desc", EIGHT, IN_ORDER, SPREAD))
@example(Game(FIXED, 7, 0, "first_to_reach", "asc", EIGHT, IN_ORDER, SPREAD))
@example(Game(SHARES, 0, 101, "split", "asc", EIGHT, IN_ORDER, SPREAD))
@example(Game(HALF, 97, 0, "split", "desc", EIGHT, IN_ORDER, SPREAD, 0, frozenset({7, 3}), frozenset({0, 5})))
@example(Game(SHARES, 9, 101, "split", "asc", EIGHT, IN_ORDER, SPREAD, 1, frozenset({1}), frozenset({1, 3}), True))
@example(Game(TENTH, 10, 500, "split", "desc", EIGHT, IN_ORDER, SPREAD))
def test_any_tournament_settles_by_the_rules_in_any_order(game: Game) -> None:
    joining, batches = list(reversed(game.joining)), [BATCHES - 1 - batch for batch in game.batches]
    other = replace(game, joining=joining, batches=batches)
    first, second = play(game), play(other)
    check_against_the_rules(game, first)
    check_against_the_rules(other, second)
    check_same_but_for_ties(game, first, second)
    proof = prove()
    assert proof.exit_code == 0, proof.err
