"""A game with twenty gamers to whom everything has happened that a call may be about."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.test.utils import override_settings

from kgen.webhooks.models import WebhookDelivery, WebhookEndpoint
from rewards.services.settling import settle_tournament
from tests.support import factories, series
from tests.support.clock import end
from tests.support.gateway import SECRET, running_gateway
from tests.support.http import GamerCaller, StudioCaller
from tests.support.organising import allow_sponsorship
from tests.support.withdrawals import earn, link, withdraw
from users import otp
from users.models import Client, SmsMessage
from wallet.services import paying

MANY = 20
PHONE = {"phone_number": "8000000001", "countryCode": "+91"}
ALL_WIN = {"kind": "multiples", "bands": [{"percent_bp": 10_000, "multiple_bp": 9_000}]}
ONE_WINS = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 9}]}


class Scene:
    """The game. Nobody is in `cup`, all are in `field`, and have a score in `board`; all have won in `over`."""

    def __init__(self) -> None:
        self.studio = StudioCaller.of(factories.ClientFactory())
        allow_sponsorship(self.studio, 10**9)
        self.gamers = [self.studio.gamer(f"gamer-{number}") for number in range(MANY)]
        self.cup, self.field = self.studio.tournament(), self.studio.tournament()
        self.board = self.studio.tournament(buy_in_price=0)
        self.over = self.studio.tournament(prize_table=ALL_WIN)
        self.join(self.field, self.gamers)
        self.play(self.board, self.gamers, stake=0)
        self.play(self.over, self.gamers)
        self.settle(self.over)
        self.series = series.make(self.studio)
        self.studio.deposit("gamer-0", 5, "known").ok(201)
        # What a call is about that was made for it alone, and how many rows its list has.
        self.made, self.rows = "", 0

    def join(self, uid: str, gamers: Sequence[GamerCaller], stake: int = 10) -> None:
        """They join."""
        for gamer in gamers:
            gamer.join(uid, stake).ok()

    def play(self, uid: str, gamers: Sequence[GamerCaller], stake: int = 10) -> None:
        """They join, and each has a score of its own."""
        self.join(uid, gamers, stake)
        rows = [{"user_id": gamer.user_id, "value": value} for value, gamer in enumerate(gamers)]
        self.studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()

    def settle(self, uid: str) -> None:
        """It ends and is settled."""
        end(uid)
        assert settle_tournament(tournament_id=UUID(uid)) is not None

    def claims(self, gamer: GamerCaller) -> list[str]:
        """The ids of what a gamer can claim."""
        found = gamer.get("/fe/esports/rewards/claim").ok()["claimable_rewards_info"]
        return [row["reward_id"] for row in found]


# What a list has so many rows of.


def tournaments(scene: Scene, rows: int) -> list[str]:
    """Tournaments that are open."""
    return [scene.studio.tournament(buy_in_price=0) for _ in range(rows)]


def joined(scene: Scene, rows: int) -> None:
    """Tournaments that the first gamer is in."""
    for uid in tournaments(scene, rows):
        scene.join(uid, scene.gamers[:1], 0)


def history(scene: Scene, rows: int) -> None:
    """Tournaments that have ended for the first gamer, half of them won and half of them cancelled."""
    terms: dict[str, Any] = {"buy_in_price": 0, "min_participants": 1, "sponsored_amount": 9, "prize_table": ONE_WINS}
    for number in range(rows):
        uid = scene.studio.tournament(**terms)
        scene.join(uid, scene.gamers[:1], 0)
        if number % 2:
            scene.gamers[0].score(uid, number).ok()
        end(uid)
        settle_tournament(tournament_id=UUID(uid))


def rewards(scene: Scene, rows: int) -> None:
    """Rewards that the first gamer can claim."""
    history(scene, 2 * rows)
    scene.made, scene.rows = scene.over, rows


def board(scene: Scene, rows: int) -> None:
    """A leaderboard."""
    scene.made = scene.studio.tournament(buy_in_price=0)
    scene.play(scene.made, scene.gamers[:rows], stake=0)


def results(scene: Scene, rows: int) -> None:
    """A ranking that is settled, half of which has won."""
    half = {"kind": "multiples", "bands": [{"percent_bp": 5_000, "multiple_bp": 10_000}]}
    scene.made = scene.studio.tournament(min_participants=1, prize_table=half)
    scene.play(scene.made, scene.gamers[:rows])
    scene.settle(scene.made)


def statement(scene: Scene, rows: int) -> None:
    """Entries of the first gamer's statement, of all kinds of places."""
    for number in range(rows // 2):
        scene.studio.deposit("gamer-0", 1, f"deposit {number}").ok(201)
    withdrawals(scene, rows // 2)


def withdrawals(scene: Scene, rows: int) -> None:
    """The first gamer's withdrawals, all of them paid."""
    link(scene.gamers[0])
    for _ in range(rows):
        earn(scene.gamers[0], 1_000)
        scene.made = str(withdraw(scene.gamers[0], 1_000).pk)
        paying.pay_due(most=1)


def many_series(scene: Scene, rows: int) -> None:
    """Series."""
    for _ in range(rows):
        series.make(scene.studio)


def endpoints(scene: Scene, rows: int) -> None:
    """Endpoints for webhooks."""
    for number in range(rows):
        url = f"http://127.0.0.1:9/{number}"
        scene.made = scene.studio.post("/s2s/webhooks", {"url": url}).ok(201)["id"]


def deliveries(scene: Scene, rows: int) -> None:
    """Deliveries to one endpoint."""
    endpoints(scene, 1)
    for _ in range(rows):
        scene.studio.post(f"/s2s/webhooks/{scene.made}/test").ok()


def scores(scene: Scene, rows: int) -> None:
    """Scores in one call."""
    scene.rows = rows


# What a call is about.


def endpoint(scene: Scene) -> None:
    """An endpoint."""
    endpoints(scene, 1)
    assert WebhookEndpoint.objects.filter(pk=scene.made).exists()


def disabled_endpoint(scene: Scene) -> None:
    """An endpoint that went off by itself."""
    endpoints(scene, 1)
    WebhookEndpoint.objects.filter(pk=scene.made).update(active=False, disabled_reason="gone")


def delivery(scene: Scene) -> None:
    """A delivery."""
    deliveries(scene, 1)
    scene.made = str(WebhookDelivery.objects.get(endpoint=scene.made).pk)


def linked(scene: Scene) -> None:
    """The first gamer is linked and has earned money."""
    link(scene.gamers[0])
    earn(scene.gamers[0], 1_000)


def with_store(scene: Scene) -> None:
    """The first gamer is linked, and the client has a store."""
    Client.objects.update(store_url="https://shop.example/")
    link(scene.gamers[0])


def store_code(scene: Scene) -> None:
    """A code for the store."""
    with_store(scene)
    url = scene.gamers[0].post("/fe/users/k-store/generate-redirect-uri").ok()["url"]
    scene.made = url.partition("code=")[2]


def withdrawal(scene: Scene) -> None:
    """A withdrawal."""
    withdrawals(scene, 1)


def accepted(scene: Scene) -> None:
    """A withdrawal that a gateway has accepted and not paid yet."""
    linked(scene)
    with running_gateway() as gateway:
        rail = {"PAYOUT_RAIL": "http", "PAYOUT_GATEWAY_URL": gateway.url, "PAYOUT_GATEWAY_SECRET": SECRET}
        with override_settings(**rail):
            scene.made = str(withdraw(scene.gamers[0]).pk)
            gateway.posts.append("accept")
            paying.pay_due(most=1)


def sent_code(scene: Scene) -> None:
    """A code is on its way to the first gamer's phone."""
    scene.gamers[0].post("/fe/users/auth/otp/register", PHONE).ok()


def waited(scene: Scene) -> None:
    """One was, so long ago that another may be asked for."""
    sent_code(scene)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users_phonechallenge SET created_at = created_at - interval '1 hour'")


def code(scene: Scene) -> dict[str, Any]:
    """The code that was sent, with all that has to be given back beside it."""
    message = SmsMessage.objects.select_related("challenge").get()
    challenge = message.challenge
    said = otp.code_of(bytes(message.nonce), challenge_id=challenge.pk, key=settings.PEPPER)
    return PHONE | {"authCode": challenge.auth_code, "otp": said}
