"""How many new gamers a client may open on one day (bonus farming); known ones are never refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F, Sum

from tests.support.http import StudioCaller
from tests.support.rows import snapshot
from users.models import Gamer, NewGamers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_a_day(settings: Any) -> None:
    """A small limit."""
    settings.NEW_GAMERS_PER_DAY = 3


def test_a_new_gamer_over_the_limit_is_refused_and_nothing_is_written(studio: StudioCaller) -> None:
    for number in range(3):
        assert studio.gamer(f"u{number}").session["is_new_user"] is True
    before = snapshot()
    for path in ("/s2s/session", "/api/v1/session"):
        answer = studio.post(path, {"user_id": "one too many"})
        answer.refused(429, "RATE_LIMITED")
        assert 1 <= int(answer.headers["Retry-After"]) <= 24 * 3600
    assert snapshot() == before
    assert NewGamers.objects.aggregate(total=Sum("count")) == {"total": 3}


def test_the_limit_spares_known_gamers_and_other_clients(studio: StudioCaller, other_studio: StudioCaller) -> None:
    gamers = [studio.gamer(f"u{number}") for number in range(3)]
    studio.post("/s2s/session", {"user_id": "v"}).refused(429, "RATE_LIMITED")
    for gamer in gamers:
        assert studio.gamer(gamer.user_id).session["session_id"] == gamer.session["session_id"]
        gamer.balance()
    for number in range(3):
        other_studio.gamer(f"u{number}")
    assert Gamer.objects.count() == 6


def test_the_limit_starts_again_on_the_next_day(studio: StudioCaller) -> None:
    for number in range(3):
        studio.gamer(f"u{number}")
    studio.post("/s2s/session", {"user_id": "v"}).refused(429, "RATE_LIMITED")
    NewGamers.objects.update(day=F("day") - timedelta(days=1))
    assert studio.gamer("v").session["is_new_user"] is True


def test_a_limit_of_zero_means_no_limit(studio: StudioCaller, settings: Any) -> None:
    settings.NEW_GAMERS_PER_DAY = 0
    for number in range(6):
        studio.gamer(f"u{number}")
    assert Gamer.objects.count() == 6
