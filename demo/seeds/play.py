"""The tournaments of the rich demo: a month of settled ones, and one in every state now."""

import random
from datetime import timedelta
from functools import partial
from typing import Any

from demo.seeds.past import Clock, trace
from demo.seeds.people import Game, pay_in
from esports.models import Participation, PrizeTable, ScoreEvent, Tournament
from esports.services import refereeing
from esports.services.cancelling import book_cancellation, cancel_tournament
from esports.services.drafting import open_draft
from esports.services.joining import Join, join_many, leave_tournament
from esports.services.organising import create_tournament
from esports.services.scoring import ServerScore, post_scores
from esports.services.series import create_series
from esports.services.templates import save_template
from kgen.clock import database_now
from rewards.services.claiming import claim_rewards
from rewards.services.settling import settle_tournament
from users.models import Gamer, Operator
from wallet.errors import InsufficientBalance
from wallet.models import Transaction

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
TITLES = ["Morning Dash", "Lunch Blitz", "Evening Cup", "Night Owls", "Speed Trial", "Street League"]
GRAND_PRIZES = {
    "kind": "fixed",
    "bands": [
        {"from_rank": 1, "to_rank": 1, "amount": 6000},
        {"from_rank": 2, "to_rank": 3, "amount": 2500},
        {"from_rank": 4, "to_rank": 8, "amount": 800},
    ],
}


class GameSimulator:
    """Plays one game: makes tournaments, and acts as the gamers."""

    def __init__(self, game: Game, clock: Clock, rng: random.Random) -> None:
        self.game, self.clock, self.rng = game, clock, rng

    def make(self, title: str, *, ago: timedelta, phases: tuple[timedelta, ...], **given: Any) -> Tournament:
        """Make a tournament `ago` before now. `phases` are its five times, counted from then."""
        now = self.clock.set(ago)
        names = ("schedules_at", "moves_to_lobby_at", "starts_at", "locks_at", "ends_at")
        times = {name: now + after for name, after in zip(names, phases, strict=True)}
        terms = {"buy_in_price": self.game.buy_in, "tournament_size": 100, "score_operator": "best"}
        fields = {"title": title} | terms | times | given
        made: Tournament = create_tournament(client=self.game.client, given=fields).tournament
        return made

    def some(self, count: int) -> list[Gamer]:
        """Up to `count` gamers who may play and have no transaction after the set clock: statements stay in order."""
        later = Transaction.objects.filter(client_id=self.game.client.pk, created_at__gt=database_now())
        busy = set(later.values_list("wallet", flat=True))
        free = [gamer for gamer in self.game.gamers if gamer.suspended_at is None and gamer.wallet_id not in busy]
        return self.rng.sample(free, min(count, len(free)))

    def fill(self, tournament: Tournament, gamers: list[Gamer]) -> None:
        """Let the gamers join, after a deposit where the money is short."""
        poor = _join(tournament, gamers)
        for gamer in poor:
            pay_in(gamer, 200, str(tournament.pk))
        assert not _join(tournament, poor), "a deposit covers a stake"

    def score(self, tournament: Tournament, gamers: list[Gamer], mark: str) -> None:
        """Post a score of each gamer, as the studio's server does."""
        scores = [
            ServerScore(gamer.user_id, self.rng.randint(200, 9999), f"{mark}-{gamer.user_id}") for gamer in gamers
        ]
        post_scores(client_id=self.game.client.pk, uid=str(tournament.pk), scores=scores)

    def claim(self, tournament: Tournament, share: float) -> None:
        """Let a share of the winners claim."""
        winners = Gamer.objects.filter(reward__tournament=tournament, suspended_at=None).order_by("pk")
        for gamer in winners:
            if self.rng.random() < share:
                claim_rewards(gamer=gamer, tournament_id=tournament.pk)

    def play(self, title: str, *, ago: timedelta, players: int, claimed: float, **given: Any) -> Tournament:
        """Play a whole tournament of two hours that was made `ago` before now: join, score, settle, claim."""
        phases = (0 * HOUR, 5 * MINUTE, 10 * MINUTE, 90 * MINUTE, 2 * HOUR)
        tournament = self.make(title, ago=ago, phases=phases, **given)
        gamers = self.some(players)
        self.clock.set(ago - 6 * MINUTE)
        self.fill(tournament, gamers)
        for number, minutes in enumerate((30, 75)):
            self.clock.set(ago - minutes * MINUTE)
            self.score(tournament, gamers[number:], f"round{number}")
        self.clock.set(ago - 2 * HOUR - timedelta(seconds=2))
        settle_tournament(tournament_id=tournament.pk)
        self.clock.set(ago - 150 * MINUTE)
        self.claim(tournament, claimed)
        return tournament


