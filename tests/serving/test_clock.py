"""A server with a wrong clock: the database's clock decides."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kgen.clock import database_now
from tests.support.http import GamerCaller, StudioCaller
from tests.support.time import move
from tests.support.web import serving_after

pytestmark = pytest.mark.usefixtures("committed")

WRONG = """
import datetime, time
right, true = time.time, datetime.datetime
class Wrong(true):
    @classmethod
    def now(cls, tz=None):
        return true.now(tz) + datetime.timedelta(hours={hours})
datetime.datetime, time.time = Wrong, lambda: right() + {hours} * 3600
"""


@pytest.mark.parametrize("hours", [-5, 5])
def test_windows_and_times_come_from_the_database_clock(
    tmp_path: Path, studio: StudioCaller, gamer: GamerCaller, hours: int
) -> None:
    uid = studio.tournament()
    at = f"/fe/esports/tournaments/{uid}"
    score = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": 7}}}
    with serving_after(tmp_path, WRONG.format(hours=hours)) as web:
        move(uid, schedules_at=-60, moves_to_lobby_at=-60, starts_at=-60, locks_at=3600, ends_at=7200)
        assert web.ask("POST", f"{at}/join", gamer.headers, {"joiningStake": 10}).status == 200
        assert web.ask("POST", f"{at}/score", gamer.headers, score).status == 200
        assert web.ask("GET", at, gamer.headers).json["tournament_status"] == "STARTED"
        opened = web.ask("POST", "/s2s/session", studio.headers, {"user_id": "new"}).json
        assert abs(datetime.fromisoformat(opened["session_start_time"]) - database_now()) < timedelta(minutes=1)
        assert web.ask("GET", at, {"user-jwt-token": opened["access_token"]}).status == 200
        move(uid, schedules_at=-60, moves_to_lobby_at=-60, starts_at=-60, locks_at=-30, ends_at=-1)
        web.ask("POST", f"{at}/score", gamer.headers, score).refused(400, "TOURNAMENT_IS_NOT_LIVE")
        assert web.ask("GET", at, gamer.headers).json["tournament_status"] == "CANCELLED"
