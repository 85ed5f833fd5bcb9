"""Opens sessions. A gamer's first session also makes the gamer, the wallet and the welcome bonus."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Sum
from uuid_utils.compat import uuid7

from kgen.api.json import encode
from kgen.clock import database_now
from kgen.errors import DomainError, Unauthorized, Unavailable
from kgen.transactions import transactional
from users import tokens
from users.errors import TooManyNewGamers
from users.models import PROFILE_NUMBERS, PROFILE_TEXTS, Client, Gamer, GamerSession, NewGamers
from users.selectors import gamers_with_wallets
from wallet import ledger, references

NEW_GAMER_SLOTS = 16
SESSION_ATTEMPTS = 10


@dataclass(frozen=True)
class Tokens:
    """A new pair of an access and a refresh token."""

    access: str
    refresh: str


@dataclass(frozen=True)
class OpenedSession:
    """The result of a session call."""

    session: GamerSession
    gamer: Gamer
    is_new_user: bool
    tokens: Tokens


@dataclass(frozen=True, eq=False, slots=True)
class Opening:
    """A session call. Given profile fields replace the stored ones."""

    client: Client
    user_id: str
    profile: dict[str, Any] = field(default_factory=dict)
    # The caller is a web page, with a secret of kind sessions.
    by_page: bool = False

    @property
    def whose(self) -> tuple[UUID, str]:
        """The gamer's key: (client, user id)."""
        return self.client.pk, self.user_id


@transactional
def open_session(*, client: Client, user_id: str, profile: dict[str, Any], by_page: bool = False) -> OpenedSession:
    """Open or continue the gamer's session, with new tokens.

    The first call for a `user_id` makes gamer, wallet and welcome bonus: all or nothing, and once, however many calls
    run at the same time. Given profile fields replace the stored ones.

    `by_page`: with a secret of kind sessions, which opens only gamers that were first made with one.

    :raises TooManyNewGamers: the client has reached its limit of new gamers today.
    :raises Unauthorized: a page asks for a gamer that was made by the studio's server.
    """
    [opened] = _open_all([Opening(client, user_id, profile, by_page)])
    if isinstance(opened, DomainError):
        raise opened
    return opened


@transactional
def open_many(*, openings: Sequence[Opening]) -> list[OpenedSession | DomainError]:
    """Open many sessions in one transaction. Returns for each what `open_session` returns or raises."""
    return _open_all(openings)


def _open_all(openings: Sequence[Opening]) -> list[OpenedSession | DomainError]:
    now = database_now()
    gamers = gamers_with_wallets({opening.whose for opening in openings})
    strangers = {opening.whose: opening for opening in reversed(openings) if opening.whose not in gamers}
    newcomers = NewGamerBatch([strangers[whose] for whose in sorted(strangers)], now)
    gamers |= newcomers.gamers
    refusals = [newcomers.refused.get(opening.whose) or _page_refusal(opening, gamers) for opening in openings]
    allowed = [opening for opening, refusal in zip(openings, refusals, strict=True) if refusal is None]
    _keep_profiles([(gamers[o.whose], o.profile) for o in allowed if o not in newcomers.makers], now)
    sessions = _live_sessions([gamers[opening.whose] for opening in allowed], now)
    return [
        refusal or _opened(opening, gamers[opening.whose], sessions, is_new=opening in newcomers.makers, now=now)
        for opening, refusal in zip(openings, refusals, strict=True)
    ]


def _page_refusal(opening: Opening, gamers: dict[tuple[UUID, str], Gamer]) -> DomainError | None:
    """The refusal of a page that asks for a gamer whom the studio's server made."""
    is_allowed = not opening.by_page or gamers[opening.whose].made_by_page
    return None if is_allowed else Unauthorized()


def _opened(
    opening: Opening, gamer: Gamer, sessions: dict[UUID, GamerSession], *, is_new: bool, now: datetime
) -> OpenedSession:
    session = sessions[gamer.pk]
    pair = pair_of(session, opening.client, gamer, tokens.first_refresh(session.id), is_new=is_new, now=now)
    return OpenedSession(session, gamer, is_new, pair)


