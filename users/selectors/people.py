"""One gamer for operators: found by its ids, with links, sessions, codes and notes.

Pages narrow rows to the operator's clients (kgen.admin_site.scope); these take the gamer that came through it.
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
    """Gamers that this is an id, user id or wallet address of, exactly; each question goes by an index.

    A phone finds nothing here: what is searched for stands in the page's address, and so in histories and logs.
    """
    words = term.strip()
    found = Q(pk__in=[])
    if is_clean_reference(words):
        # A user id is unique in its client: with all of them named the index on both columns serves.
        found |= Q(client__in=list(Client.objects.values_list("pk", flat=True)), user_id=words)
    if known := _uuid(words):
        found |= Q(pk=known) | Q(wallet=known) | Q(kgen_account=known)
    if _ADDRESS.fullmatch(words.lower()):
        found |= Q(wallet__in=list(wallets_by_address(words.lower()).values_list("pk", flat=True)))
    return Q(pk__in=list(Gamer.objects.filter(found).values_list("pk", flat=True)))


def masked_phone(gamer: Gamer) -> str:
    """The linked number without its middle; "" where there is none."""
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
    """Whether a session is open and not over."""
    return GamerSession.objects.filter(gamer=gamer, ended_at=None, expires_at__gt=ClockTimestamp()).exists()


def note_page(gamer: Gamer, *, scope: str, cursor: str | None, limit: int) -> Page[GamerNote]:
    """What operators wrote about a gamer, newest first.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = GamerNote.objects.filter(gamer=gamer).select_related("operator")
    return page_of(rows, NEWEST_FIRST, scope=scope, cursor=cursor, limit=limit)


@dataclass(frozen=True)
class Counter:
    """Wrong codes in a row of a gamer or of a number, and till when no code is looked at."""

    about: str
    failures: int
    most: int
    locked_until: datetime | None


@dataclass(frozen=True)
class GamerCodes:
    """What the limits on phone codes know of a gamer."""

    counters: list[Counter]
    numbers_today: int
    most_numbers: int
    # (masked number, challenge), newest first.
    challenges: list[tuple[str, PhoneChallenge]]

    @property
    def is_locked(self) -> bool:
        """Whether a lock keeps the gamer from codes."""
        return any(counter.locked_until for counter in self.counters)


def guards_about(gamer: Gamer) -> QuerySet[CodeGuard]:
    """The counters that stand before a gamer's codes: its own, its number's, and those of numbers that it tried."""
    numbers = set(PhoneChallenge.objects.filter(gamer=gamer).order_by().values_list("phone", flat=True).distinct())
    if gamer.kgen_account:
        numbers.add(gamer.kgen_account.phone)
    return CodeGuard.objects.filter(Q(gamer=gamer) | Q(phone__in=numbers))


def codes_of(gamer: Gamer) -> GamerCodes:
    """A gamer's counters and the newest codes, of which nothing can be guessed from here."""
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
