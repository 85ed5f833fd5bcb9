"""Killed at any commit, then tried again with the same key: always the state of an undisturbed run."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.management import call_command

from esports.models import Participation, Seats
from rewards.models import Reward
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.crashing import Point, every_point
from tests.support.http import GamerCaller, StudioCaller
from wallet.models import Transaction

pytestmark = pytest.mark.usefixtures("committed")


@dataclass
class Scene:
    """A tournament with three gamers, made anew for every point of death."""

    studio: StudioCaller
    number: int = 0
    uid: str = ""
    gamers: list[GamerCaller] = field(default_factory=list)

    def begin(self, *, joined: int = 0, scored: bool = False) -> None:
        """A new tournament and new gamers, the first `joined` of them in it."""
        self.number += 1
        self.uid = self.studio.tournament(title=f"Cup {self.number}")
        self.gamers = [self.studio.gamer(f"g{self.number}-{n}") for n in range(3)]
        for n, gamer in enumerate(self.gamers[:joined]):
            gamer.join(self.uid).ok()
            if scored:
                gamer.score(self.uid, 100 - n).ok()

    def key(self) -> str:
        """One key for every try of this scene."""
        return f"scene-{self.number}"

    def state(self) -> dict[str, Any]:
        """All that a run may leave behind, without what names this scene."""
        ids = [gamer.session["wallet_address"] for gamer in self.gamers]
        kinds = Transaction.objects.filter(wallet__address__in=ids).order_by("created_at")
        participations = Participation.objects.filter(tournament=self.uid).order_by("gamer__user_id", "joined_at")
        return {
            "buckets": [gamer.buckets() for gamer in self.gamers],
            "transactions": sorted(kinds.values_list("kind", flat=True)),
            "seats": Seats.objects.get(pk=self.uid).taken,
            "stays": [
                (participation.left_at is not None, participation.score, participation.final_rank, participation.prize)
                for participation in participations
            ],
            "rewards": list(
                Reward.objects.filter(tournament=self.uid).order_by("rank").values_list("rank", "amount", "status")
            ),
        }


@pytest.fixture
def scene(studio: StudioCaller) -> Scene:
    return Scene(studio)


def prove(scene: Scene, prepare: Callable[[], None], action: Callable[[], object], *, least: int) -> None:
    """Compare the end of every killed and repeated run with an undisturbed one."""
    prepare()
    action()
    undisturbed = scene.state()

    def check(point: Point) -> None:
        action()
        assert scene.state() == undisturbed, (point, json.dumps(scene.state(), default=str))

    assert every_point(action, prepare, check) >= least
    call_command("verify_ledger")


def test_a_join_killed_at_any_statement_is_whole_or_absent(scene: Scene) -> None:
    prove(scene, scene.begin, lambda: scene.gamers[0].join(scene.uid, key=scene.key()).ok(), least=2)


def test_a_leave_killed_at_any_statement_is_whole_or_absent(scene: Scene) -> None:
    prove(
        scene,
        lambda: scene.begin(joined=2),
        lambda: scene.gamers[0].leave(scene.uid, key=scene.key()).ok(),
        least=2,
    )


def test_a_score_killed_at_any_statement_is_whole_or_absent(scene: Scene) -> None:
    prove(
        scene,
        lambda: scene.begin(joined=1),
        lambda: scene.gamers[0].score(scene.uid, 7, key=scene.key()).ok(),
        least=2,
    )


def test_a_settlement_killed_at_any_statement_is_whole_or_absent(scene: Scene) -> None:
    def prepare() -> None:
        scene.begin(joined=3, scored=True)
        end(scene.uid)

    prove(scene, prepare, settle_due, least=2)


def test_a_claim_killed_at_any_statement_is_whole_or_absent(scene: Scene) -> None:
    def prepare() -> None:
        scene.begin(joined=3, scored=True)
        end(scene.uid)
        settle_due()

    claim = "/fe/esports/rewards/claim"
    prove(scene, prepare, lambda: scene.gamers[0].post(claim, key=scene.key()).ok(), least=2)
