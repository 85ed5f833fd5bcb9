"""The gamer's balance and statement on the fast path."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from kgen.api.json import encode
from kgen.api.pagination import limit_of, scope_of
from kgen.errors import DomainError, Invalid
from kgen.fast_path import ActionLane, FastRequest, FastResponse, NotFastPath, fast_path
from wallet.selectors import StatementPage
from wallet.selectors.balances import Balance, balances_of
from wallet.selectors.statements import StatementAsked, statement_pages
from wallet.serializers import LONGEST_KEY, balance_wire, statement_wire
from wallet.views import STATEMENT_MOST, STATEMENT_USUAL, GamerWalletViewSet


def _balances(calls: Sequence[tuple[Any, None]]) -> list[Balance]:
    return balances_of([gamer.wallet_id for gamer, _ in calls])


def _render_balance(request: FastRequest, gamer: Any, found: Balance) -> FastResponse:
    return FastResponse(encode(balance_wire(found, minimum_withdrawal=gamer.minimum_withdrawal)))


fast_path(
    ActionLane(GamerWalletViewSet, "balance", prepare=lambda request: None, work=_balances, render=_render_balance)
)


class _PageRequest(NamedTuple):
    """A page of the caller's statement, without filters."""

    path: str
    limit: int
    key: str


# The characters of our keys; only the ordinary path knows the meaning of others in a query.
_KEY = re.compile(f"[A-Za-z0-9_-]{{0,{LONGEST_KEY}}}", re.ASCII)


def _prepare_statement(request: FastRequest) -> _PageRequest:
    given = request.parameters()
    limit, key = given.pop("limit", None), given.pop("last_evaluated_key", "")
    if given or not _KEY.fullmatch(key):
        raise NotFastPath
    try:
        return _PageRequest(request.path, limit_of(limit, STATEMENT_USUAL, STATEMENT_MOST), key)
    except Invalid:
        raise NotFastPath from None


def _statements(calls: Sequence[tuple[Any, _PageRequest]]) -> Sequence[StatementPage | DomainError]:
    return statement_pages(
        [StatementAsked(gamer.wallet_id, scope_of(page.path, gamer.pk), page.key, page.limit) for gamer, page in calls]
    )


fast_path(
    ActionLane(
        GamerWalletViewSet,
        "transactions",
        prepare=_prepare_statement,
        work=_statements,
        render=lambda request, gamer, page: FastResponse(encode(statement_wire(*page))),
        # A page has up to 200 entries: 200 pages in one run would take too long.
        most=50,
    )
)
