"""Journeys of clients and gamers: secrets, sessions, suspension, phones."""

from users.services.client_secrets import issue_secret, note_secret_used
from users.services.phone_codes import Registered, forget_codes, register_phone
from users.services.phone_links import unlink_phone, verify_phone
from users.services.sessions import (
    OpenedSession,
    Tokens,
    end_session,
    expire_sessions,
    open_session,
    refresh_tokens,
)
from users.services.suspensions import lift_suspension, suspend_gamer
from users.services.text_messages import send_due_messages

__all__ = [
    "OpenedSession",
    "Registered",
    "Tokens",
    "end_session",
    "expire_sessions",
    "forget_codes",
    "issue_secret",
    "lift_suspension",
    "note_secret_used",
    "open_session",
    "refresh_tokens",
    "register_phone",
    "send_due_messages",
    "suspend_gamer",
    "unlink_phone",
    "verify_phone",
]
