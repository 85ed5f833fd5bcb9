"""Gamer 360: all that the apps know of one gamer, a tab each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.shortcuts import get_object_or_404

from esports.selectors.history import participation_page
from kgen.admin_site.names import operator_names
from kgen.admin_site.pages import ConsolePage, address, page
from kgen.admin_site.scope import clients_of, scoped
from kgen.clock import database_now
from kgen.jobs.csv_cells import masked as masked_text
from rewards.selectors import reward_page
from users.selectors.people import (
    all_gamers,
    codes_of,
    has_live_session,
    links_of,
    masked_phone,
    note_page,
    session_page,
)
from wallet.selectors import balance_of, statement_page
from wallet.selectors.adjustments import adjustment_page
from wallet.selectors.withdrawals import withdrawal_page

ROWS = 25
# The fields of the profile that are shown in full. Those of MASKED are shown masked, all others not at all.
PROFILE = (
    ("username", "User name"),
    ("name", "Name"),
    ("playertag", "Player tag"),
    ("level", "Level"),
    ("rank", "Rank in the game"),
    ("date_joined", "Joined the game"),
    ("location_name", "Location"),
    ("device_model", "Device"),
    ("os_name", "System"),
    ("os_version", "System version"),
    ("app_version", "App version"),
)
BUCKETS = ("bonus", "bought", "earned", "held")
MASKED = (("email", "E-mail"), ("phonenumber", "Phone in the game"), ("device_id", "Device id"))


@dataclass(frozen=True)
class GamerTab:
    """A tab. It needs `permission` besides the page's own; `read` gives what its template shows."""

    name: str
    title: str
    permission: str
    read: Callable[["GamerPage", Any], dict[str, Any]]


@page
class GamerPage(ConsolePage):
    """One gamer. In the address, `tab` names the tab and `cursor` the page of its list."""

    route = "people/gamers/<uuid:pk>/"
    name = "gamer_page"
    title = "Gamer"
    permission = "users.view_gamer"
    template_name = "console/gamer.html"

    def data(self, **kwargs: Any) -> dict[str, Any]:
        gamer = get_object_or_404(scoped(all_gamers(), self.request.user), pk=kwargs["pk"])
        tabs = [tab for tab in TABS if self.request.user.has_perm(tab.permission)]
        shown = next((tab for tab in tabs if tab.name == self.request.GET.get("tab")), tabs[0])
        return {
            # The user id cannot stand alone: headings begin with a capital, and a user id is shown byte for byte.
            "title": f"Gamer {gamer.user_id}",
            "gamer": gamer,
            "phone": masked_phone(gamer),
            "tabs": tabs,
            "tab": shown.name,
            "first": not self.request.GET.get("cursor"),
            "here": f"{self.request.path}?{urlencode({'tab': shown.name})}",
            "trail": f"{address('kgen_auditentry_changelist')}?{urlencode({'q': gamer.pk})}",
        } | shown.read(self, gamer)

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Gamers", address("users_gamer_changelist"))]

    def part(self, gamer: Any) -> dict[str, Any]:
        """The page of the tab's list, as selectors take it."""
        scope = f"gamer\n{gamer.pk}\n{self.request.GET.get('tab', '')}"
        return {"scope": scope, "cursor": self.request.GET.get("cursor"), "limit": ROWS}

    def overview(self, gamer: Any) -> dict[str, Any]:
        """The profile, balances and links."""
        may_see_money = self.request.user.has_perm("wallet.view_wallet")
        balance = balance_of(gamer.wallet_id) if may_see_money else None
        return {
            "profile": [(title, getattr(gamer, name)) for name, title in PROFILE],
            "masked": [(title, _hidden(getattr(gamer, name))) for name, title in MASKED],
            "balance": balance,
            "buckets": [(name, getattr(balance, name)) for name in BUCKETS] if balance else [],
            "wallet_address": masked_text(gamer.wallet.address),
            "kgen_address": masked_text(gamer.kgen_account.address) if gamer.kgen_account else "",
            "links": links_of(gamer),
            "notes": note_page(gamer, scope="newest", cursor=None, limit=3).rows,
        }

    def statement(self, gamer: Any) -> dict[str, Any]:
        """The wallet's transactions, with the balance after each."""
        rows, following = statement_page(gamer.wallet_id, kind=None, direction=None, **self.part(gamer))
        entries = [(row, masked_text(row.from_address if row.credit else row.to_address)) for row in rows]
        return {"entries": entries, "next_cursor": following}

    def play(self, gamer: Any) -> dict[str, Any]:
        """The tournaments that the gamer joined, with ranks and prizes."""
        rows, following = participation_page(gamer.pk, **self.part(gamer))
        return {"participations": rows, "next_cursor": following}

    def rewards(self, gamer: Any) -> dict[str, Any]:
        """The rewards, with the state of each claim."""
        found = reward_page(gamer.pk, **self.part(gamer))
        return {"rewards": found.rows, "next_cursor": found.next_cursor}

    def withdrawals(self, gamer: Any) -> dict[str, Any]:
        """The withdrawals."""
        found = withdrawal_page(gamer.wallet_id, **self.part(gamer))
        rows = [(row, masked_text(row.destination)) for row in found.rows]
        return {"withdrawals": rows, "next_cursor": found.next_cursor}

    def adjustments(self, gamer: Any) -> dict[str, Any]:
        """The adjustments that operators asked for."""
        found = adjustment_page(gamer.wallet_id, **self.part(gamer))
        names = operator_names([key for row in found.rows for key in (row.requested_by, row.decided_by)])
        rows = [(row, names.get(row.requested_by, ""), names.get(row.decided_by, "")) for row in found.rows]
        return {"adjustments": rows, "next_cursor": found.next_cursor}

    def sessions(self, gamer: Any) -> dict[str, Any]:
        """The sessions, live and past, and the counters of the limits on phone codes."""
        found = session_page(gamer, **self.part(gamer))
        return {
            "sessions": found.rows,
            "next_cursor": found.next_cursor,
            "is_live": has_live_session(gamer),
            "codes": codes_of(gamer),
            "limited": clients_of(self.request.user) is not None,
            "now": database_now(),
        }

    def notes(self, gamer: Any) -> dict[str, Any]:
        """The notes of operators."""
        found = note_page(gamer, **self.part(gamer))
        return {"notes": found.rows, "next_cursor": found.next_cursor}


def _hidden(text: str) -> str:
    """Masks a text: "" stays, the first two characters of a longer one show."""
    return f"{text[:2]}•••" if len(text) > 4 else "•••" if text else ""


TABS = (
    GamerTab("overview", "Overview", "users.view_gamer", GamerPage.overview),
    GamerTab("statement", "Statement", "wallet.view_transaction", GamerPage.statement),
    GamerTab("play", "Tournaments", "esports.view_tournament", GamerPage.play),
    GamerTab("rewards", "Rewards", "rewards.view_reward", GamerPage.rewards),
    GamerTab("withdrawals", "Withdrawals", "wallet.view_withdrawal", GamerPage.withdrawals),
    GamerTab("adjustments", "Adjustments", "wallet.view_adjustment", GamerPage.adjustments),
    GamerTab("sessions", "Sessions and codes", "users.view_gamer", GamerPage.sessions),
    GamerTab("notes", "Notes", "users.view_gamer", GamerPage.notes),
)
