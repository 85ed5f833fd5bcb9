"""What the tests of the floor share."""

import pytest

from tests.support.arena import Arena
from tests.support.calls import SERIES, SERIES_TERMS
from tests.support.http import StudioCaller


@pytest.fixture
def arena(studio: StudioCaller) -> Arena:
    """A game in play."""
    uid, spare_uid = studio.tournament(), studio.tournament()
    gamer, _ = studio.gamer("player-1"), studio.gamer("player-2")
    gamer.join(uid).ok()
    studio.deposit("player-1", 5, "known").ok(201)
    series_uid = studio.post(SERIES, SERIES_TERMS).ok(201)["series_uid"]
    return Arena(studio, gamer, uid, spare_uid, series_uid)
