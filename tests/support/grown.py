"""A game of a year's play, and a watch over the plans of whatever is asked of it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID

from django.db import connection

from benchmarks import seed
from benchmarks.seed import World
from esports.models import Tournament
from rewards.models import Reward, RewardStatus
from tests.support import factories
from tests.support.http import GamerCaller, StudioCaller
from tests.support.undone import undone
from users.models import Gamer
from users.selectors import gamers_of_claims
from wallet.models import PostingMark

GAMERS, CROWD = 15_000, 10_000
# With statistics of what was just written: no row of these may be found by reading them all.
BIG = frozenset(
    {
        "esports_leaderboardrow",
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
        "kgen_auditentry",
        "kgen_webhookdelivery",
        "kgen_webhookevent",
        "wallet_adjustment",
        "wallet_deposit",
    }
)
# What may be sorted at once: a page and a bulk call, and what the planner takes either for.
MOST_SORTED = 2_000
# So much of a table may be read on the way to a limit.
SOON = 0.2
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
            for player in gamers_of_claims(
                [(self.id("session", number), self.id("gamer", number), world.client.pk) for number in range(1, MANY)]
            )
            if player is not None
        ]
        assert len(self.players) == MANY - 1
        # What the players have won and can claim, by gamer.
        won = Reward.objects.filter(client=world.client, status=RewardStatus.UNCLAIMED)
        self.won = dict(won.values_list("gamer_id", "id"))

    def caller(self, number: int) -> GamerCaller:
        """One of them, in a game client."""
        tokens = seed._tokens(self.world)
        token = next(token for known, token in tokens if known == number)
        return GamerCaller({"user-jwt-token": token}, f"player-{number}")

    def studio(self) -> StudioCaller:
        """Their game's server."""
        return StudioCaller.of(self.client)

    def id(self, kind: str, number: int) -> UUID:
        """The id of one row."""
        return UUID(self.world.id(kind, number))

    def gamer(self, number: int) -> Gamer:
        """One of them."""
        return Gamer.objects.get(pk=self.id("gamer", number))


@contextmanager
def grown_game() -> Iterator[Grown]:
    """One, in a transaction that never commits."""
    try:
        with undone():
            yield Grown(_fill())
    finally:
        connection.close()


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
        # As after the duty that brings the totals of the postings forward.
        newest = seed.ask("SELECT max(id) FROM wallet_posting")[0]
        PostingMark.objects.create(pk=1, counted=newest, goal=newest)
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(f"ANALYZE {', '.join(sorted(BIG))}, esports_tournament, esports_seats")
    return world


