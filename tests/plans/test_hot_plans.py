"""Every hot statement finds its rows by an index, in a database of a year's play, with and without known values."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from benchmarks import seed
from esports.selectors import ranks
from esports.selectors.around import near
from esports.selectors.boards import following, leaderboard, rows_of, standings_of, top
from esports.selectors.history import history_page, participated_page
from esports.selectors.ranks import counted_ranks
from esports.selectors.tournaments import (
    NEWEST_FIRST,
    active_tournaments,
    cancellations_due,
    read_tournament,
    settlements_due,
    tournament_page,
    tournaments_of_client,
)
from esports.services import joining, scoring
from kgen.clock import database_now
from kgen.valkey import valkey
from rewards.selectors import claimable
from rewards.services.claiming import Claim, Claimed, claim_many
from tests.support.grown import MANY, Grown, Watch
from tests.support.undone import undone
from users.selectors import gamers_of_claims, sessions_due_to_expire
from users.services.opening import Opening, open_many
from wallet.selectors import withdrawals as withdrawal_selectors
from wallet.selectors.balances import balances_of
from wallet.selectors.statements import StatementAsked, statement_page, statement_pages
from wallet.services.deposits import deposit

pytestmark = pytest.mark.long


def _positions(grown: Grown) -> list[Any]:
    return list(standings_of([(grown.large, player.pk) for player in grown.players]).values())


def _catch_up(grown: Grown) -> None:
    board = ranks.Board(grown.large)
    for _ in range(2):
        valkey().delete(board.fresh)
        board.catch_up(may_build=True)
    valkey().delete(board.ranks, board.members, board.mark, board.fresh)


def _leave(grown: Grown) -> None:
    joining.leave_many(leaves=[joining.Leave(player, grown.main) for player in grown.players])


def _join(grown: Grown) -> None:
    cup = UUID(seed.open_tournament(grown.client, size=MANY).uid)
    joined = joining.join_many(joins=[joining.Join(player, cup, seed.STAKE) for player in grown.players])
    assert joined == [None] * len(grown.players)
    left = joining.leave_many(leaves=[joining.Leave(player, cup) for player in grown.players])
    assert left == [None] * len(grown.players)


def _scores(grown: Grown) -> None:
    posted = [scoring.GamerScore(player, grown.main, 5, f"event-{at % 20}") for at, player in enumerate(grown.players)]
    scoring.post_many(scores=posted)


def _bulk(grown: Grown) -> None:
    rows = [scoring.ServerScore(f"player-{number}", number, f"new-{number}") for number in range(1, 1_001)]
    results = scoring.post_scores(client_id=grown.client.pk, uid=str(grown.main), scores=rows)
    assert {result.status for result in results} == {"accepted"}


def _sessions(grown: Grown) -> None:
    names = [*(f"player-{number}" for number in range(1, 50)), *(f"new-{number}" for number in range(50))]
    opened = open_many(openings=[Opening(grown.client, name, {"username": "Another"}) for name in names])
    assert len(opened) == len(names)


def _page_of_board(grown: Grown) -> None:
    seen = read_tournament(grown.large)
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


def _chosen_rows(grown: Grown) -> None:
    seen = read_tournament(grown.large)
    assert seen is not None
    assert rows_of(seen.tournament, [f"player-{number}" for number in range(1, 101)])


def _lists(grown: Grown) -> None:
    tournament_page(active_tournaments(grown.client.pk), NEWEST_FIRST, scope="", cursor=None, limit=100)
    tournament_page(tournaments_of_client(grown.client.pk), NEWEST_FIRST, scope="", cursor=None, limit=100)
    participated_page(grown.id("gamer", 7), scope="", cursor=None, limit=100)
    history_page(grown.id("gamer", 7), scope="", cursor=None, limit=100)


def _statement(grown: Grown) -> None:
    for kind, direction in ((None, None), ("JOIN", None), (None, "CREDIT"), (None, "DEBIT")):
        statement_page(grown.id("wallet", 7), kind=kind, direction=direction, scope="", cursor=None, limit=100)


def _statements(grown: Grown) -> None:
    first = statement_pages([StatementAsked(player.wallet_id, "", None, 2) for player in grown.players])
    keys = [page[1] for page in first if isinstance(page, tuple)]
    assert len(keys) == len(grown.players)
    asked = [StatementAsked(p.wallet_id, "", key, 200) for p, key in zip(grown.players, keys, strict=True)]
    assert all(isinstance(page, tuple) for page in statement_pages(asked))


def _claims(grown: Grown) -> None:
    claimable(grown.id("gamer", 7))
    shapes: list[Callable[[Any], Claim]] = [
        Claim,
        lambda player: Claim(player, frozenset([id for id in [grown.won.get(player.pk)] if id])),
        lambda player: Claim(player, tournament_id=grown.main),
    ]
    for claims in (
        *([shape(player) for player in grown.players[at::4]] for at, shape in enumerate(shapes)),
        [shapes[at % 3](player) for at, player in enumerate(grown.players[3::4])],
    ):
        assert any(outcome != Claimed(0, 0) for outcome in claim_many(claims=claims))


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
    "players": lambda grown: gamers_of_claims([(player.pk, player.pk, player.client_id) for player in grown.players]),
    "balances": lambda grown: balances_of([player.wallet_id for player in grown.players]),
    "statement": _statement,
    "statements": _statements,
    "deposit": lambda grown: deposit(
        client_id=grown.client.pk, wallet_id=grown.id("wallet", 7), amount=5, reference="a deposit"
    ),
    "top": lambda grown: top(grown.large, 101),
    "following": lambda grown: following(grown.large, _positions(grown)[0].key, 101),
    "near": lambda grown: near(grown.large, _positions(grown), [5_000] * (MANY - 1), 100),
    "board": _page_of_board,
    "rows of chosen gamers": _chosen_rows,
    "counted ranks": lambda grown: counted_ranks(grown.large, [found.key for found in _positions(grown)]),
    "sorted set": _catch_up,
    "lists": _lists,
    "claims": _claims,
    "withdrawals": _withdrawals,
    "due": lambda grown: (
        cancellations_due(100),
        settlements_due(100),
        list(sessions_due_to_expire(database_now(), 100)),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_statement_of_a_hot_call_uses_an_index(grown: Grown, name: str) -> None:
    watch = Watch()
    with undone(), connection.execute_wrapper(watch):
        CALLS[name](grown)
    assert watch.seen
    assert not watch.faults, "\n".join(watch.faults)
