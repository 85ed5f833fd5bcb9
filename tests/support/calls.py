"""Every call that takes a body or a query: what it would take, and its fields and parameters by kind."""

import json
from dataclasses import dataclass
from typing import Any

from tests.support.addresses import SERIES, TOURNAMENTS
from tests.support.inputs import (
    AMOUNT,
    ANY_OBJECT,
    CHOICE,
    DAY,
    EVENT_ID,
    FLAG,
    LIST,
    MOMENT,
    OBJECT,
    PROFILE,
    REASON,
    SIGNED,
    USER_ID,
    Kind,
    optional,
)

HOLDERS = (OBJECT, ANY_OBJECT, LIST)
SENTINEL = "@@here@@"


@dataclass(frozen=True)
class Call:
    """A call, a body that it would take, and its fields by kind."""

    method: str
    path: str
    audience: str
    body: dict[str, Any]
    groups: tuple[tuple[Kind, tuple[str, ...]], ...] = ()
    bulk: bool = False

    @property
    def name(self) -> str:
        """For the test's id."""
        return f"{self.method} {self.path}"

    def batches(self) -> list[list[tuple[Kind, str]]]:
        """The fields that can hold a value at the same time: all that hold no others, and each of the rest alone."""
        fields = [(kind, field) for kind, names in self.groups for field in names]
        holders = [[(kind, field)] for kind, field in fields if kind in HOLDERS]
        return [[(kind, field) for kind, field in fields if kind not in HOLDERS], *holders]

    def with_value(self, fields: tuple[str, ...], raw: str) -> bytes:
        """The body with `raw` in the place of each of these fields."""
        body: Any = json.loads(json.dumps(self.body))
        for field in fields:
            _put(body, field.split("."), SENTINEL)
        return json.dumps(body).replace(f'"{SENTINEL}"', raw).encode()


def _put(place: Any, path: list[str], value: Any) -> None:
    for name in path[:-1]:
        place = place[int(name) if isinstance(place, list) else name]
    place[int(path[-1]) if isinstance(place, list) else path[-1]] = value


SESSION_TEXTS = (
    "name",
    "username",
    "email",
    "device_id",
    "phonenumber",
    "date_joined",
    "playertag",
    "location",
    "location_name",
    "device_model",
    "screen_height",
    "screen_width",
    "os_name",
    "os_version",
    "browser_name",
    "fb_login",
    "google_login",
    "app_version",
)
SESSION_GROUPS = (
    (USER_ID, ("user_id",)),
    (PROFILE, SESSION_TEXTS),
    (optional(SIGNED), ("level", "rank")),
)
OLDER_SESSION_GROUPS = ((USER_ID, ("gamer_id",)), *SESSION_GROUPS[1:])
TIMES = tuple(f"{name}_at_timestamp" for name in ("schedules", "moves_to_lobby", "starts", "locks"))
OPTIONAL_TERMS = (
    (optional(Kind("text", 4000), blank=True), ("description",)),
    (optional(Kind("text", 200)), ("mode",)),
    (optional(CHOICE), ("score_order", "score_operator", "score_source", "tie_rule")),
    (optional(SIGNED), ("score_min", "score_max")),
    (optional(AMOUNT), ("min_participants", "sponsored_amount", "settlement_delay_seconds")),
)
OPTIONAL_OF_SERIES = (
    *OPTIONAL_TERMS,
    (optional(Kind("text", 200)), ("name",)),
    (optional(DAY), ("first_date", "last_date")),
    (optional(AMOUNT), ("schedules_before_seconds", "lobby_before_seconds", "locks_after_seconds")),
    (optional(FLAG), ("active",)),
)
FIXED_BAND = {"from_rank": 1, "to_rank": 1, "amount": 1}
TERMS: dict[str, Any] = {
    "title": "Cup",
    "buy_in_price": 10,
    "tournament_size": 10,
    "ends_at_timestamp": "2030-01-01T00:00:00Z",
    "prize_table": {"name": "own", "kind": "fixed", "bands": [FIXED_BAND]},
}
SCORE: dict[str, Any] = {
    "metadata": {"tournamentId": "{uid}", "playerId": "p", "gameId": "g", "eventId": "e"},
    "payload": {"score": {"value": 1}},
}
SERIES_TERMS: dict[str, Any] = {
    "title": "Daily cup",
    "buy_in_price": 10,
    "tournament_size": 10,
    "rule": "0 18 * * *",
    "time_zone": "Asia/Kolkata",
    "ends_after_seconds": 3600,
}
PLAY = "/fe/esports/tournaments/{uid}"