_TOURNAMENT = ", ".join(field.column for field in Tournament._meta.concrete_fields if not field.generated)
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
              CASE hashtext(address) %% 5 WHEN 0 THEN 'FAILED' ELSE 'PAID' END, '', at, at, at, 'send', now(), 0, 0,
              '', '', ''
         FROM (SELECT *, now() - (hashtext(address) & 8191) * interval '1 hour' AS at FROM wallet_wallet) AS wallet
        WHERE client_id = %(client)s""",
    """INSERT INTO wallet_deposit (id, client_id, wallet_id, reference, amount, created_at)
       SELECT gen_random_uuid(), client_id, id, 'd-' || id, 5, now() FROM wallet_wallet WHERE client_id = %(client)s""",
    """INSERT INTO wallet_adjustment (id, client_id, wallet_id, bucket, direction, amount, reason, requested_by,
                                      created_at, state, decided_by, decided_at, note)
       SELECT gen_random_uuid(), client_id, id, 'bought', 'CREDIT', 5, 'a gift', (random() * 50)::int,
              now(), CASE hashtext(address) %% 5 WHEN 0 THEN 'REJECTED' ELSE 'APPROVED' END, 99, now(), 'agreed'
         FROM wallet_wallet WHERE client_id = %(client)s""",
    """INSERT INTO kgen_auditentry (at, operator_id, operator_name, act, object_type, object_id, object_label,
                                    client_id, reason, request_id)
       SELECT now() - n * interval '1 minute', n %% 50, 'somebody', 'gamer.note', 'users.gamer', n, '', %(client)s,
              '', md5(n::text) FROM generate_series(1, %(gamers)s) AS n""",
    """INSERT INTO kgen_webhookendpoint (id, client_id, url, event_types, secret_version, created_at)
       SELECT gen_random_uuid(), %(client)s, 'http://127.0.0.1:9/' || n, '[]', 1, now()
         FROM generate_series(1, 5) AS n""",
    """INSERT INTO kgen_webhookevent (id, client_id, type, data, created_at)
       SELECT gen_random_uuid(), %(client)s, 'reward.claimed', '{}', now() FROM generate_series(1, %(gamers)s) AS n""",
    """INSERT INTO kgen_webhookdelivery (id, endpoint_id, event_id, state, tries, next_attempt_at, give_up_at,
                                         last_error)
       SELECT gen_random_uuid(), endpoint.id, event.id, 'DELIVERED', 1, now(), now(), ''
         FROM kgen_webhookevent event, kgen_webhookendpoint endpoint""",
    """CREATE TEMP TABLE old ON COMMIT DROP AS
       SELECT gen_random_uuid() AS id, n FROM generate_series(1, 5000) AS n""",
    f"""INSERT INTO esports_tournament ({_TOURNAMENT})
       SELECT {_TOURNAMENT} FROM (
         SELECT (jsonb_populate_record(main, jsonb_build_object(
                   'id', old.id, 'escrow_id', -n, 'created_at', main.created_at - n * interval '1 hour',
                   'schedules_at', main.schedules_at - (n + 48) * interval '1 hour',
                   'moves_to_lobby_at', main.moves_to_lobby_at - (n + 48) * interval '1 hour',
                   'starts_at', main.starts_at - (n + 48) * interval '1 hour',
                   'locks_at', main.locks_at - (n + 48) * interval '1 hour',
                   'ends_at', main.ends_at - (n + 48) * interval '1 hour',
                   'settled_at', main.ends_at - (n + 47) * interval '1 hour'))).*
           FROM esports_tournament main, old WHERE main.id = %(main)s) AS copy""",
    """INSERT INTO esports_seats
       SELECT (jsonb_populate_record(seats, jsonb_build_object('tournament_id', old.id))).*
         FROM esports_seats seats, old WHERE seats.tournament_id = %(main)s""",
    """INSERT INTO rewards_settlement (tournament_id, client_id, inputs, ranked, winners, prizes, to_house, to_sponsor,
                                       sha256, settled_at)
       SELECT id, %(client)s, '{}', 1, 1, 1, 0, 0, repeat('0', 64), now() FROM old""",
]


def _nodes(plan: dict[str, Any], share: float = 1) -> Iterator[tuple[dict[str, Any], float]]:
    """Every node, with the share of its work that is done before a limit above it is reached."""
    yield plan, share
    for part in plan.get("Plans", []):
        stops = plan["Node Type"] == "Limit" and part["Total Cost"]
        yield from _nodes(part, share * plan["Total Cost"] / part["Total Cost"] if stops else share)


def _faults(plan: dict[str, Any], *, known: bool) -> list[str]:
    faults = []
    for node, share in _nodes(plan):
        # Of values that are known to be frequent the first few are soon found; of any values nobody knows.
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG and (share > SOON or not known):
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
            self._check(known, sql, known=True)
            anonymous = _anonymous(sql)
            generic = _plan(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {anonymous}", None)
            # PostgreSQL takes it for a prepared statement only where it costs no more than to plan each time anew.
            if generic["Total Cost"] <= known["Total Cost"] + PLANNING_COST:
                self._check(generic, sql, known=False)
        return execute(sql, params, many, context)

    def _check(self, plan: dict[str, Any], sql: str, *, known: bool) -> None:
        values = "its" if known else "any"
        faults = _faults(plan, known=known)
        self.faults += [f"with {values} values: {fault}: {' '.join(sql.split())}" for fault in faults]


def _anonymous(sql: str) -> str:
    """A statement with its parameters numbered; one that has a name is the same wherever it stands."""
    numbers, named = count(1), dict[str, str]()

    def numbered(found: re.Match[str]) -> str:
        if found[1] is None:
            return f"${next(numbers)}"
        return named.setdefault(found[1], f"${len(named) + 1}")

    return re.sub(r"%(?:\((\w+)\))?s", numbered, sql).replace("%%", "%")


def _plan(explain: str, params: Any) -> dict[str, Any]:
    assert connection.connection is not None
    with connection.connection.cursor() as cursor:
        cursor.execute(explain, params or None, prepare=False)
        [[whole]] = cursor.fetchall()
        plan: dict[str, Any] = whole[0]["Plan"]
    return plan