class NewGamerBatch:
    """Makes the gamers of first calls, each once, however many calls run at the same time.

    `gamers`: the gamers by key, made here or by a concurrent transaction; `makers`: the openings that made one;
    `refused`: the refusals of the others.
    """

    def __init__(self, openings: Sequence[Opening], now: datetime) -> None:
        self.gamers: dict[tuple[UUID, str], Gamer] = {}
        self.makers: set[Opening] = set()
        self.refused: dict[tuple[UUID, str], DomainError] = {}
        if allowed := self._allowed(openings, now):
            self._make(allowed, now)

    def _allowed(self, openings: Sequence[Opening], now: datetime) -> list[Opening]:
        allowed = []
        for client in {opening.client.pk: opening.client for opening in openings}.values():
            theirs = [opening for opening in openings if opening.client.pk == client.pk]
            room = _room_for_new(client, now)
            allowed += theirs[:room]
            if room is not None:
                self.refused |= {opening.whose: _too_many(now) for opening in theirs[room:]}
        return allowed

    def _make(self, openings: Sequence[Opening], now: datetime) -> None:
        made = {opening: _new_gamer(opening, now) for opening in openings}
        # The insert waits for a concurrent first call. Only the transaction whose insert won makes the wallet.
        Gamer.objects.bulk_create(made.values(), ignore_conflicts=True)
        currencies = _stored([gamer.pk for gamer in made.values()])
        ours = {opening: gamer for opening, gamer in made.items() if gamer.pk in currencies}
        self.makers = set(ours)
        _open_wallets(ours, currencies, now)
        _count_new(ours, now)
        others = {opening.whose for opening in openings if opening not in ours}
        self.gamers = {opening.whose: gamer for opening, gamer in ours.items()} | gamers_with_wallets(others)


def _new_gamer(opening: Opening, now: datetime) -> Gamer:
    return Gamer(
        client=opening.client,
        user_id=opening.user_id,
        wallet_id=uuid7(),
        made_by_page=opening.by_page,
        created_at=now,
        updated_at=now,
        **opening.profile,
    )


def _stored(gamer_ids: list[UUID]) -> dict[UUID, str]:
    """Return the gamers that exist, with their clients' currencies, which cannot change before COMMIT."""
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [gamer_ids])
        return dict(cursor.fetchall())


def _open_wallets(ours: dict[Opening, Gamer], currencies: dict[UUID, str], now: datetime) -> None:
    wallets = ledger.open_wallets(
        ((gamer.wallet_id, opening.client.pk, currencies[gamer.pk]) for opening, gamer in ours.items()), now=now
    )
    for gamer in ours.values():
        gamer.wallet = wallets[gamer.wallet_id]
    ledger.credit_bonuses(
        ledger.Bonus(gamer.wallet_id, opening.client.welcome_bonus, references.welcome_bonus(gamer.pk))
        for opening, gamer in ours.items()
    )


def _room_for_new(client: Client, now: datetime) -> int | None:
    """Return how many new gamers the client may still open today; None: any number.

    Concurrent calls may exceed the limit by their number.
    """
    limit = settings.NEW_GAMERS_PER_DAY
    if not limit:
        return None
    today = NewGamers.objects.filter(client=client, day=now.date())
    return max(0, limit - (today.aggregate(total=Sum("count"))["total"] or 0))


def _too_many(now: datetime) -> TooManyNewGamers:
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    wait_seconds = max(1, round((midnight - now).total_seconds()))
    return TooManyNewGamers(retry_after=wait_seconds, policy=("new-gamers", settings.NEW_GAMERS_PER_DAY, 24 * 3600))


def _count_new(openings: Iterable[Opening], now: datetime) -> None:
    for client_id, count in Counter(opening.client.pk for opening in openings).items():
        slot = NewGamers(client_id=client_id, day=now.date(), slot=random.randrange(NEW_GAMER_SLOTS), count=0)
        NewGamers.objects.bulk_create([slot], ignore_conflicts=True)
        row = NewGamers.objects.filter(client=client_id, day=now.date(), slot=slot.slot)
        row.update(count=F("count") + count)


def _keep_profiles(given: Sequence[tuple[Gamer, dict[str, Any]]], now: datetime) -> None:
    """Write the changed profile fields by one statement, and set them on the given gamers."""
    changes: dict[UUID, dict[str, Any]] = {}
    for gamer, profile in given:
        changed = {name: value for name, value in profile.items() if getattr(gamer, name) != value}
        for name, value in changed.items():
            setattr(gamer, name, value)
        if changed:
            changes[gamer.pk] = changes.get(gamer.pk, {}) | changed
    if changes:
        with connection.cursor() as cursor:
            written = [encode(changed).decode() for changed in changes.values()]
            cursor.execute(_KEEP_PROFILES, [list(changes), now, list(changes), written])


