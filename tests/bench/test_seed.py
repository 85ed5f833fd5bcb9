"""The benchmark's game is a game: the ledger proves, and its gamers can play."""

import pytest

from benchmarks import seed
from tests.support.http import StudioCaller
from tests.support.threads import ledger_faults


@pytest.mark.usefixtures("committed")
def test_the_seeded_game_proves_and_its_gamers_can_join() -> None:
    world = seed.make_world(1, gamers=6, crowd=3)
    seed.fill(world, seed.open_tournament(world.client, size=6), scored=True)
    assert ledger_faults() == []
    caller = StudioCaller.of(world.client)
    gamer = caller.gamer("player-6")
    gamer.join(seed.open_tournament(world.client, size=6).uid, seed.STAKE).ok()
    assert ledger_faults() == []
