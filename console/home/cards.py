"""The home page's cards: numbers that may need a person. A red card asks for action."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from console.links import filtered
from kgen.admin_site.pages import address
from kgen.admin_site.scope import clients_of
from kgen.health import SWEEP, duty_runs
from kgen.jobs.selectors import failed_jobs
from kgen.webhooks.selectors import delivery_duties, disabled_endpoints
from users.selectors.overview import codes_since
from wallet.selectors.liability import adjustments_to_decide
from wallet.selectors.queue import late_payouts, queue_counts
from wallet.selectors.rails import paused_rails

# Tabs of the queue that only operators empty.
FOR_PEOPLE = {
    "approval": "above the client's approval threshold",
    "review": "their payouts' outcome is unknown",
    "returning": "an operator says that the payout came back",
    "disputed": "the rail has contradicted itself",
}
# With fewer messages than this, the share of used codes means nothing.
MESSAGES_TO_JUDGE, LEAST_USED_PERCENT = 20, 25


@dataclass(frozen=True)
class Card:
    """A number, and whether it asks for action (`red`). `link` leads to the list behind it, or is ""."""

    title: str
    number: str
    red: bool
    link: str = ""
    detail: str = ""
    since: datetime | None = None


def cards(operator: Any, now: datetime) -> list[Card]:
    """The cards that this operator may see, the red ones first."""
    made = [card for needed, make in _MAKERS if operator.has_perm(needed) for card in make(operator, now)]
    return sorted(made, key=lambda card: not card.red)


def _withdrawals(operator: Any, now: datetime) -> Iterable[Card]:
    clients = clients_of(operator)
    late = late_payouts(clients, now)
    link = filtered("wallet_withdrawal_changelist", payout="late")
    detail = "requested or approved over 15 minutes ago, not paid"
    yield Card("Payouts stuck or unknown", f"{late.count:,}", late.count > 0, link, detail, late.since)
    for found in queue_counts(clients):
        if found.tab.name in FOR_PEOPLE:
            link = filtered("withdrawals", tab=found.tab.name)
            title = f"Withdrawals: {found.tab.title.lower()}"
            yield Card(title, found.shown, found.count > 0, link, FOR_PEOPLE[found.tab.name], found.oldest)


def _adjustments(operator: Any, now: datetime) -> Iterable[Card]:
    waiting = adjustments_to_decide(clients_of(operator))
    title, detail = "Adjustments awaiting a second person", "no operator decides their own"
    yield Card(title, f"{waiting.count:,}", waiting.count > 0, address("approvals"), detail, waiting.since)


def _webhooks(operator: Any, now: datetime) -> Iterable[Card]:
    duties = delivery_duties(clients_of(operator), now)
    count, more = duties.failed + duties.struggling, "+" if duties.are_more else ""
    detail = f"{duties.failed:,} given up in the last week, {duties.struggling:,} failing for 15 minutes or more"
    link = filtered("kgen_webhookdelivery_changelist", wants="person")
    yield Card("Failed webhooks", f"{count:,}{more}", count > 0, link, detail)
    off = disabled_endpoints(clients_of(operator))
    link, detail = filtered("kgen_webhookendpoint_changelist", off="itself"), "gone, or failing for five days"
    yield Card("Webhooks switched off", f"{off.count:,}", off.count > 0, link, detail, off.since)


def _rails(operator: Any, now: datetime) -> Iterable[Card]:
    if clients_of(operator) is not None:
        return
    paused = paused_rails()
    why = ", ".join(f"{name}: {pause.label.lower()}" for name, pause in paused.items())
    yield Card("Paused rails", str(len(paused)), bool(paused), address("rails"), why)


def _sweepers(operator: Any, now: datetime) -> Iterable[Card]:
    if clients_of(operator) is not None:
        return
    runs = duty_runs()
    swept = next(run.age for run in runs if run.name == SWEEP)
    number = "never" if swept is None else f"{swept:,.0f} s ago"
    silent = [run for run in runs if run.is_silent]
    detail = "; ".join(f"{run.name} silent: {run.missing}" for run in silent)
    yield Card("Last sweep", number, bool(silent), address("duties"), detail)


def _codes(operator: Any, now: datetime) -> Iterable[Card]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    codes = codes_since(clients_of(operator), midnight)
    percent = codes.used * 100 // codes.sent if codes.sent else 0
    poor = codes.sent >= MESSAGES_TO_JUDGE and percent < LEAST_USED_PERCENT
    used = f"{codes.used:,} codes used ({percent} %)" if codes.sent else "no code used"
    lost = f", {codes.given_up:,} could not be sent" if codes.given_up else ""
    title, number, sent = _spend(codes.sent)
    link = filtered("users_phonechallenge_changelist", created_at__gte=midnight, message="sent")
    yield Card(title, number, poor or bool(codes.given_up), link, sent + used + lost)


def _spend(messages: int) -> tuple[str, str, str]:
    """(title, number, beginning of the detail): the messages' cost, or their count where no price is set."""
    if settings.SMS_PRICE is None:
        return "SMS sent today", f"{messages:,}", ""
    price, currency = settings.SMS_PRICE
    return "SMS spend today", f"{messages * price:,} {currency}", f"{messages:,} messages at {price} {currency}, "


def _jobs(operator: Any, now: datetime) -> Iterable[Card]:
    count = failed_jobs(operator.pk).count()
    yield Card("My failed jobs", f"{count:,}", count > 0, filtered("jobs", show="failed"), "in the last week")


_MAKERS: tuple[tuple[str, Callable[[Any, datetime], Iterable[Card]]], ...] = (
    ("wallet.view_withdrawal", _withdrawals),
    ("wallet.view_adjustment", _adjustments),
    ("wallet.view_payoutrail", _rails),
    ("kgen.view_webhooks", _webhooks),
    ("kgen.see_home", _sweepers),
    ("users.view_gamer", _codes),
    ("kgen.see_jobs", _jobs),
)
