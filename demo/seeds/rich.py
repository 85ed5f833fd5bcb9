"""The rich demo: three games, a month of history, and work for every operator."""

import random
import secrets
import string
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from demo.seeds import money, people, play
from demo.seeds.past import Clock, set_back
from demo.seeds.people import Game
from esports.services.announcing import announce_due
from kgen.jobs import running
from kgen.jobs.services import request_acts, request_export
from kgen.webhooks.models import DeliveryState, WebhookDelivery
from kgen.webhooks.services import add_endpoint
from rewards.services.claiming import expire_rewards
from users.models import Client, Gamer, Operator
from users.services import issue_secret

DAYS = 30
LINKED_SHARE = 0.3
# An earlier run is recognised by this game.
FIRST_GAME = "Monsoon Rally"


def seed_rich() -> dict[str, Any]:
    """Seed three games with about 300 gamers and a month of play. A second run changes nothing.

    Secrets and passwords are in the answer of the first run and nowhere else.
    """
    if Client.objects.filter(name=FIRST_GAME).exists():
        return known()
    passwords = {name: _password() for name in people.OPERATORS}
    hashes = people.hashed(passwords)
    with set_back() as clock:
        if Client.objects.filter(name=FIRST_GAME).exists():
            return known()
        seed = Seed(clock, hashes)
        seed.past()
        seed.present()
    seed.jobs()
    return known() | {"client_secrets": seed.secrets, "operator_passwords": passwords}


def known() -> dict[str, Any]:
    """The facts that a later run may tell again: the clients and the operators' names."""
    names = [game.name for game in people.games()]
    clients = dict(Client.objects.filter(name__in=names).values_list("name", "pk"))
    return {"clients": {name: str(pk) for name, pk in clients.items()}, "operators": list(people.OPERATORS)}


def _password() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16))


