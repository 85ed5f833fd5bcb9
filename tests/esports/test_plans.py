"""Every hot statement finds its rows by an index, in a database of a year's play, with and without known values."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from benchmarks import seed
from benchmarks.seed import World
from esports.selectors import ranks
from esports.selectors.around import near
from esports.selectors.boards import following, leaderboard, standings_of, top
from esports.selectors.history import history_page, participated_page
from esports.selectors.ranks import counted_ranks
from esports.selectors.tournaments import (
    NEWEST_FIRST,
    active_tournaments,
    cancellations_due,
    see,
    settlements_due,
    tournament_page,
    tournaments_of_client,
)
from esports.services import joining, scoring
from kgen.clock import database_now
from kgen.valkey import valkey
from rewards.selectors import claimable
from rewards.services.claiming import claim_rewards
from tests.support import factories
from users.models import Gamer
from users.selectors import players_of_claims, sessions_due_to_expire
from users.services.opening import Opening, open_together
from wallet.selectors import withdrawals as withdrawal_selectors
from wallet.selectors.balances import balances_of
from wallet.selectors.statements import statement_page
from wallet.services.deposits import deposit

GAMERS, CROWD = 15_000, 10_000
# With statistics of what was just written: no row of these may be found by reading them all.
BIG = frozenset(
    {
        "esports_participation",
        "esports_scoreevent",
        "users_gamer",
        "users_gamersession",
        "wallet_account",
        "wallet_posting",
        "wallet_transaction",
        "wallet_wallet",
        "wallet_withdrawal",
        "rewards_reward",
    }
)
# What may be sorted at once: a page and a bulk call, and what the planner takes either for.
MOST_SORTED = 2_000
MANY = 200
# What PostgreSQL reckons for planning a statement of a handful of tables.
PLANNING_COST = 20


class Grown:
    """A game that has been played for long."""

    def __init__(self, world: World) -> None:
        self.world, self.client = world, world.client
        self.main, self.large = UUID(world.main.uid), UUID(world.large.uid)
        self.players = [
            player
            for player in players_of_claims(
                [(self.id("session", number), self.id("gamer", number), world.client.pk) for number in range(1, MANY)]
            )
            if player is not None
        ]
        assert len(self.players) == MANY - 1

    def id(self, kind: str, number: int) -> UUID:
        """The id of one row."""
        return UUID(self.world.id(kind, number))

    def gamer(self, number: int) -> Gamer:
        """One of them."""
        return Gamer.objects.get(pk=self.id("gamer", number))


@pytest.fixture(scope="module")
def grown(django_db_setup: None, django_db_blocker: Any) -> Iterator[Grown]:
    """Filled once, in a transaction that never commits."""
    with django_db_blocker.unblock():
        try:
            with _undone():
                yield Grown(_fill())
        finally:
            connection.close()


@contextmanager
def _undone() -> Iterator[None]:
    """A transaction that is rolled back, and in which journeys may run, as in Django's own test cases."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def _fill() -> World:
    client = factories.ClientFactory()
    seed.ledger.system_account(client_id=client.pk, currency=client.currency, kind=seed.ledger.SystemAccount.PROMOTIONS)
    main = seed.open_tournament(client, size=GAMERS + 1_000)
    large = seed.open_tournament(client, size=GAMERS + CROWD, stake=0)
    world = World(1, client, "", GAMERS, CROWD, main, large)
    seed.run_sql("world.sql", world.variables())
    with connection.cursor() as cursor:
        for statement in _MORE:
            cursor.execute(statement, {"client": client.pk, "main": main.uid, "gamers": GAMERS})
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(f"ANALYZE {', '.join(sorted(BIG))}, esports_tournament, esports_seats")
    return world


_MORE = [
    """INSERT INTO esports_scoreevent (client_id, participation_id, value, event_id, source, accepted_at, standing)
       SELECT %(client)s, id, n, 'event-' || n, 'gamer', now(), n
         FROM esports_participation, generate_series(1, 9) AS n WHERE tournament_id = %(main)s""",
    """INSERT INTO rewards_reward (id, client_id, tournament_id, participation_id, gamer_id, rank, amount, currency,
                                   status, created_at, updated_at)
       SELECT gen_random_uuid(), client_id, tournament_id, id, gamer_id, row_number() OVER (), 5, 'KCASH',
              CASE WHEN random() < 0.5 THEN 'CLAIMED' ELSE 'UNCLAIMED' END, now(), now()
         FROM esports_participation WHERE tournament_id = %(main)s""",
    """INSERT INTO wallet_withdrawal (id, client_id, wallet_id, amount, currency, destination, account_id, rail, state,
                                      review, created_at, updated_at, settled_at, next_step, next_attempt_at, fence,
                                      tries, reason, rail_reference, clear_reason)
       SELECT gen_random_uuid(), client_id, id, 5, 'KCASH', '0x' || repeat('0', 40), gen_random_uuid(), 'internal',
              'PAID', '', now(), now(), now(), 'send', now(), 0, 0, '', '', ''
         FROM wallet_wallet WHERE client_id = %(client)s""",
]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def _faults(plan: dict[str, Any]) -> list[str]:
    faults = []
    for node in _nodes(plan):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG:
            faults.append(f"reads all of {node['Relation Name']}")
        if node["Node Type"] in {"Sort", "Incremental Sort"} and node["Plan Rows"] > MOST_SORTED:
            faults.append(f"sorts {node['Plan Rows']} rows")
    return faults


