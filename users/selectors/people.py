"""One gamer for operators: links, sessions, codes and notes.

Pages limit rows to the operator's clients (kgen.admin_site.scope); these selectors take a gamer from within that limit.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from kgen.api.fields import is_clean_reference
from kgen.api.pagination import Key, Page, page_of
from kgen.clock import ClockTimestamp, database_now
from users.models import Client, CodeGuard, Gamer, GamerNote, GamerSession, PhoneChallenge, PhoneLink
from users.otp import FAILURES_IN_A_ROW, NUMBERS_A_DAY
from users.phones import masked
from wallet.selectors.search import wallets_by_address

LINKS_LISTED = 20
CHALLENGES_LISTED = 10
NEWEST_FIRST = (Key("id", "uuid", descending=True),)
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


def all_gamers() -> QuerySet[Gamer]:
    """Every gamer with its client and KGeN account: for operators, within their limit."""
    return Gamer.objects.select_related("client", "kgen_account", "wallet")


def gamers_named(term: str) -> Q:
    """Gamers with exactly this id, user id or wallet address. Each condition has an index.

    A phone number finds nothing here: the search term is part of the page's address, and so of histories and logs.
    """
    words = term.strip()
    found = Q(pk__in=[])
    if is_clean_reference(words):
        # A user id is unique within its client: naming all clients lets the index on both columns serve.
        found |= Q(client__in=list(Client.objects.values_list("pk", flat=True)), user_id=words)
    if known := _uuid(words):
        found |= Q(pk=known) | Q(wallet=known) | Q(kgen_account=known)
    if _ADDRESS.fullmatch(words.lower()):
        found |= Q(wallet__in=list(wallets_by_address(words.lower()).values_list("pk", flat=True)))
    return Q(pk__in=list(Gamer.objects.filter(found).values_list("pk", flat=True)))


def masked_phone(gamer: Gamer) -> str:
    """The linked number without its middle; "" if none is linked."""
    return masked(gamer.kgen_account.phone) if gamer.kgen_account else ""


def links_of(gamer: Gamer) -> list[PhoneLink]:
    """A gamer's links, newest first."""
    rows = PhoneLink.objects.filter(gamer=gamer).select_related("account").order_by("-linked_at", "-pk")
    return list(rows[:LINKS_LISTED])


def session_page(gamer: Gamer, *, scope: str, cursor: str | None, limit: int) -> Page[GamerSession]:
    """A gamer's sessions, newest first.

    :raises Invalid: the cursor is not one of this list.
    """
    return page_of(GamerSession.objects.filter(gamer=gamer), NEWEST_FIRST, scope=scope, cursor=cursor, limit=limit)


def has_live_session(gamer: Gamer) -> bool:
    """Whether the gamer has a session that is neither ended nor expired."""
    return GamerSession.objects.filter(gamer=gamer, ended_at=None, expires_at__gt=ClockTimestamp()).exists()


def note_page(gamer: Gamer, *, scope: str, cursor: str | None, limit: int) -> Page[GamerNote]:
    """The operators' notes on a gamer, newest first.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = GamerNote.objects.filter(gamer=gamer).select_related("operator")
    return page_of(rows, NEWEST_FIRST, scope=scope, cursor=cursor, limit=limit)


@dataclass(frozen=True)
class Counter:
    """The wrong codes in a row of a gamer or a number, and the end of its lock."""

    about: str
    failures: int
    most: int
    locked_until: datetime | None


@dataclass(frozen=True)
class GamerCodes:
    """The state of the phone-code limits of a gamer."""

    counters: list[Counter]
    numbers_today: int
    most_numbers: int
    # (masked number, challenge), newest first.
    challenges: list[tuple[str, PhoneChallenge]]

    @property
    def is_locked(self) -> bool:
        """Whether a lock blocks the gamer's codes."""
        return any(counter.locked_until for counter in self.counters)


def guards_about(gamer: Gamer) -> QuerySet[CodeGuard]:
    """The counters that apply to a gamer's codes: the gamer's, the number's, and those of numbers the gamer tried."""
    numbers = set(PhoneChallenge.objects.filter(gamer=gamer).order_by().values_list("phone", flat=True).distinct())
    if gamer.kgen_account:
        numbers.add(gamer.kgen_account.phone)
    return CodeGuard.objects.filter(Q(gamer=gamer) | Q(phone__in=numbers))


def codes_of(gamer: Gamer) -> GamerCodes:
    """A gamer's counters and newest challenges. They reveal nothing about the codes."""
    now = database_now()
    counters = [_counter(guard, now) for guard in guards_about(gamer).order_by("pk")]
    challenges = PhoneChallenge.objects.filter(gamer=gamer).order_by("-created_at")
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    numbers = challenges.filter(created_at__gte=midnight).order_by().values("phone").distinct().count()
    newest = [(masked(row.phone), row) for row in challenges[:CHALLENGES_LISTED]]
    return GamerCodes(counters, numbers, NUMBERS_A_DAY, newest)


def _counter(guard: CodeGuard, now: datetime) -> Counter:
    about = f"number {masked(guard.phone)}" if guard.phone else "gamer"
    locked = guard.locked_until if guard.locked_until and guard.locked_until > now else None
    return Counter(about, guard.failures, FAILURES_IN_A_ROW, locked)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