CALLS = [
    Call("POST", "/s2s/session", "studio", {"user_id": "player-1"}, SESSION_GROUPS),
    Call(
        "POST", "/api/v1/session", "studio", {"gamer_id": "player-1"}, ((USER_ID, ("gamer_id",)), *SESSION_GROUPS[1:])
    ),
    Call("DELETE", "/s2s/session", "studio", {"user_id": "nobody"}, ((USER_ID, ("user_id",)),)),
    Call(
        "POST",
        "/fe/users/auth/token/refresh",
        "anybody",
        {"refresh_token": "kgr_"},
        ((Kind("text", 4000), ("refresh_token",)),),
    ),
    Call("POST", "/s2s/gamers/player-2/suspend", "studio", {"reason": "r"}, ((REASON, ("reason",)),)),
    Call("POST", "/s2s/gamers/player-2/lift", "studio", {"reason": "r"}, ((REASON, ("reason",)),)),
    Call(
        "POST",
        "/s2s/wallet/deposits",
        "studio",
        {"user_id": "player-1", "amount": 1, "reference": "hostile"},
        ((USER_ID, ("user_id",)), (AMOUNT, ("amount",)), (Kind("reference", 255), ("reference",))),
    ),
    Call("POST", "/s2s/wallet/deposits/known/reverse", "studio", {}),
    Call(
        "POST",
        TOURNAMENTS,
        "studio",
        TERMS,
        (
            (Kind("text", 200), ("title",)),
            (AMOUNT, ("buy_in_price", "tournament_size")),
            (MOMENT, ("ends_at_timestamp",)),
            (optional(MOMENT), TIMES),
            *OPTIONAL_TERMS,
        ),
    ),
    Call(
        "PATCH",
        TOURNAMENTS + "/{spare_uid}",
        "studio",
        {},
        (
            (optional(Kind("text", 200)), ("title",)),
            (optional(AMOUNT), ("buy_in_price", "tournament_size")),
            (optional(MOMENT), ("ends_at_timestamp", *TIMES)),
            *OPTIONAL_TERMS,
        ),
    ),
    Call(
        "POST",
        SERIES,
        "studio",
        SERIES_TERMS,
        (
            (Kind("text", 200), ("title",)),
            (Kind("text", 100), ("rule",)),
            (Kind("text", 64), ("time_zone",)),
            (AMOUNT, ("buy_in_price", "tournament_size", "ends_after_seconds")),
            *OPTIONAL_OF_SERIES,
        ),
    ),
    Call(
        "PATCH",
        SERIES + "/{series_uid}",
        "studio",
        {},
        (
            (optional(Kind("text", 200)), ("title",)),
            (optional(Kind("text", 100)), ("rule",)),
            (optional(Kind("text", 64)), ("time_zone",)),
            (optional(AMOUNT), ("buy_in_price", "tournament_size", "ends_after_seconds")),
            *OPTIONAL_OF_SERIES,
        ),
    ),
    Call("POST", TOURNAMENTS + "/{spare_uid}/cancel", "studio", {}, ((optional(REASON, blank=True), ("reason",)),)),
    Call(
        "POST",
        TOURNAMENTS + "/{uid}/scores",
        "studio",
        {"scores": [{"user_id": "player-1", "value": 1, "event_id": "e"}]},
        (
            (LIST, ("scores",)),
            (OBJECT, ("scores.0",)),
            (USER_ID, ("scores.0.user_id",)),
            (SIGNED, ("scores.0.value",)),
            (optional(EVENT_ID), ("scores.0.event_id",)),
        ),
        bulk=True,
    ),
    Call("POST", "/s2s/store-codes/unknown/redeem", "studio", {}),
    Call("POST", "/fe/users/k-store/generate-redirect-uri", "gamer", {}),
    Call("POST", "/fe/analytics/px-tracker/events/level-up/drop", "gamer", {"level": 7}),
    Call("POST", PLAY + "/join", "gamer", {"joiningStake": 10}, ((AMOUNT, ("joiningStake",)),)),
    Call("POST", PLAY + "/leave", "gamer", {}),
    Call(
        "POST",
        PLAY + "/score",
        "gamer",
        SCORE,
        (
            (ANY_OBJECT, ("metadata",)),
            (OBJECT, ("payload",)),
            (OBJECT, ("payload.score",)),
            (optional(Kind("text", 100)), ("metadata.tournamentId", "metadata.tournamentUID")),
            (optional(Kind("text", 100_000), blank=True), ("metadata.playerId", "metadata.gameId")),
            (optional(EVENT_ID), ("metadata.eventId",)),
            (SIGNED, ("payload.score.value",)),
        ),
    ),
]
# A prize table tells of its first fault only, so its members are tried one by one.
BANDS = {
    "fixed": FIXED_BAND,
    "shares": {"from_rank": 1, "to_rank": 1, "share_bp": 1},
    "multiples": {"percent_bp": 1, "multiple_bp": 1},
}
TABLE_MEMBERS = [
    (Kind("table", null=True), "fixed", "prize_table"),
    (Kind("text", 200, blank=True, null=True), "fixed", "prize_table.name"),
    (CHOICE, "fixed", "prize_table.kind"),
    (LIST, "fixed", "prize_table.bands"),
    (OBJECT, "fixed", "prize_table.bands.0"),
    *((AMOUNT, kind, f"prize_table.bands.0.{member}") for kind, band in BANDS.items() for member in band),
]


