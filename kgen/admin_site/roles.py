"""The matrix of roles and rights, from which groups and permissions are made. Pure data.

docs/console.md shows it; tests compare document, database and pages with it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """A group of operators."""

    VIEWER = "viewer"
    SUPPORT = "support"
    ORGANISER = "tournament manager"
    FINANCE = "finance"
    ADMIN = "admin"


@dataclass(frozen=True)
class Right:
    """A permission `app.codename`. Django files it under `model`; operators read `name`."""

    permission: str
    model: str
    name: str
    roles: frozenset[Role]


_V, _S, _T, _F, _A = Role
_EVERYBODY = frozenset(Role)


def _right(permission: str, model: str, name: str, *roles: Role) -> Right:
    return Right(permission, model, name, frozenset(roles) | {_A})


def _seen_by_all(permission: str, model: str, name: str) -> Right:
    return Right(permission, model, name, _EVERYBODY)


MATRIX: tuple[Right, ...] = (
    # Overview
    _seen_by_all("kgen.see_home", "auditentry", "See the home page"),
    _seen_by_all("kgen.search", "auditentry", "Search over everything"),
    # Play
    _seen_by_all("esports.view_tournament", "tournament", "See tournaments"),
    _seen_by_all("esports.view_prizetable", "prizetable", "See prize tables"),
    _right("esports.organise_tournament", "tournament", "Make, change, extend and end tournaments", _T),
    _right("esports.cancel_tournament", "tournament", "Cancel tournaments with refund", _T),
    _right("esports.referee", "tournament", "Void scores and disqualify", _T),
    # Money
    _right("wallet.view_wallet", "wallet", "See wallets and balances", _V, _S, _F),
    _right("wallet.view_transaction", "transaction", "See the ledger", _V, _S, _F),
    _right("wallet.view_withdrawal", "withdrawal", "See withdrawals", _V, _S, _F),
    _right("wallet.view_adjustment", "adjustment", "See adjustments", _V, _S, _F),
    _right("wallet.view_payoutrail", "payoutrail", "See rails", _V, _S, _F),
    _right("wallet.approve_withdrawal", "withdrawal", "Approve and reject withdrawals", _F),
    _right("wallet.review_withdrawal", "withdrawal", "End reviews of withdrawals", _F),
    _right("wallet.switch_rail", "payoutrail", "Pause and resume rails", _F),
    _right("wallet.request_adjustment", "wallet", "Ask for adjustments", _S, _F),
    _right("wallet.approve_adjustment", "wallet", "Approve adjustments of others", _F),
    _seen_by_all("rewards.view_settlement", "settlement", "See settlements"),
    _seen_by_all("rewards.view_reward", "reward", "See rewards"),
    _right("rewards.hold_reward", "reward", "Hold, release and forfeit prizes", _T, _F),
    # People
    _seen_by_all("users.view_gamer", "gamer", "See gamers"),
    _right("users.see_phone", "gamer", "See full phones and addresses (leaves a trace)", _S, _F),
    _right("users.write_note", "gamer", "Write notes on gamers", _S, _T, _F),
    _right("users.suspend_gamer", "gamer", "Suspend gamers and lift it", _S),
    _right("users.unlink_phone", "gamer", "Unlink phones", _S),
    _right("users.lift_lock", "gamer", "Lift locks of phone codes", _S),
    # Studios
    _seen_by_all("users.view_client", "client", "See clients"),
    _right("users.manage_clients", "client", "Make clients and change their settings"),
    _right("users.rotate_secret", "client", "Issue client secrets"),
    _right("kgen.view_webhooks", "webhookendpoint", "See webhooks and deliveries", _S),
    _right("kgen.manage_webhooks", "webhookendpoint", "Change webhooks, replay deliveries"),
    # Oversight
    _right("kgen.see_approvals", "auditentry", "See approvals", _V, _S, _F),
    _right("kgen.see_audit", "auditentry", "See the audit trail", _F),
    _right("kgen.see_jobs", "auditentry", "See background jobs", _S, _T, _F),
    _right("kgen.export", "auditentry", "Export lists", _F),
    _right("users.manage_operators", "operator", "Manage operators and reset their second factors"),
)

RIGHTS = {right.permission: right for right in MATRIX}


def permissions_of(role: Role) -> frozenset[str]:
    """The permissions of a role."""
    return frozenset(right.permission for right in MATRIX if role in right.roles)
