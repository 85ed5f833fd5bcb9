"""Tournaments that are played and settled, and what the client's accounts then hold."""

from uuid import UUID

from rewards.models import Settlement
from rewards.services.settling import settle_due, settle_tournament
from tests.support.clock import end
from tests.support.http import GamerCaller, StudioCaller
from wallet.models import Account
from wallet.selectors import system_balance

# A prize table: the first two ranks win 31 each.
TWO_WIN = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 2, "amount": 31}]}


def settle(uid: str) -> Settlement | None:
    """Settle inside a test's own transaction."""
    settled: Settlement | None = settle_tournament(tournament_id=UUID(uid))
    return settled


def play(studio: StudioCaller, uid: str, scores: dict[str, int | None]) -> dict[str, GamerCaller]:
    """Gamers join and post these scores; None posts none."""
    callers = {name: studio.gamer(name) for name in scores}
    for name, caller in callers.items():
        caller.join(uid).ok()
        if scores[name] is not None:
            caller.score(uid, scores[name]).ok()
    return callers


def held(kind: str) -> int:
    """What a client's system account holds."""
    return sum(system_balance(pk) for pk in Account.objects.filter(kind=kind).values_list("pk", flat=True))


def winner(studio: StudioCaller, tournaments: int = 1) -> GamerCaller:
    """A gamer who has won 10 in each of so many tournaments."""
    callers: dict[str, GamerCaller] = {}
    for number in range(tournaments):
        uid = studio.tournament(title=f"Cup {number}")
        callers = play(studio, uid, {"a": 3, "b": 2, "c": 1})
        end(uid)
    settle_due()
    return callers["a"]
