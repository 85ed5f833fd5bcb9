"""Seeds a game and what the calls use up, in this process or as a program that takes orders on a pipe.

`--against` runs this file by its path with the packages of another revision. It therefore imports nothing of its own
tree, and of `benchmarks.seed`, which is then that revision's, it uses only `make_world`, `open_tournament`, `fill`,
`end`, `ask`, `STAKE` and the facts of a world: these keep their names.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import IO, Any

from django.db import connection

# Pays everybody back 90 % of the stake, so that everybody has something to claim.
ALL_WIN = {"kind": "multiples", "bands": [{"percent_bp": 10_000, "multiple_bp": 9_000}]}
SETTLED_WITHIN_SECONDS = 120

_REWARDS = """
SELECT gamer.user_id, reward.id::text
  FROM rewards_reward reward JOIN users_gamer gamer ON gamer.id = reward.gamer_id
 WHERE reward.status = 'UNCLAIMED' AND gamer.client_id = %s
"""


class SeedingFailed(Exception):
    """The product did not do its part in time."""


class Seeder:
    """One game in the database. `seed` is the module `benchmarks.seed` of the revision that runs here."""

    def __init__(self, seed: Any) -> None:
        self._seed = seed
        self._tournaments: dict[str, Any] = {}
        self.world: Any = None

    def make_world(self, number: int, gamers: int, crowd: int) -> dict[str, Any]:
        """Seed a whole game; its facts, which JSON can hold (see `loads.Game`)."""
        self.world = world = self._seed.make_world(number, gamers=gamers, crowd=crowd)
        return {
            "client_id": str(world.client.pk),
            "secret": world.secret,
            "gamers": world.gamers,
            "stake": self._seed.STAKE,
            "main": world.main.uid,
            "large": world.large.uid,
            "tokens": list(world.tokens.items()),
        }

    def open_tournament(self) -> str:
        """A tournament with a seat for everybody; its id."""
        return str(self._open().uid)

    def _open(self, **terms: Any) -> Any:
        tournament = self._seed.open_tournament(self.world.client, size=self.world.gamers, **terms)
        self._tournaments[tournament.uid] = tournament
        return tournament

    def fill_tournament(self, uid: str) -> None:
        """Everybody who is not in it joins."""
        self._seed.fill(self.world, self._tournaments[uid], scored=False)

    def settle_for_all(self) -> None:
        """A tournament that everybody wins in is settled by the worker.

        :raises SeedingFailed: it was not settled in time.
        """
        tournament = self._open(table=ALL_WIN)
        self._seed.fill(self.world, tournament, scored=True)
        self._seed.end(tournament)
        give_up_at = time.monotonic() + SETTLED_WITHIN_SECONDS
        while self._seed.ask("SELECT settled_at IS NULL FROM esports_tournament WHERE id = %s", tournament.uid)[0]:
            if time.monotonic() > give_up_at:
                raise SeedingFailed(f"the worker has not settled a tournament within {SETTLED_WITHIN_SECONDS} s")
            time.sleep(0.2)

    def make_rewards(self) -> list[tuple[int, str]]:
        """Rewards that nobody has claimed, one or more for everybody: the gamer's number and the reward's id."""
        self.settle_for_all()
        with connection.cursor() as cursor:
            cursor.execute(_REWARDS, [str(self.world.client.pk)])
            return [(int(user_id.removeprefix("player-")), reward) for user_id, reward in cursor.fetchall()]


def serve(seeder: Seeder, orders: IO[str], answers: IO[str]) -> None:
    """Obey orders until there are no more: a line `[method, arguments]` gives a line `{"result"}` or `{"error"}`."""
    for line in orders:
        method, arguments = json.loads(line)
        try:
            answer = {"result": getattr(seeder, method)(*arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(f"{json.dumps(answer)}\n")
        answers.flush()


def main() -> None:
    """Obey orders from standard input; what the product prints goes to standard error."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        import django

        django.setup()
        from benchmarks import seed

        serve(Seeder(seed), sys.stdin, answers)


if __name__ == "__main__":
    main()