def _live_sessions(gamers: Iterable[Gamer], now: datetime) -> dict[UUID, GamerSession]:
    """Extend the live session of each gamer from now on, or start a new one if the last is over."""
    expires = now + timedelta(seconds=settings.SESSION_SECONDS)
    waiting = {gamer.pk: gamer for gamer in gamers}
    found: dict[UUID, GamerSession] = {}
    # An updated session stays locked until COMMIT. An insert may lose against a concurrent call's, whose session may
    # end before this transaction locks it: then try again.
    for _ in range(SESSION_ATTEMPTS):
        for step in (_extend, _begin):
            rows = step(list(waiting.values()), now, expires) if waiting else []
            for gamer_id, session_id, started_at in rows:
                gamer = waiting.pop(gamer_id)
                found[gamer_id] = GamerSession(
                    id=session_id, client=gamer.client, gamer=gamer, started_at=started_at, expires_at=expires
                )
        if not waiting:
            return found
    raise Unavailable()


def _extend(gamers: Sequence[Gamer], now: datetime, expires: datetime) -> list[tuple[UUID, UUID, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(_EXTEND, [[gamer.pk for gamer in gamers], now, expires])
        rows: list[tuple[UUID, UUID, datetime]] = cursor.fetchall()
    return rows


def _begin(gamers: Sequence[Gamer], now: datetime, expires: datetime) -> list[tuple[UUID, UUID, datetime]]:
    over = GamerSession.objects.filter(gamer__in=[gamer.pk for gamer in gamers], ended_at=None, expires_at__lte=now)
    over.update(ended_at=F("expires_at"), end_reason="expired")
    rows = [(uuid7(), gamer.client_id, gamer.pk) for gamer in sorted(gamers, key=lambda gamer: gamer.pk)]
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [now, expires, *(list(column) for column in zip(*rows, strict=True))])
        begun: list[tuple[UUID, UUID, datetime]] = cursor.fetchall()
    return begun


def pair_of(
    session: GamerSession,
    client: Client,
    gamer: Gamer,
    refresh: tokens.RefreshToken,
    *,
    is_new: bool,
    now: datetime,
) -> Tokens:
    """Sign an access token for the session, and write the refresh token `refresh` as text."""
    account = gamer.kgen_account
    claims = {
        "sub": str(gamer.id),
        "user_id": gamer.user_id,
        "gamer_id": gamer.user_id,
        "client_id": str(client.id),
        "iss": str(client.id),
        "sid": str(session.id),
        "third_party_client_id": str(client.id),
        "third_party_client_name": client.name,
        "namespaced_third_party_user_id": gamer.namespaced_user_id,
        "wallet_address": gamer.wallet.address,
        "is_new_user": is_new,
        "indigg_id": str(account.pk) if account else None,
        "indigg_wallet_address": account.address if account else "",
    }
    return Tokens(tokens.sign_access(claims, now=now), tokens.write_refresh(refresh))


# Fields that are not given keep their values. Rows are locked in one order first, as sessions are below.
_GIVEN = [f"{name} = coalesce(given.profile->>'{name}', gamer.{name})" for name in PROFILE_TEXTS]
_GIVEN += [f"{name} = coalesce((given.profile->>'{name}')::bigint, gamer.{name})" for name in PROFILE_NUMBERS]
_KEEP_PROFILES = f"""
WITH held AS (SELECT id FROM users_gamer WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE)
UPDATE users_gamer AS gamer SET updated_at = %s, {", ".join(_GIVEN)}
  FROM held JOIN unnest(%s::uuid[], %s::text[]::jsonb[]) AS given (id, profile) USING (id)
 WHERE gamer.id = held.id
"""
# The caller's copy of the client may be stale, and the currency may change while there is no account. KEY SHARE is the
# lock that the foreign key takes at COMMIT anyway; it waits for a change of settings and blocks the next one.
_STORED = """
SELECT gamer.id, client.currency FROM users_gamer gamer JOIN users_client client ON client.id = gamer.client_id
 WHERE gamer.id = ANY(%s::uuid[]) FOR KEY SHARE OF client
"""
# Rows are locked in one order first: two batches that share gamers must not deadlock.
_EXTEND = """
WITH live AS (
    SELECT id FROM users_gamersession
     WHERE gamer_id = ANY(%s::uuid[]) AND ended_at IS NULL AND expires_at > %s ORDER BY id FOR UPDATE
)
UPDATE users_gamersession AS session SET expires_at = %s
  FROM live WHERE session.id = live.id
RETURNING session.gamer_id, session.id, session.started_at
"""
_BEGIN = """
INSERT INTO users_gamersession (started_at, expires_at, end_reason, id, client_id, gamer_id)
SELECT %s, %s, '', new.* FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS new
    ON CONFLICT (gamer_id) WHERE ended_at IS NULL DO NOTHING
RETURNING gamer_id, id, started_at
"""
