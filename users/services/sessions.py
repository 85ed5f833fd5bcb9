"""Refreshes and ends sessions."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from kgen.clock import database_now
from kgen.errors import Unauthorized
from kgen.transactions import transactional
from users import tokens
from users.models import Client, GamerSession, RefreshFamily
from users.selectors import gamer_by_user_id, live_sessions, sessions_due_to_expire
from users.services.opening import Tokens, pair_of

EXPIRY_BATCH = 1000


def refresh_tokens(*, refresh_token: str) -> Tokens:
    """Exchange a refresh token for a new pair. A used token works for 10 s more and yields the same successor.

    :raises Unauthorized: the token is not ours, its session is over, or it was used before, which ends the session.
    """
    pair = _rotate(tokens.read_refresh(refresh_token))
    if pair is None:
        raise Unauthorized()
    return pair


@transactional
def _rotate(token: tokens.RefreshToken) -> Tokens | None:
    """Return the next pair, or None. Returns instead of raising, so that a revocation is committed."""
    session = (
        live_sessions()
        .select_for_update(of=("self",))
        .select_related("gamer__wallet", "gamer__kgen_account", "client")
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
    return pair_of(session, session.client, session.gamer, token.next(), is_new=False, now=now)


def _is_lost_answer(family: RefreshFamily, token: tokens.RefreshToken, now: datetime) -> bool:
    """Whether this repeats the newest rotation so soon that the first answer may not have arrived."""
    grace = timedelta(seconds=settings.REFRESH_GRACE_SECONDS)
    return token.generation == family.generation - 1 and now - family.rotated_at <= grace


def _end(sessions: Any, reason: str, now: datetime) -> int:
    count: int = sessions.filter(ended_at=None).update(ended_at=now, end_reason=reason)
    return count


@transactional
def end_session(*, client: Client, user_id: str, by: str = "studio") -> bool:
    """End the gamer's session with all its tokens. Returns whether one was live.

    :raises RecordNotFound: the client has no such gamer.
    """
    gamer = gamer_by_user_id(client, user_id)
    return bool(_end(GamerSession.objects.filter(gamer=gamer), f"ended by {by}", database_now()))


@transactional
def expire_sessions() -> int:
    """Duty: mark expired sessions as ended. Returns how many. Safe to run at any time and concurrently."""
    now = database_now()
    due = sessions_due_to_expire(now, EXPIRY_BATCH).select_for_update(skip_locked=True).values_list("pk", flat=True)
    return GamerSession.objects.filter(pk__in=list(due)).update(ended_at=F("expires_at"), end_reason="expired")