def _join(tournament: Tournament, gamers: list[Gamer]) -> list[Gamer]:
    """Let the gamers join in one batch. Returns those whose money is short."""
    joins = [Join(gamer, tournament.pk, tournament.buy_in_price) for gamer in gamers]
    poor = []
    for gamer, refusal in zip(gamers, join_many(joins=joins), strict=True):
        if isinstance(refusal, InsufficientBalance):
            poor.append(gamer)
        elif refusal:
            raise refusal
    return poor


def play_a_day(simulator: GameSimulator, days_ago: int) -> None:
    """Play one past day. Every eighth day has a field that stays too small, so that all stakes go back."""
    game, rng = simulator.game, simulator.rng
    if days_ago % game.plays_every == 0 or days_ago == 1:
        players = rng.randint(7, 11) + (30 - days_ago) // 6
        ago = days_ago * DAY - rng.randint(0, 5) * HOUR
        simulator.play(f"{rng.choice(TITLES)} {31 - days_ago}", ago=ago, players=players, claimed=0.75)
    if days_ago % 8 == 0:
        under_filled(simulator, days_ago * DAY - 10 * HOUR)


def under_filled(simulator: GameSimulator, ago: timedelta) -> None:
    """A tournament with too small a field."""
    phases = (0 * HOUR, 0 * HOUR, 0 * HOUR, HOUR, HOUR)
    tournament = simulator.make("Early Birds", ago=ago, phases=phases, min_participants=6)
    simulator.fill(tournament, simulator.some(2))
    simulator.clock.set(ago - HOUR - timedelta(seconds=2))
    book_cancellation(tournament_id=tournament.pk)


def grand_prix(simulator: GameSimulator) -> Tournament:
    """A sponsored tournament, two days ago, with prizes above the client's approval threshold."""
    return simulator.play(
        "Monsoon Grand Prix",
        ago=2 * DAY - 9 * HOUR,
        players=40,
        claimed=1,
        sponsored_amount=16_000,
        prize_table=GRAND_PRIZES,
        description="Sponsored by the Rally Club: the first eight share 15,000.",
    )


def one_of_each(simulator: GameSimulator, operators: dict[str, Operator]) -> None:
    """A tournament in each status, and some that need a person soon."""
    day = 24 * HOUR
    simulator.make("Winter Open", ago=HOUR, phases=(2 * day, 3 * day, 4 * day, 5 * day, 6 * day), buy_in_price=100)
    coming = simulator.make("Weekend Cup", ago=2 * HOUR, phases=(0 * day, day, 2 * day, 3 * day, 3 * day))
    simulator.clock.set(90 * MINUTE)
    simulator.fill(coming, simulator.some(18))
    leave_tournament(
        gamer=Gamer.objects.filter(participation__tournament=coming).earliest("created_at"), uid=str(coming.pk)
    )
    lobby = simulator.make("Friday Night Lobby", ago=2 * HOUR, phases=(0 * day, HOUR, 9 * HOUR, 12 * HOUR, 13 * HOUR))
    simulator.fill(lobby, simulator.some(12))
    started(simulator, operators["organiser"])
    locked(simulator)
    waiting(simulator)
    under = simulator.make("Lonely Hearts", ago=HOUR, phases=(0 * day, 0 * day, 0 * day, 100 * MINUTE, 110 * MINUTE))
    simulator.fill(under, simulator.some(1))
    cancelled(simulator, operators["organiser"])


