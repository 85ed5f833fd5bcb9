"""The home page: what needs a person, how play goes, and what is owed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from console.balance_sheets import balance_sheets
from console.home.cards import cards
from console.home.charts import DailyChart, draw
from console.links import filtered, on_days
from esports.selectors import overview
from esports.selectors.tournaments import TournamentAt
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, page
from kgen.admin_site.scope import clients_of, scoped
from kgen.clock import database_now
from wallet.ledger import Kind, SystemAccount
from wallet.selectors.liability import Flow, flows, held_by_kind

DAYS = 30
LISTED = 8
MAY_SEE_LEDGER = "wallet.view_transaction"


@dataclass(frozen=True)
class Stage:
    """Tournaments at one stage: how many, and the first of them."""

    title: str
    count: int
    first: list[TournamentAt]
    link: str


@page
class HomePage(ConsolePage):
    """The console's index."""

    route, name, title = "home/", "home", "Home"
    permission, template_name = "kgen.see_home", "console/home.html"
    nav = Nav("Overview", "Home", "home", 10)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        operator: Any = self.request.user
        clients, now = clients_of(operator), database_now()
        may_see_ledger = operator.has_perm(MAY_SEE_LEDGER)
        return {
            "cards": cards(operator, now),
            "balance_sheets": balance_sheets(held_by_kind(clients)) if may_see_ledger else [],
            "charts": charts(clients, now.date(), may_see_ledger=may_see_ledger),
            "stages": stages(scoped(overview.all_tournaments(), operator)),
            "now": now,
        }


def stages(rows: QuerySet[Any]) -> list[Stage]:
    """The live ones of these tournaments, those that close within the hour, and those that await settlement."""
    return [
        _stage("Live", "live", overview.live(rows), "ends_at"),
        _stage("Closing within the hour", "closing", overview.closing(rows), "ends_at"),
        _stage("Awaiting settlement", "awaiting", overview.awaiting(rows), "over_at"),
    ]


def _stage(title: str, name: str, rows: QuerySet[Any], order: str) -> Stage:
    link = filtered("esports_tournament_changelist", stage=name)
    return Stage(title, rows.count(), overview.first_seen(rows, order, LISTED), link)


def charts(clients: Collection[UUID] | None, today: date, *, may_see_ledger: bool) -> list[DailyChart]:
    """Entries, then stakes, prizes and the house's margin of each currency, over the last days."""
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    moved = flows(clients, since=days[0], until=today)
    joined = overview.entries_by_day(clients, since=days[0], until=today)

    def moved_on(currency: str, account: SystemAccount, kind: Kind | None = None) -> Callable[[date, date], str]:
        """Makes the link to the flows that add up to the number of some days."""
        asked = {"currency": currency, "account": account.value} | ({"kind": kind.value} if kind else {})
        return lambda first, last: filtered("flows", **asked, since=first, until=last) if may_see_ledger else ""

    drawn = [draw("Entries", "", days, joined, _entries)]
    for currency in sorted({flow.currency for flow in moved}):
        own = [flow for flow in moved if flow.currency == currency]
        drawn += [
            draw("Stakes", currency, days, _by_day(own, _stakes), moved_on(currency, SystemAccount.ESCROW, Kind.JOIN)),
            draw("Prizes", currency, days, _by_day(own, _prizes), _rewards(currency)),
            draw("House margin", currency, days, _by_day(own, _margin), moved_on(currency, SystemAccount.HOUSE)),
        ]
    return drawn


def _by_day(moved: Collection[Flow], share: Callable[[Flow], int]) -> dict[date, int]:
    total: dict[date, int] = {}
    for flow in moved:
        total[flow.day] = total.get(flow.day, 0) + share(flow)
    return total


def _stakes(flow: Flow) -> int:
    return flow.amount if flow.kind == Kind.JOIN else 0


def _prizes(flow: Flow) -> int:
    return flow.amount if flow.kind == Kind.SETTLEMENT and flow.destination == SystemAccount.REWARDS_PAYABLE else 0


def _margin(flow: Flow) -> int:
    """What comes to the house, less what leaves it."""
    came, left = flow.destination == SystemAccount.HOUSE, flow.source == SystemAccount.HOUSE
    return flow.amount * (came - left)


def _entries(first: date, last: date) -> str:
    return on_days("esports_participation_changelist", "joined_at", first, last)


def _rewards(currency: str) -> Callable[[date, date], str]:
    return lambda first, last: on_days("rewards_reward_changelist", "created_at", first, last, currency__exact=currency)
