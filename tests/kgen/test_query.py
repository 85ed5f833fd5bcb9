"""Query parameters: `status` takes several values; any other that is repeated has no single meaning."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.arena import Arena
from tests.support.http import StudioCaller

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("audience", "path"),
    [
        ("gamer", "/fe/wallet/balance?a=1&a=1"),
        ("gamer", "/fe/wallet/balance?a=1&%61=2"),
        ("gamer", "/fe/wallet/transactions?limit=1&limit=2"),
        ("gamer", "/fe/wallet/transactions?limit=1&limit=1"),
        ("gamer", "/fe/esports/tournaments/active?title=a&title=b"),
        ("gamer", "/fe/esports/tournaments/{uid}?status=LOBBY&status=STARTED"),
        ("gamer", "/fe/esports/tournaments/{uid}/leaderboard?around=me&around=me"),
        ("studio", "/s2s/esports/tournaments?cursor=&cursor="),
        ("studio", "/s2s/webhooks?x&x"),
    ],
)
def test_a_repeated_parameter_is_refused_by_name(arena: Arena, audience: str, path: str) -> None:
    caller = arena.gamer if audience == "gamer" else arena.studio
    problem = caller.get(path.replace("{uid}", arena.uid)).refused(400, "BAD_REQUEST")
    assert [fault["code"] for fault in problem["errors"]] == ["repeated"]


def test_credentials_are_checked_before_the_query(arena: Arena) -> None:
    arena.gamer.get("/fe/wallet/balance?a=1&a=2", headers={"user-jwt-token": "x"}).refused(401, "UN_AUTHORIZED")


def test_a_post_with_a_repeated_parameter_changes_nothing(arena: Arena) -> None:
    path = f"/fe/esports/tournaments/{arena.spare_uid}/join?x=1&x=2"
    arena.gamer.post(path, {"joiningStake": 10}).refused(400, "BAD_REQUEST")
    assert arena.spare_uid not in arena.gamer.get("/fe/esports/tournaments/participated").ok()


def test_the_active_tournaments_of_several_statuses_are_listed(studio: StudioCaller) -> None:
    gamer, now = studio.gamer("g"), datetime.now(UTC)
    for title, lobby, starts in (("later", 30, 60), ("lobby", -1, 60), ("now", -2, -1)):
        times = {"schedules": -10, "moves_to_lobby": lobby, "starts": starts}
        studio.tournament(
            title=title,
            **{f"{name}_at_timestamp": (now + timedelta(minutes=at)).isoformat() for name, at in times.items()},
        )

    def listed(query: str) -> set[str]:
        return {row["title"] for row in gamer.get(f"/fe/esports/tournaments/active?{query}").ok()}

    assert listed("status=LOBBY&status=STARTED") == {"lobby", "now"}
    assert listed("status=SCHEDULED") == {"later"}
    assert listed("status=SCHEDULED&status=SCHEDULED&status=STARTED") == {"later", "now"}
    assert listed("status=") == listed("status=&status=") == {"later", "lobby", "now"}
    assert listed("status=&status=LOBBY") == {"lobby"}
    problem = gamer.get("/fe/esports/tournaments/active?status=LOBBY&status=X").refused(400, "BAD_REQUEST")
    assert [fault["field"] for fault in problem["errors"]] == ["status"]


def test_a_cursor_belongs_to_its_statuses(studio: StudioCaller) -> None:
    gamer = studio.gamer("g")
    for index in range(3):
        studio.tournament(title=f"cup {index}")
    path = "/fe/esports/tournaments/active?limit=1&status=STARTED&status=LOBBY"
    cursor = gamer.get(path).headers["X-Next-Cursor"]
    assert len(gamer.get(f"{path}&cursor={cursor}").ok()) == 1
    other = f"/fe/esports/tournaments/active?limit=1&status=STARTED&cursor={cursor}"
    gamer.get(other).refused(400, "BAD_REQUEST")
    # The order of the values does not matter.
    swapped = "/fe/esports/tournaments/active?limit=1&status=LOBBY&status=STARTED"
    assert len(gamer.get(f"{swapped}&cursor={cursor}").ok()) == 1