class Seed:
    """One run of the seed. Its random numbers are the same every time, secrets excepted."""

    def __init__(self, clock: Clock, hashes: dict[str, str]) -> None:
        self.clock = clock
        self.rng = random.Random(7)
        self.games = people.games()
        self.linked: list[Gamer] = []
        self.secrets: dict[str, str] = {}
        self.to_approve: list[Any] = []
        for game in self.games:
            people.make_client(game, clock, timedelta(days=DAYS + 10))
            self.secrets[game.name] = issue_secret(client_id=game.client.pk)
        self.operators: dict[str, Operator] = people.make_operators(hashes)

    def past(self) -> None:
        """Day by day, gamers arrive, play, link phones and withdraw."""
        for days_ago in range(DAYS, 0, -1):
            self.clock.set(timedelta(days=days_ago, hours=1))
            for game in self.games:
                self._arrivals(game, days_ago)
            if days_ago == DAYS // 2:
                self._webhooks()
            for game in self.games:
                play.play_a_day(play.GameSimulator(game, self.clock, self.rng), days_ago)
            if days_ago == 2:
                play.grand_prix(play.GameSimulator(self.games[0], self.clock, self.rng))
            self.clock.set(timedelta(days=days_ago) - timedelta(hours=12))
            expire_rewards()
            if days_ago > 2:
                money.pay_some_out(self.linked, self.clock, timedelta(days=days_ago) - timedelta(hours=13), self.rng)

    def _arrivals(self, game: Game, days_ago: int) -> None:
        """Two thirds of a game's gamers arrive on the first day, the others one by one."""
        wanted = game.gamers_wanted
        due = wanted * 2 // 3 + wanted * (DAYS - days_ago + 1) // (3 * DAYS)
        numbers = range(len(game.gamers), due)
        newcomers = [people.newcomer(game, number, self.rng, LINKED_SHARE) for number in numbers]
        self.linked += people.arrive(game, newcomers)

    def present(self) -> None:
        """The state of today, with open work."""
        first = self.games[0]
        # Before play, whose gamers are chosen among those without later transactions.
        self._money()
        for game in self.games:
            simulator = play.GameSimulator(game, self.clock, self.rng)
            simulator.play("Dawn Patrol", ago=timedelta(hours=8), players=12, claimed=0.5)
            if game is first:
                play.one_of_each(simulator, self.operators)
                play.plans_of(game, self.operators["admin"])
            else:
                play.started(simulator, self.operators["organiser"])
        self.clock.set(timedelta(hours=1))
        self._ask_for_codes(first)
        mine = [gamer for gamer in self.linked if gamer.client_id == first.client.pk]
        still = [gamer for gamer in mine if not gamer.wallet.withdrawals.filter(settled_at=None).exists()]
        people.change_states(first, self.operators, still)
        self.clock.set(timedelta(0))
        announce_due(most=10_000)
        self._deliveries()

    def _ask_for_codes(self, game: Game) -> None:
        """Today's text messages: most codes are used, some are not."""
        unlinked = [gamer for gamer in game.gamers[:40] if gamer not in self.linked]
        for number, gamer in enumerate(
            Gamer.objects.filter(pk__in=[one.pk for one in unlinked], kgen_account=None)[:5]
        ):
            phone = f"9{self.rng.randrange(10**9):09}"
            (people.ask_in_vain if number % 3 == 2 else people.link)(gamer, phone)

    def _money(self) -> None:
        first = self.games[0]
        rich = self._winners(first)
        self.to_approve = money.one_of_each(rich, self.clock, self.operators)
        for game in self.games:
            money.hold_some(game, self.clock, self.operators["finance"])
        money.adjust(self.games[1].gamers, self.clock, self.operators)

    def _winners(self, game: Game) -> list[Gamer]:
        """Gamers with winnings, the richest first. Those without a phone link one now."""
        accounts = {"wallet__accounts__kind": "earned", "wallet__accounts__balance__gte": 40}
        rows = Gamer.objects.filter(client=game.client, suspended_at=None, **accounts).select_related("client")
        found = list(rows.order_by("-wallet__accounts__balance")[:18])
        self.clock.set(timedelta(hours=30))
        for gamer in found:
            if gamer.kgen_account_id is None:
                people.link(gamer, f"9{self.rng.randrange(10**9):09}")
        return found

    def _webhooks(self) -> None:
        for game, types in zip(self.games[:2], ([], ["tournament.settled", "withdrawal.paid"]), strict=True):
            host = game.name.lower().replace(" ", "-")
            add_endpoint(client_id=game.client.pk, url=f"https://hooks.{host}.example/kgen", event_types=types)

    def _deliveries(self) -> None:
        """Make deliveries delivered, failed for good, or still pending."""
        rows = WebhookDelivery.objects.all()
        newest = list(rows.order_by("-event__created_at").values_list("pk", flat=True)[:6])
        failed = list(rows.exclude(pk__in=newest).order_by("-event__created_at").values_list("pk", flat=True)[:40:8])
        later = datetime.now().astimezone() + timedelta(hours=12)
        rows.filter(pk__in=newest).update(tries=3, last_status=503, next_attempt_at=later)
        rows.filter(pk__in=failed).update(state=DeliveryState.FAILED, tries=11, last_error="ConnectTimeout")
        rows.exclude(pk__in=[*newest, *failed]).update(
            state=DeliveryState.DELIVERED, tries=1, last_status=200, delivered_at=F("next_attempt_at")
        )

    def jobs(self) -> None:
        """Run two jobs, one of them an export. They run at the true time, because jobs write their own traces."""
        admin = self.operators["admin"]
        now = datetime.now().astimezone()
        request_acts(
            operator_id=admin.pk, kind="withdrawals.approve", subjects=self.to_approve[:1], reason="winners, checked"
        )
        request_export(operator_id=admin.pk, name="withdrawals", since=now - timedelta(days=30), until=now)
        running.run_due()
