"""Opening, refreshing and ending sessions."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Sum
from uuid_utils.compat import uuid7

from kgen.clock import database_now
from kgen.errors import Unauthorized, Unavailable
from kgen.transactions import journey
from users import tokens
from users.errors import TooManyNewGamers
from users.models import Client, Gamer, GamerSession, NewGamers, RefreshFamily
from users.selectors import gamer_by_user_id, live_sessions, sessions_due_to_expire
from wallet import ledger

NEW_GAMER_SLOTS = 16
EXPIRY_BATCH = 1000
SESSION_ATTEMPTS = 10


@dataclass(frozen=True)
class Tokens:
    """A fresh pair."""

    access: str
    refresh: str


@dataclass(frozen=True)
class OpenedSession:
    """What a session call gives."""

    session: GamerSession
    gamer: Gamer
    is_new_user: bool
    tokens: Tokens


@journey
def open_session(*, client: Client, user_id: str, profile: dict[str, Any]) -> OpenedSession:
    """The gamer's session, with fresh tokens.

    The first call for a `user_id` makes gamer, wallet and welcome bonus, all or none; of many at once exactly
    one is new. Profile fields that are given replace the stored ones.

    :raises TooManyNewGamers: the client has opened as many as it may today.
    """
    now = database_now()
    gamer = Gamer.objects.select_related("wallet", "kgen_account").filter(client=client, user_id=user_id).first()
    is_new = False
    if gamer is None:
        gamer, is_new = _make_gamer(client, user_id, profile, now)
    if not is_new:
        _keep_profile(gamer, profile, now)
    session = _live_session(client, gamer, now)
    pair = _pair(session, client, gamer, tokens.first_refresh(session.id), is_new=is_new, now=now)
    return OpenedSession(session, gamer, is_new, pair)


def _make_gamer(client: Client, user_id: str, profile: dict[str, Any], now: datetime) -> tuple[Gamer, bool]:
    gamer = Gamer(client=client, user_id=user_id, wallet_id=uuid7(), created_at=now, updated_at=now, **profile)
    # The insert waits for a first call that is under way; the wallet follows only if this one won.
    Gamer.objects.bulk_create([gamer], ignore_conflicts=True)
    stored = Gamer.objects.get(client=client, user_id=user_id)
    if stored.id != gamer.id:
        return stored, False
    _count_new_gamer(client, now)
    wallet = ledger.open_wallet(wallet_id=gamer.wallet_id, client_id=client.id, currency=client.currency, now=now)
    ledger.credit_bonus(wallet_id=wallet.id, amount=client.welcome_bonus, reference=f"welcome:{gamer.id}")
    return stored, True


def _count_new_gamer(client: Client, now: datetime) -> None:
    """Count one of today's new gamers. Calls that run at the same moment may pass the limit by their number."""
    limit = settings.NEW_GAMERS_PER_DAY
    today = NewGamers.objects.filter(client=client, day=now.date())
    if limit and (today.aggregate(total=Sum("count"))["total"] or 0) >= limit:
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
        wait_seconds = max(1, round((midnight - now).total_seconds()))
        raise TooManyNewGamers(retry_after=wait_seconds, policy=("new-gamers", limit, 24 * 3600))
    slot = random.randrange(NEW_GAMER_SLOTS)
    NewGamers.objects.bulk_create([NewGamers(client=client, day=now.date(), slot=slot, count=0)], ignore_conflicts=True)
    today.filter(slot=slot).update(count=F("count") + 1)


def _keep_profile(gamer: Gamer, profile: dict[str, Any], now: datetime) -> None:
    changed = {name: value for name, value in profile.items() if getattr(gamer, name) != value}
    if not changed:
        return
    Gamer.objects.filter(pk=gamer.pk).update(**changed, updated_at=now)
    for name, value in changed.items():
        setattr(gamer, name, value)


