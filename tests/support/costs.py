"""What every call of the API costs: its SQL statements, transactions' own left out."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.support import scene
from tests.support.calls import SERIES_TERMS, TERMS
from tests.support.gateway import signed
from tests.support.scene import MANY, PHONE, Scene

# The n-th caller's path and body.
Ask = Callable[[Scene, int], tuple[str, Any]]


class Cost(NamedTuple):
    """The number of statements of a call on the ordinary path, and what to call."""

    queries: int
    ask: Ask
    # On the fast path: of one call, and of twenty together. None where the call does not go it.
    fast_path: int | None = None
    # What has to be there.
    before: Callable[[Scene], None] | None = None
    # Makes the call show, or take, so many rows: 2 cost as many statements as `most`.
    rows: Callable[[Scene, int], Any] | None = None
    most: int = MANY


def to(path: str, body: Any = None) -> Ask:
    """The same of every caller; `{…}` is a name in the scene."""
    return lambda here, number: (path.format(**vars(here)), body)


PLAY, STUDIO = "/fe/esports/tournaments", "/s2s/esports/tournaments"
WEBHOOK = "/s2s/webhooks/{made}"
REASON = {"reason": "r"}


def _score(here: Scene, number: int) -> tuple[str, Any]:
    metadata = {"tournamentId": here.field, "eventId": f"event-{number}"}
    return f"{PLAY}/{here.field}/score", {"metadata": metadata, "payload": {"score": {"value": number}}}


def _session(here: Scene, number: int) -> tuple[str, Any]:
    return "/s2s/session", {"user_id": f"gamer-{number}", "username": "A name"}


def _bulk(here: Scene, number: int) -> tuple[str, Any]:
    rows = [{"user_id": f"gamer-{n}", "value": n, "event_id": "e"} for n in range(max(here.rows, 1))]
    return f"{STUDIO}/{here.field}/scores", {"scores": rows}


def _query(path: str) -> Ask:
    user_ids = [f"gamer-{number}" for number in range(MANY)]
    return to(f"{path}/{{made}}/leaderboard/query", {"user_ids": user_ids})


def _claim(here: Scene, number: int) -> tuple[str, Any]:
    bodies = [{"reward_ids": here.claims(here.gamers[number])}, {"tournament_id": here.over}, {}, None]
    return "/fe/esports/rewards/claim", bodies[number % 4]


def _claim_all(here: Scene, number: int) -> tuple[str, Any]:
    return "/fe/esports/rewards/claim", None


def _refresh(here: Scene, number: int) -> tuple[str, Any]:
    return "/fe/users/auth/token/refresh", {"refresh_token": here.gamers[0].session["refresh_token"]}


def _payout_callback(here: Scene, number: int) -> tuple[str, Any]:
    return "/hooks/payouts", signed({"reference": here.made, "amount": 1_000, "currency": "KCASH", "status": "paid"})


# By method, view set and action. What a call may add to it: see test_costs.
COSTS: dict[str, list[Cost]] = {
    "POST SessionViewSet.create": [Cost(6, _session, 6)],
    "POST OlderSessionViewSet.create": [Cost(6, lambda here, n: ("/api/v1/session", _session(here, n)[1]), 6)],
    "DELETE SessionViewSet.destroy": [Cost(5, to("/s2s/session", {"user_id": "gamer-0"}))],
    "POST TokenViewSet.refresh": [Cost(6, _refresh)],
    "POST StudioGamerViewSet.suspend": [Cost(6, to("/s2s/gamers/gamer-0/suspend", REASON))],
    "POST StudioGamerViewSet.lift": [Cost(5, to("/s2s/gamers/gamer-0/lift", REASON))],
    "DELETE StudioPhoneViewSet.linked_phone": [
        Cost(9, to("/s2s/users/gamer-0/linked-phone", REASON), before=scene.linked)
    ],
    "POST OtpViewSet.register": [Cost(18, to("/fe/users/auth/otp/register", PHONE))],
    "POST OtpViewSet.resend": [Cost(18, to("/fe/users/auth/otp/resend", PHONE), before=scene.waited)],
    "POST OtpViewSet.verify": [
        Cost(29, lambda here, n: ("/fe/users/auth/otp/verify", scene.code(here)), before=scene.sent_code)
    ],
    "GET AccountViewSet.linked_mobile_number": [
        Cost(4, to("/fe/users/account/linked-mobile-number"), before=scene.linked)
    ],
    "POST StoreViewSet.generate_redirect_uri": [
        Cost(4, to("/fe/users/k-store/generate-redirect-uri"), before=scene.with_store)
    ],
    "POST StoreCodeViewSet.redeem": [Cost(4, to("/s2s/store-codes/{made}/redeem"), before=scene.store_code)],
    "POST TrackerViewSet.drop": [Cost(3, to("/fe/analytics/px-tracker/events/level-up/drop", {"level": 7}))],
    "POST PayoutCallbackViewSet.create": [Cost(14, _payout_callback, before=scene.accepted)],
    "GET GamerWalletViewSet.balance": [Cost(2, to("/fe/wallet/balance"), 2)],
    "GET GamerWalletViewSet.transactions": [
        Cost(2, to("/fe/wallet/transactions"), 2, rows=scene.statement),
        Cost(2, to("/fe/wallet/transactions?type=WITHDRAW&direction=DEBIT"), rows=scene.withdrawals),
    ],
    "POST GamerWalletViewSet.withdraw": [Cost(8, to("/fe/wallet/withdraw"), before=scene.linked)],
    "GET GamerWalletViewSet.withdrawal": [Cost(2, to("/fe/wallet/withdrawals/{made}"), before=scene.withdrawal)],
    "GET GamerWalletViewSet.withdrawals": [Cost(2, to("/fe/wallet/withdrawals"), rows=scene.withdrawals)],
    "POST DepositViewSet.create": [
        Cost(11, to("/s2s/wallet/deposits", {"user_id": "gamer-0", "amount": 1, "reference": "new"}))
    ],
    "POST DepositViewSet.reverse": [Cost(9, to("/s2s/wallet/deposits/known/reverse"))],
    "GET StudioWalletViewSet.balance": [Cost(4, to("/s2s/wallet/gamer-0/balance"))],
    "GET StudioWalletViewSet.transactions": [Cost(4, to("/s2s/wallet/gamer-0/transactions"), rows=scene.statement)],
    "GET TournamentViewSet.active": [
        Cost(2, to(f"{PLAY}/active"), rows=scene.tournaments),
        Cost(2, to(f"{PLAY}/active?ordering=-participants_count&title=c&buy_in_price_min=0"), rows=scene.tournaments),
    ],
    "GET TournamentViewSet.participated": [Cost(2, to(f"{PLAY}/participated"), rows=scene.joined)],
    "GET TournamentViewSet.retrieve": [Cost(2, to(f"{PLAY}/{{over}}"))],
    "POST TournamentViewSet.join": [Cost(8, to(f"{PLAY}/{{cup}}/join", {"joiningStake": 10}), 8)],
    "POST TournamentViewSet.leave": [Cost(11, to(f"{PLAY}/{{field}}/leave"), 11)],
    "POST TournamentViewSet.score": [Cost(5, _score, 5)],
    "GET TournamentViewSet.leaderboard": [
        Cost(4, to(f"{PLAY}/{{board}}/leaderboard"), 3),
        Cost(4, to(f"{PLAY}/{{made}}/leaderboard"), rows=scene.board),
        # The last of them are on no page of theirs that others have.
        Cost(4, to(f"{PLAY}/{{board}}/leaderboard?limit=1"), 4),
    ],
    "POST TournamentViewSet.leaderboard_query": [Cost(3, _query(PLAY), rows=scene.board)],
    "POST StudioTournamentViewSet.leaderboard_query": [Cost(4, _query(STUDIO), rows=scene.board)],
    "GET LeaderboardViewSet.leaderboard": [
        Cost(4, to("/fe/esports/leaderboards/{board}/leaderboard"), 3),
        Cost(4, to("/fe/esports/leaderboards/{made}/leaderboard"), rows=scene.board),
    ],
    "GET StatisticsViewSet.historic": [Cost(3, to("/fe/esports/statistics/historic"), rows=scene.history)],
    "GET StudioTournamentViewSet.list": [Cost(3, to(STUDIO), rows=scene.tournaments)],
    "POST StudioTournamentViewSet.create": [Cost(10, to(STUDIO, TERMS))],
    "GET StudioTournamentViewSet.retrieve": [Cost(3, to(f"{STUDIO}/{{over}}"))],
    "PATCH StudioTournamentViewSet.partial_update": [Cost(7, to(f"{STUDIO}/{{cup}}", {"title": "New"}))],
    "POST StudioTournamentViewSet.cancel": [Cost(18, to(f"{STUDIO}/{{field}}/cancel", REASON))],
    "GET StudioTournamentViewSet.leaderboard": [Cost(4, to(f"{STUDIO}/{{made}}/leaderboard"), rows=scene.board)],
    "POST StudioTournamentViewSet.scores": [Cost(9, _bulk, rows=scene.scores)],
    "GET StudioSeriesViewSet.list": [Cost(4, to("/s2s/esports/series"), rows=scene.many_series)],
    "POST StudioSeriesViewSet.create": [Cost(11, to("/s2s/esports/series", SERIES_TERMS))],
    "GET StudioSeriesViewSet.retrieve": [Cost(4, to("/s2s/esports/series/{series}"))],
    "PATCH StudioSeriesViewSet.partial_update": [Cost(15, to("/s2s/esports/series/{series}", {"title": "New"}))],
    "DELETE StudioSeriesViewSet.destroy": [Cost(9, to("/s2s/esports/series/{series}"))],
    "GET ClaimViewSet.claimable": [Cost(5, to("/fe/esports/rewards/claim"), rows=scene.rewards)],
    "POST ClaimViewSet.claim": [
        Cost(8, _claim, 8),
        Cost(7, _claim_all, rows=scene.rewards),
        Cost(10, _claim_all, before=scene.endpoint, rows=scene.rewards),
    ],
    "GET ResultViewSet.results": [Cost(4, to(f"{STUDIO}/{{made}}/results"), rows=scene.results)],
    "GET WebhookViewSet.list": [Cost(3, to("/s2s/webhooks"), rows=scene.endpoints, most=10)],
    "POST WebhookViewSet.create": [Cost(5, to("/s2s/webhooks", {"url": "http://127.0.0.1:9/"}))],
    "GET WebhookViewSet.retrieve": [Cost(4, to(WEBHOOK), rows=scene.deliveries)],
    "DELETE WebhookViewSet.destroy": [Cost(6, to(WEBHOOK), before=scene.endpoint)],
    "POST WebhookViewSet.rotate": [Cost(5, to(f"{WEBHOOK}/rotate"), before=scene.endpoint)],
    "POST WebhookViewSet.enable": [Cost(4, to(f"{WEBHOOK}/enable"), before=scene.disabled_endpoint)],
    "POST WebhookViewSet.test": [Cost(6, to(f"{WEBHOOK}/test"), before=scene.endpoint)],
    "POST DeliveryViewSet.replay": [Cost(5, to("/s2s/webhook-deliveries/{made}/replay"), before=scene.delivery)],
}
