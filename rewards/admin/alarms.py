"""What needs a person, as cards: red where somebody has to act, calm where nobody has to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from kgen.console.pages import address
from kgen.console.scope import clients_of
from kgen.health import last_sweep_age_seconds
from kgen.jobs.selectors import failed_jobs
from kgen.webhooks.selectors import delivery_duties
from rewards.admin.links import filtered
from users.selectors.overview import codes_since
from wallet.selectors.liability import adjustments_to_decide, late_payouts
from wallet.selectors.queue import queue_counts
from wallet.selectors.rails import paused_rails

# A payout that is asked for, needs no approval, and has not come to its end.
LATE_AFTER = timedelta(minutes=15)
# Tabs of the queue that only people empty.
FOR_PEOPLE = {
    "approval": "above the client's threshold",
    "review": "nobody knows what became of them",
    "disputed": "the rail has contradicted itself",
}
# Older failures are history: the lists have them.
LATELY = timedelta(days=7)
SWEEP_SILENT_SECONDS = 30
# Fewer messages than this say nothing about how many codes are used.
MESSAGES_TO_JUDGE, LEAST_USED_PERCENT = 20, 25


@dataclass(frozen=True)
class Card:
    """A number that somebody may have to see to. `link` is empty where there is no list of it."""

    title: str
    number: str
    red: bool
    link: str = ""
    detail: str = ""
    since: datetime | None = None


def cards(operator: Any, now: datetime) -> list[Card]:
    """What this operator may see, the red ones first."""
    made = [card for needed, make in _MAKERS if operator.has_perm(needed) for card in make(operator, now)]
    return sorted(made, key=lambda card: not card.red)


def _withdrawals(operator: Any, now: datetime) -> Iterable[Card]:
    clients, before = clients_of(operator), now - LATE_AFTER
    late = late_payouts(clients, before=before)
    link = filtered("wallet_withdrawal_changelist", state__in="REQUESTED,SENDING", created_at__lt=before)
    detail = "asked for over 15 minutes ago, not paid"
    yield Card("Payouts stuck or unknown", f"{late.count:,}", late.count > 0, link, detail, late.since)
    for found in queue_counts(clients):
        if found.tab.name in FOR_PEOPLE:
            link = filtered("withdrawals", tab=found.tab.name)
            title = f"Withdrawals: {found.tab.title.lower()}"
            yield Card(title, found.shown, found.count > 0, link, FOR_PEOPLE[found.tab.name], found.oldest)


def _adjustments(operator: Any, now: datetime) -> Iterable[Card]:
    waiting = adjustments_to_decide(clients_of(operator))
    title, detail = "Adjustments awaiting a second person", "nobody decides their own"
    yield Card(title, f"{waiting.count:,}", waiting.count > 0, address("approvals"), detail, waiting.since)


def _webhooks(operator: Any, now: datetime) -> Iterable[Card]:
    duties = delivery_duties(clients_of(operator), now)
    count, more = duties.failed + duties.struggling, "+" if duties.are_more else ""
    detail = f"{duties.failed:,} given up in the last week, {duties.struggling:,} tried in vain for a while"
    link = filtered("kgen_webhookdelivery_changelist", wants="person")
    yield Card("Failed webhooks", f"{count:,}{more}", count > 0, link, detail)


def _rails(operator: Any, now: datetime) -> Iterable[Card]:
    if clients_of(operator) is not None:
        return
    paused = paused_rails()
    why = ", ".join(f"{name}: {pause.label.lower()}" for name, pause in paused.items())
    yield Card("Paused rails", str(len(paused)), bool(paused), address("rails"), why)


def _sweepers(operator: Any, now: datetime) -> Iterable[Card]:
    if clients_of(operator) is not None:
        return
    age = last_sweep_age_seconds()
    silent = age is None or age > SWEEP_SILENT_SECONDS
    number = "never" if age is None else f"{age:,.0f} s ago"
    yield Card("Last sweep", number, silent, "", "beat, a worker, or the broker is away" if silent else "")


def _codes(operator: Any, now: datetime) -> Iterable[Card]:
    codes = codes_since(clients_of(operator), now.replace(hour=0, minute=0, second=0, microsecond=0))
    percent = codes.used * 100 // codes.sent if codes.sent else 0
    poor = codes.sent >= MESSAGES_TO_JUDGE and percent < LEAST_USED_PERCENT
    used = f"{codes.used:,} codes used ({percent} %)" if codes.sent else "no code used"
    lost = f", {codes.given_up:,} could not be sent" if codes.given_up else ""
    title, number, sent = _spend(codes.sent)
    yield Card(title, number, poor or bool(codes.given_up), "", sent + used + lost)


def _spend(messages: int) -> tuple[str, str, str]:
    """(title, number, words before the others) of what messages cost; without a price they are counted."""
    if settings.SMS_PRICE is None:
        return "SMS sent today", f"{messages:,}", ""
    price, currency = settings.SMS_PRICE
    return "SMS spend today", f"{messages * price:,} {currency}", f"{messages:,} messages at {price} {currency}, "


def _jobs(operator: Any, now: datetime) -> Iterable[Card]:
    count = failed_jobs(operator.pk, since=now - LATELY)
    yield Card("My failed jobs", f"{count:,}", count > 0, address("jobs"), "in the last week")


_MAKERS: tuple[tuple[str, Callable[[Any, datetime], Iterable[Card]]], ...] = (
    ("wallet.view_withdrawal", _withdrawals),
    ("wallet.view_adjustment", _adjustments),
    ("wallet.view_payoutrail", _rails),
    ("kgen.view_webhooks", _webhooks),
    ("kgen.see_home", _sweepers),
    ("users.view_gamer", _codes),
    ("kgen.see_jobs", _jobs),
)