def started(simulator: GameSimulator, referee: Operator) -> None:
    """A started tournament, with a disqualified gamer and a voided score."""
    phases = (0 * HOUR, 0 * HOUR, HOUR, 20 * HOUR, 22 * HOUR)
    title = "City Championship" if simulator.game.plays_every == 1 else f"{simulator.game.name} Open"
    tournament = simulator.make(title, ago=5 * HOUR, phases=phases, tournament_size=60)
    gamers = simulator.some(32)
    simulator.fill(tournament, gamers)
    for number, hours in enumerate((3.5, 2.0, 0.5)):
        simulator.clock.set(hours * HOUR)
        simulator.score(tournament, gamers[: 30 - 4 * number], f"lap{number}")
    simulator.clock.set(20 * MINUTE)
    event = ScoreEvent.objects.filter(participation__tournament=tournament).latest("id")
    void = partial(refereeing.void_score, event_id=event.pk, operator_id=referee.pk, reason="posted by a test build")
    trace(referee, "score.void", event, "posted by a test build", void)
    third = Participation.objects.filter(tournament=tournament, rank_key__isnull=False).order_by("rank_key")[2]
    reason = "two accounts on one device"
    ban = partial(refereeing.disqualify, participation_id=third.pk, operator_id=referee.pk, reason=reason)
    trace(referee, "participation.disqualify", third, reason, ban)


def locked(simulator: GameSimulator) -> None:
    """A locked tournament, which ends within the hour."""
    phases = (0 * HOUR, 0 * HOUR, 0 * HOUR, 2 * HOUR, 3 * HOUR + 50 * MINUTE)
    tournament = simulator.make("Lunch Blitz Final", ago=3 * HOUR, phases=phases)
    gamers = simulator.some(16)
    simulator.fill(tournament, gamers)
    simulator.score(tournament, gamers, "final")


def waiting(simulator: GameSimulator) -> None:
    """A tournament that has ended and awaits the end of its settlement delay."""
    phases = (0 * HOUR, 0 * HOUR, 0 * HOUR, 2 * HOUR, 3 * HOUR)
    delay = {"settlement_delay_seconds": 24 * 3600}
    tournament = simulator.make("Referee's Trophy", ago=4 * HOUR, phases=phases, **delay)
    gamers = simulator.some(14)
    simulator.fill(tournament, gamers)
    simulator.clock.set(2 * HOUR)
    simulator.score(tournament, gamers, "run")


def cancelled(simulator: GameSimulator, by: Operator) -> None:
    """A tournament that an operator has cancelled."""
    tournament = simulator.make("Rained Off", ago=6 * HOUR, phases=(0 * HOUR, 0 * HOUR, 8 * HOUR, 9 * HOUR, 9 * HOUR))
    simulator.fill(tournament, simulator.some(7))
    simulator.clock.set(4 * HOUR)
    reason = "the game servers are down"
    cancel = partial(cancel_tournament, client_id=simulator.game.client.pk, uid=str(tournament.pk), reason=reason)
    trace(by, "tournament.cancel", tournament, reason, cancel)


def plans_of(game: Game, organiser: Operator) -> None:
    """Two series, one of them switched off; a named prize table, a template and a draft."""
    PrizeTable.objects.create(client=game.client, name="Grand Prix", table=GRAND_PRIZES)
    terms = {"title": "Blitz", "buy_in_price": game.buy_in, "tournament_size": 40, "score_operator": "best"}
    save_template(client_id=game.client.pk, name="Blitz of forty", terms=terms)
    open_draft(operator_id=organiser.pk, client_id=game.client.pk, fields={"title": ["New Year Cup"]})
    each = {"buy_in_price": game.buy_in, "tournament_size": 50, "score_operator": "best", "ends_after_seconds": 7200}
    nightly = {"title": "Nightly Cup", "rule": "0 20 * * *", "time_zone": "Asia/Kolkata"}
    create_series(client=game.client, given=nightly | each | {"schedules_before_seconds": 3600})
    weekly = {"title": "Sunday League", "rule": "0 10 * * 0", "time_zone": "Asia/Kolkata", "active": False}
    create_series(client=game.client, given=weekly | each)