class Watch:
    """Asks for the plans of all statements that run under it."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.seen = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", sql):
            self.seen += 1
            known = _plan(f"EXPLAIN (FORMAT JSON) {sql}", params)
            self._check("its values", known, sql)
            numbers = count(1)
            anonymous = re.sub("%s", lambda _: f"${next(numbers)}", sql).replace("%%", "%")
            generic = _plan(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {anonymous}", None)
            # PostgreSQL takes it for a prepared statement only where it costs no more than to plan each time anew.
            if generic["Total Cost"] <= known["Total Cost"] + PLANNING_COST:
                self._check("any values", generic, sql)
        return execute(sql, params, many, context)

    def _check(self, values: str, plan: dict[str, Any], sql: str) -> None:
        self.faults += [f"with {values}: {fault}: {' '.join(sql.split())}" for fault in _faults(plan)]


def _plan(explain: str, params: Any) -> dict[str, Any]:
    assert connection.connection is not None
    with connection.connection.cursor() as cursor:
        cursor.execute(explain, params or None, prepare=False)
        [[whole]] = cursor.fetchall()
        plan: dict[str, Any] = whole[0]["Plan"]
    return plan


def _positions(grown: Grown) -> list[Any]:
    return list(standings_of([(grown.large, player.pk) for player in grown.players]).values())


def _catch_up(grown: Grown) -> None:
    board = ranks.Board(grown.large)
    for _ in range(2):
        valkey().delete(board.fresh)
        board.catch_up(may_build=True)
    valkey().delete(board.ranks, board.members, board.mark, board.fresh)


def _leave(grown: Grown) -> None:
    joining.leave_together(leaves=[joining.Leave(player, grown.main) for player in grown.players])


def _join(grown: Grown) -> None:
    cup = UUID(seed.open_tournament(grown.client, size=MANY).uid)
    joined = joining.join_together(joins=[joining.Join(player, cup, seed.STAKE) for player in grown.players])
    assert joined == [None] * len(grown.players)
    left = joining.leave_together(leaves=[joining.Leave(player, cup) for player in grown.players])
    assert left == [None] * len(grown.players)


def _scores(grown: Grown) -> None:
    posted = [scoring.Score(player, grown.main, 5, f"event-{at % 20}") for at, player in enumerate(grown.players)]
    scoring.post_together(scores=posted)


def _bulk(grown: Grown) -> None:
    rows = [scoring.Posted(f"player-{number}", number, f"new-{number}") for number in range(1, 1_001)]
    results = scoring.post_scores(client_id=grown.client.pk, uid=str(grown.main), scores=rows)
    assert {result.status for result in results} == {"accepted"}


def _sessions(grown: Grown) -> None:
    names = [*(f"player-{number}" for number in range(1, 50)), *(f"new-{number}" for number in range(50))]
    opened = open_together(openings=[Opening(grown.client, name) for name in names])
    assert len(opened) == len(names)


def _page_of_board(grown: Grown) -> None:
    seen = see(grown.large)
    assert seen is not None
    for around_me in (False, True):
        leaderboard(
            seen.tournament,
            gamer_id=grown.id("gamer", 7),
            around_me=around_me,
            scope="",
            cursor=None,
            limit=100,
        )


def _lists(grown: Grown) -> None:
    tournament_page(active_tournaments(grown.client.pk), NEWEST_FIRST, scope="", cursor=None, limit=100)
    tournament_page(tournaments_of_client(grown.client.pk), NEWEST_FIRST, scope="", cursor=None, limit=100)
    participated_page(grown.id("gamer", 7), scope="", cursor=None, limit=100)
    history_page(grown.id("gamer", 7), scope="", cursor=None, limit=100)


def _statement(grown: Grown) -> None:
    for kind, direction in ((None, None), ("JOIN", None), (None, "CREDIT"), (None, "DEBIT")):
        statement_page(grown.id("wallet", 7), kind=kind, direction=direction, scope="", cursor=None, limit=100)


def _withdrawals(grown: Grown) -> None:
    wallet = grown.id("wallet", 7)
    list(withdrawal_selectors.withdrawals_due(database_now(), ["internal"])[:1])
    withdrawal_selectors.withdrawal_page(wallet, scope="", cursor=None, limit=100)
    withdrawal_selectors.has_open_withdrawal(wallet)
    withdrawal_selectors.withdrawn_on_day(wallet, database_now())


CALLS: dict[str, Callable[[Grown], Any]] = {
    "scores": _scores,
    "bulk scores": _bulk,
    "join and leave": _join,
    "leave with a score": _leave,
    "sessions": _sessions,
    "players": lambda grown: players_of_claims([(player.pk, player.pk, player.client_id) for player in grown.players]),
    "balances": lambda grown: balances_of([player.wallet_id for player in grown.players]),
    "statement": _statement,
    "deposit": lambda grown: deposit(
        client_id=grown.client.pk, wallet_id=grown.id("wallet", 7), amount=5, reference="a deposit"
    ),
    "top": lambda grown: top(grown.large, 101),
    "following": lambda grown: following(grown.large, _positions(grown)[0].key, 101),
    "near": lambda grown: near(grown.large, _positions(grown), [5_000] * (MANY - 1), 100),
    "board": _page_of_board,
    "counted ranks": lambda grown: counted_ranks(grown.large, [found.position for found in _positions(grown)]),
    "sorted set": _catch_up,
    "lists": _lists,
    "claim": lambda grown: (claimable(grown.id("gamer", 7)), claim_rewards(gamer=grown.gamer(7))),
    "withdrawals": _withdrawals,
    "due": lambda grown: (
        cancellations_due(100),
        settlements_due(100),
        list(sessions_due_to_expire(database_now(), 100)),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_a_call_asks_is_found_by_an_index(grown: Grown, name: str) -> None:
    watch = Watch()
    with _undone(), connection.execute_wrapper(watch):
        CALLS[name](grown)
    assert watch.seen
    assert watch.faults == []
