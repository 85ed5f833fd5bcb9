"""The wallet's hot calls, the express way."""

from collections.abc import Sequence
from typing import Any

from kgen.api.json import encode
from kgen.express import Call, Express, express
from wallet.selectors.balances import Balance, balances_of
from wallet.serializers import balance_wire
from wallet.views import GamerWalletViewSet


def _prepare(call: Call) -> None:
    """Nothing is asked but whose."""


def _balances(visits: Sequence[tuple[Any, None]]) -> list[Balance]:
    return balances_of([player.wallet_id for player, _ in visits])


def _render(player: Any, found: Balance) -> Express:
    return Express(encode(balance_wire(found, minimum_withdrawal=player.minimum_withdrawal)))


express(GamerWalletViewSet, "balance", prepare=_prepare, work=_balances, render=_render)