def _live_session(client: Client, gamer: Gamer, now: datetime) -> GamerSession:
    """The gamer's one live session, its life counted from now; a new one where the last is over."""
    expires = now + timedelta(seconds=settings.SESSION_SECONDS)
    live = GamerSession.objects.filter(gamer=gamer, ended_at=None)
    live.filter(expires_at__lte=now).update(ended_at=F("expires_at"), end_reason="expired")
    fresh = GamerSession(client=client, gamer=gamer, started_at=now, expires_at=expires)
    # An update holds the session until we commit. An insert may find that another call's was the first, and
    # even that one may be ended before we hold it: then it is our turn again.
    for _ in range(SESSION_ATTEMPTS):
        if live.update(expires_at=expires):
            return live.get()
        GamerSession.objects.bulk_create([fresh], ignore_conflicts=True)
        if GamerSession.objects.filter(pk=fresh.pk).exists():
            return fresh
    raise Unavailable()


def _pair(
    session: GamerSession,
    client: Client,
    gamer: Gamer,
    refresh: tokens.RefreshToken,
    *,
    is_new: bool,
    now: datetime,
) -> Tokens:
    claims = {
        "sub": str(gamer.id),
        "user_id": gamer.user_id,
        "client_id": str(client.id),
        "iss": str(client.id),
        "sid": str(session.id),
        "third_party_client_id": str(client.id),
        "third_party_client_name": client.name,
        "namespaced_third_party_user_id": gamer.namespaced_user_id,
        "wallet_address": gamer.wallet.address,
        "is_new_user": is_new,
        "indigg_id": str(gamer.kgen_account_id) if gamer.kgen_account_id else None,
    }
    return Tokens(tokens.sign_access(claims, now=now), tokens.write_refresh(refresh))


def refresh_tokens(*, refresh_token: str) -> Tokens:
    """A new pair for a refresh token. A used one works again for 10 s with the same successor.

    :raises Unauthorized: no token of ours, its session is over, or it was used before: that ends the session.
    """
    pair = _rotate(tokens.read_refresh(refresh_token))
    if pair is None:
        raise Unauthorized()
    return pair


@journey
def _rotate(token: tokens.RefreshToken) -> Tokens | None:
    """The next pair, or None. Returns instead of raising, because a revocation has to be committed."""
    session = (
        live_sessions()
        .select_for_update(of=("self",))
        .select_related("gamer__wallet", "client")
        .filter(pk=token.session_id)
        .first()
    )
    if session is None:
        return None
    now = database_now()
    family, _ = RefreshFamily.objects.get_or_create(
        pk=token.family_id, defaults={"session": session, "rotated_at": now}
    )
    if token.generation == family.generation:
        family.generation, family.rotated_at = family.generation + 1, now
        family.save(update_fields=["generation", "rotated_at"])
    elif not _is_lost_answer(family, token, now):
        _end(GamerSession.objects.filter(pk=session.pk), "token reused", now)
        return None
    session.expires_at = now + timedelta(seconds=settings.SESSION_SECONDS)
    session.save(update_fields=["expires_at"])
    return _pair(session, session.client, session.gamer, token.next(), is_new=False, now=now)


def _is_lost_answer(family: RefreshFamily, token: tokens.RefreshToken, now: datetime) -> bool:
    """Whether this repeats the newest rotation, so soon that the answer may not have arrived."""
    grace = timedelta(seconds=settings.REFRESH_GRACE_SECONDS)
    return token.generation == family.generation - 1 and now - family.rotated_at <= grace


def _end(sessions: Any, reason: str, now: datetime) -> int:
    count: int = sessions.filter(ended_at=None).update(ended_at=now, end_reason=reason)
    return count


@journey
def end_session(*, client: Client, user_id: str) -> None:
    """End the gamer's session with all its tokens; nothing to do where none lives.

    :raises RecordNotFound: the client has no such gamer.
    """
    gamer = gamer_by_user_id(client, user_id)
    _end(GamerSession.objects.filter(gamer=gamer), "ended by studio", database_now())


@journey
def expire_sessions() -> int:
    """Duty: mark sessions that are over as ended; how many. Harmless at any time and twice at once."""
    now = database_now()
    due = sessions_due_to_expire(now, EXPIRY_BATCH).select_for_update(skip_locked=True).values_list("pk", flat=True)
    return GamerSession.objects.filter(pk__in=list(due)).update(ended_at=F("expires_at"), end_reason="expired")
