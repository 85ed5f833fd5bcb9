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
    """Where a game is played: makes tournaments and lets gamers do what they do."""

    def __init__(self, game: Game, clock: Clock, rng: random.Random) -> None:
        self.game, self.clock, self.rng = game, clock, rng

    def make(self, title: str, *, ago: timedelta, phases: tuple[timedelta, ...], **given: Any) -> Tournament:
        """A tournament, made so long ago; `phases` are its five times, as long after that."""
        now = self.clock.set(ago)
        names = ("schedules_at", "moves_to_lobby_at", "starts_at", "locks_at", "ends_at")
        times = {name: now + after for name, after in zip(names, phases, strict=True)}
        terms = {"buy_in_price": self.game.buy_in, "tournament_size": 100, "score_operator": "best"}
        fields = {"title": title} | terms | times | given
        made: Tournament = create_tournament(client=self.game.client, given=fields).tournament
        return made

    def some(self, count: int) -> list[Gamer]:
        """Gamers who may play, and have done nothing later than what the clock shows: their books go by time."""
        later = Transaction.objects.filter(client_id=self.game.client.pk, created_at__gt=database_now())
        busy = set(later.values_list("wallet", flat=True))
        free = [gamer for gamer in self.game.gamers if gamer.suspended_at is None and gamer.wallet_id not in busy]
        return self.rng.sample(free, min(count, len(free)))

    def fill(self, tournament: Tournament, gamers: list[Gamer]) -> None:
        """Let them join; who lacks the money pays in first."""
        poor = _join(tournament, gamers)
        for gamer in poor:
            pay_in(gamer, 200, str(tournament.pk))
        assert not _join(tournament, poor), "a deposit covers a stake"

    def score(self, tournament: Tournament, gamers: list[Gamer], mark: str) -> None:
        """A score of each, as the studio's server posts them."""
        scores = [
            ServerScore(gamer.user_id, self.rng.randint(200, 9999), f"{mark}-{gamer.user_id}") for gamer in gamers
        ]
        post_scores(client_id=self.game.client.pk, uid=str(tournament.pk), scores=scores)

    def claim(self, tournament: Tournament, share: float) -> None:
        """Let that share of the winners claim."""
        winners = Gamer.objects.filter(reward__tournament=tournament, suspended_at=None).order_by("pk")
        for gamer in winners:
            if self.rng.random() < share:
                claim_rewards(gamer=gamer, tournament_id=tournament.pk)

    def play(self, title: str, *, ago: timedelta, players: int, claimed: float, **given: Any) -> Tournament:
        """A whole tournament of two hours that began so long ago: joined, played, settled, claimed."""
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
    """Let them join, all at once; those who lack the money."""
    joins = [Join(gamer, tournament.pk, tournament.buy_in_price) for gamer in gamers]
    poor = []
    for gamer, refusal in zip(gamers, join_many(joins=joins), strict=True):
        if isinstance(refusal, InsufficientBalance):
            poor.append(gamer)
        elif refusal:
            raise refusal
    return poor


def play_a_day(table: GameSimulator, days_ago: int) -> None:
    """What was played on one of the past days; now and then a field stays too small, and all stakes go back."""
    game, rng = table.game, table.rng
    if days_ago % game.plays_every == 0 or days_ago == 1:
        players = rng.randint(7, 11) + (30 - days_ago) // 6
        ago = days_ago * DAY - rng.randint(0, 5) * HOUR
        table.play(f"{rng.choice(TITLES)} {31 - days_ago}", ago=ago, players=players, claimed=0.75)
    if days_ago % 8 == 0:
        under_filled(table, days_ago * DAY - 10 * HOUR)


def under_filled(table: GameSimulator, ago: timedelta) -> None:
    """A tournament for which hardly anybody came."""
    phases = (0 * HOUR, 0 * HOUR, 0 * HOUR, HOUR, HOUR)
    tournament = table.make("Early Birds", ago=ago, phases=phases, min_participants=6)
    table.fill(tournament, table.some(2))
    table.clock.set(ago - HOUR - timedelta(seconds=2))
    book_cancellation(tournament_id=tournament.pk)


def grand_prix(table: GameSimulator) -> Tournament:
    """A sponsored one, two days ago, with prizes that a finance team wants to look at."""
    return table.play(
        "Monsoon Grand Prix",
        ago=2 * DAY - 9 * HOUR,
        players=40,
        claimed=1,
        sponsored_amount=16_000,
        prize_table=GRAND_PRIZES,
        description="Sponsored by the Rally Club: the first eight share 15,000.",
    )


