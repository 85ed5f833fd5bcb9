"""The wallet's hot calls, the fast path."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from kgen.api.json import encode
from kgen.api.pagination import limit_of, scope_of
from kgen.errors import DomainError, Invalid
from kgen.fast_path import FastRequest, FastResponse, NotFastPath, fast_path
from wallet.selectors import StatementPage
from wallet.selectors.balances import Balance, balances_of
from wallet.selectors.statements import StatementAsked, statement_pages
from wallet.serializers import LONGEST_KEY, balance_wire, statement_wire
from wallet.views import STATEMENT_MOST, STATEMENT_USUAL, GamerWalletViewSet


def _prepare(call: FastRequest) -> None:
    """Nothing is asked but whose."""


def _balances(visits: Sequence[tuple[Any, None]]) -> list[Balance]:
    return balances_of([player.wallet_id for player, _ in visits])


def _render(player: Any, found: Balance) -> FastResponse:
    return FastResponse(encode(balance_wire(found, minimum_withdrawal=player.minimum_withdrawal)))


fast_path(GamerWalletViewSet, "balance", prepare=_prepare, work=_balances, render=_render)


class _StatementRequest(NamedTuple):
    """A page of the caller's statement, without filters."""

    path: str
    limit: int
    key: str


# What our keys are written in; anything else in a query means something that only the ordinary path knows.
_KEY = re.compile(f"[A-Za-z0-9_-]{{0,{LONGEST_KEY}}}", re.ASCII)


def _prepare_statement(call: FastRequest) -> _StatementRequest:
    given = call.parameters()
    limit, key = given.pop("limit", None), given.pop("last_evaluated_key", "")
    if given or not _KEY.fullmatch(key):
        raise NotFastPath
    try:
        return _StatementRequest(call.path, limit_of(limit, STATEMENT_USUAL, STATEMENT_MOST), key)
    except Invalid:
        raise NotFastPath from None


def _statements(visits: Sequence[tuple[Any, _StatementRequest]]) -> Sequence[StatementPage | DomainError]:
    return statement_pages(
        [
            StatementAsked(player.wallet_id, scope_of(asked.path, player.pk), asked.key, asked.limit)
            for player, asked in visits
        ]
    )


def _render_statement(player: Any, page: StatementPage) -> FastResponse:
    return FastResponse(encode(statement_wire(*page)))


fast_path(
    GamerWalletViewSet,
    "transactions",
    prepare=_prepare_statement,
    work=_statements,
    render=_render_statement,
    # A page has up to 200 entries: nobody should wait for 200 such.
    most=50,
)