def call_with_table(kind: str) -> Call:
    """Making a tournament with a prize table of this kind."""
    return Call("POST", TOURNAMENTS, "studio", TERMS | {"prize_table": {"kind": kind, "bands": [BANDS[kind]]}})


# Lists and the parameters that they read, by kind.
LIST_CALLS: dict[str, tuple[str, dict[str, str]]] = {
    PLAY.removesuffix("{uid}") + "active": (
        "gamer",
        {
            "status": "choice",
            "ordering": "choice",
            "title": "text",
            "buy_in_price": "number",
            "buy_in_price_min": "number",
            "buy_in_price_max": "number",
            "limit": "limit",
            "cursor": "cursor",
        },
    ),
    PLAY.removesuffix("{uid}") + "participated": ("gamer", {"limit": "limit", "cursor": "cursor"}),
    PLAY + "/leaderboard": ("gamer", {"limit": "limit", "cursor": "cursor", "around": "word"}),
    "/fe/esports/leaderboards/{uid}/leaderboard": (
        "gamer",
        {"limit": "limit", "cursor": "cursor", "around": "word"},
    ),
    "/fe/esports/statistics/historic": ("gamer", {"limit": "limit", "cursor": "cursor"}),
    "/fe/wallet/transactions": (
        "gamer",
        {"limit": "limit", "last_evaluated_key": "cursor", "type": "word", "direction": "word"},
    ),
    TOURNAMENTS: ("studio", {"limit": "limit", "cursor": "cursor"}),
    SERIES: ("studio", {"limit": "limit", "cursor": "cursor"}),
    TOURNAMENTS + "/{uid}/leaderboard": ("studio", {"limit": "limit", "cursor": "cursor"}),
    "/s2s/wallet/player-1/transactions": (
        "studio",
        {"limit": "limit", "last_evaluated_key": "cursor", "type": "word", "direction": "word"},
    ),
}