def one_of_each(table: GameSimulator, operators: dict[str, Operator]) -> None:
    """A tournament in each of the states that the clock gives, and some that need a person soon."""
    day = 24 * HOUR
    table.make("Winter Open", ago=HOUR, phases=(2 * day, 3 * day, 4 * day, 5 * day, 6 * day), buy_in_price=100)
    coming = table.make("Weekend Cup", ago=2 * HOUR, phases=(0 * day, day, 2 * day, 3 * day, 3 * day))
    table.clock.set(90 * MINUTE)
    table.fill(coming, table.some(18))
    leave_tournament(
        gamer=Gamer.objects.filter(participation__tournament=coming).earliest("created_at"), uid=str(coming.pk)
    )
    lobby = table.make("Friday Night Lobby", ago=2 * HOUR, phases=(0 * day, HOUR, 9 * HOUR, 12 * HOUR, 13 * HOUR))
    table.fill(lobby, table.some(12))
    started(table, operators["organiser"])
    locked(table)
    waiting(table)
    under = table.make("Lonely Hearts", ago=HOUR, phases=(0 * day, 0 * day, 0 * day, 100 * MINUTE, 110 * MINUTE))
    table.fill(under, table.some(1))
    cancelled(table, operators["organiser"])


def started(table: GameSimulator, referee: Operator) -> None:
    """One in full play, with a disqualified gamer and a score that was voided."""
    phases = (0 * HOUR, 0 * HOUR, HOUR, 20 * HOUR, 22 * HOUR)
    title = "City Championship" if table.game.plays_every == 1 else f"{table.game.name} Open"
    tournament = table.make(title, ago=5 * HOUR, phases=phases, tournament_size=60)
    gamers = table.some(32)
    table.fill(tournament, gamers)
    for number, hours in enumerate((3.5, 2.0, 0.5)):
        table.clock.set(hours * HOUR)
        table.score(tournament, gamers[: 30 - 4 * number], f"lap{number}")
    table.clock.set(20 * MINUTE)
    event = ScoreEvent.objects.filter(participation__tournament=tournament).latest("id")
    void = partial(refereeing.void_score, event_id=event.pk, operator_id=referee.pk, reason="posted by a test build")
    trace(referee, "score.void", event, "posted by a test build", void)
    stay = Participation.objects.filter(tournament=tournament, rank_key__isnull=False).order_by("rank_key")[2]
    reason = "two accounts on one device"
    ban = partial(refereeing.disqualify, participation_id=stay.pk, operator_id=referee.pk, reason=reason)
    trace(referee, "participation.disqualify", stay, reason, ban)


def locked(table: GameSimulator) -> None:
    """One that closes within the hour."""
    phases = (0 * HOUR, 0 * HOUR, 0 * HOUR, 2 * HOUR, 3 * HOUR + 50 * MINUTE)
    tournament = table.make("Lunch Blitz Final", ago=3 * HOUR, phases=phases)
    gamers = table.some(16)
    table.fill(tournament, gamers)
    table.score(tournament, gamers, "final")


def waiting(table: GameSimulator) -> None:
    """One that is over, and settled only after its delay."""
    phases = (0 * HOUR, 0 * HOUR, 0 * HOUR, 2 * HOUR, 3 * HOUR)
    delay = {"settlement_delay_seconds": 24 * 3600}
    tournament = table.make("Referee's Trophy", ago=4 * HOUR, phases=phases, **delay)
    gamers = table.some(14)
    table.fill(tournament, gamers)
    table.clock.set(2 * HOUR)
    table.score(tournament, gamers, "run")


def cancelled(table: GameSimulator, by: Operator) -> None:
    """One that an operator has called off."""
    tournament = table.make("Rained Off", ago=6 * HOUR, phases=(0 * HOUR, 0 * HOUR, 8 * HOUR, 9 * HOUR, 9 * HOUR))
    table.fill(tournament, table.some(7))
    table.clock.set(4 * HOUR)
    reason = "the game servers are down"
    cancel = partial(cancel_tournament, client_id=table.game.client.pk, uid=str(tournament.pk), reason=reason)
    trace(by, "tournament.cancel", tournament, reason, cancel)


def plans_of(game: Game, organiser: Operator) -> None:
    """A series that comes round every evening, one that rests; and what others are made from: a prize table, a
    template, a tournament that somebody has half typed."""
    PrizeTable.objects.create(client=game.client, name="Grand Prix", table=GRAND_PRIZES)
    terms = {"title": "Blitz", "buy_in_price": game.buy_in, "tournament_size": 40, "score_operator": "best"}
    save_template(client_id=game.client.pk, name="Blitz of forty", terms=terms)
    open_draft(operator_id=organiser.pk, client_id=game.client.pk, fields={"title": ["New Year Cup"]})
    each = {"buy_in_price": game.buy_in, "tournament_size": 50, "score_operator": "best", "ends_after_seconds": 7200}
    nightly = {"title": "Nightly Cup", "rule": "0 20 * * *", "time_zone": "Asia/Kolkata"}
    create_series(client=game.client, given=nightly | each | {"schedules_before_seconds": 3600})
    weekly = {"title": "Sunday League", "rule": "0 10 * * 0", "time_zone": "Asia/Kolkata", "active": False}
    create_series(client=game.client, given=weekly | each)
