"""Money flows: what moved in and out of each kind of account, by day. The home page's numbers lead here."""

from datetime import date, timedelta
from typing import Any

from django import forms

from console.balance_sheets import CAME_IN, GONE, OWED
from console.links import on_day
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, page
from kgen.admin_site.scope import clients_of
from kgen.clock import database_now
from wallet.ledger import Kind
from wallet.selectors.liability import Flow, flows, held_by_kind

SUGGESTED = timedelta(days=29)
LONGEST = timedelta(days=366)
# Enough for several clients with several kinds a day. An export has everything.
MOST = 1000
TITLES = OWED | GONE | CAME_IN


class PeriodForm(forms.Form):
    """Which accounts, and which days, both included."""

    currency = forms.CharField(label="Currency", max_length=12, required=False, strip=True)
    account = forms.ChoiceField(label="Account", required=False, choices=[("", "All"), *TITLES.items()])
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "All"), *Kind.choices])
    since = forms.DateField(label="From (UTC)", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To (that day included)", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, today: date, given: Any) -> None:
        super().__init__({"since": today - SUGGESTED, "until": today} | {name: given[name] for name in given})
        for field in self.fields.values():
            field.widget.attrs["class"] = "kc-input"

    def clean(self) -> dict[str, Any]:
        """
        :raises ValidationError: the days are in the wrong order, or too many.
        """
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and not since <= until <= since + LONGEST:
            raise forms.ValidationError("The first day must not be after the last, nor more than a year before it.")
        return cleaned


@page
class FlowsPage(ConsolePage):
    """Sums of postings by day, from the running totals and the postings that they do not hold yet."""

    route, name, title = "money/flows/", "flows", "Money flows"
    permission, template_name = "wallet.view_transaction", "console/flows.html"
    nav = Nav("Money", "Flows", "swap_horiz", 25)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        form = PeriodForm(database_now().date(), self.request.GET)
        if not form.is_valid():
            return {"form": form}
        clients, wanted = clients_of(self.request.user), form.cleaned_data
        account, currency = wanted["account"], wanted["currency"] or None
        moved = flows(clients, since=wanted["since"], until=wanted["until"], currency=currency)
        shown = [
            flow
            for flow in moved
            if wanted["kind"] in ("", flow.kind) and (not account or account in (flow.source, flow.destination))
        ]
        held = [
            (TITLES[row.kind], row.currency, row.amount)
            for row in held_by_kind(clients)
            if account in ("", row.kind) and currency in (None, row.currency)
        ]
        return {
            "form": form,
            "held": held,
            "lines": [(flow, _entries_of(flow), _change(flow, account)) for flow in shown[:MOST]],
            "account": TITLES.get(account, ""),
            "changes": _changes(shown, account),
            "more": len(shown) > MOST,
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Home", address("home"))]


def _change(flow: Flow, account: str) -> int | None:
    """What the flow changed on the chosen account; None where all accounts are shown."""
    return flow.amount * ((flow.destination == account) - (flow.source == account)) if account else None


def _changes(shown: list[Flow], account: str) -> list[tuple[str, int]]:
    """(currency, sum of the changes) on the chosen account; empty where all accounts are shown."""
    totals: dict[str, int] = {}
    for flow in shown if account else ():
        totals[flow.currency] = totals.get(flow.currency, 0) + (_change(flow, account) or 0)
    return sorted(totals.items())


def _entries_of(flow: Flow) -> str:
    """The list of the transactions behind a line."""
    return on_day("wallet_transaction_changelist", "created_at", flow.day, kind__exact=flow.kind)
