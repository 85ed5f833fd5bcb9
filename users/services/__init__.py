"""Services for clients, gamers and operators: settings, secrets, sessions, suspensions, phones, notes."""

from users.services.client_secrets import issue_secret, note_secret_used, revoke_secret
from users.services.clients import MadeClient, change_settings, make_client, switch_client
from users.services.code_locks import lift_lock
from users.services.notes import write_note
from users.services.opening import OpenedSession, Opening, Tokens, open_many, open_session
from users.services.operators import reset_factor, switch_operator
from users.services.phone_codes import Registered, forget_codes, register_phone
from users.services.phone_links import unlink_phone, verify_phone
from users.services.sessions import end_session, expire_sessions, refresh_tokens
from users.services.store_codes import forget_store_codes, make_store_address, redeem_store_code
from users.services.suspensions import lift_suspension, suspend_gamer
from users.services.text_messages import send_due_messages
from users.services.tracking import drop_event, forget_tracked_events

__all__ = [
    "MadeClient",
    "OpenedSession",
    "Opening",
    "Registered",
    "Tokens",
    "change_settings",
    "drop_event",
    "end_session",
    "expire_sessions",
    "forget_codes",
    "forget_store_codes",
    "forget_tracked_events",
    "issue_secret",
    "lift_lock",
    "lift_suspension",
    "make_client",
    "make_store_address",
    "note_secret_used",
    "open_many",
    "open_session",
    "redeem_store_code",
    "refresh_tokens",
    "register_phone",
    "reset_factor",
    "revoke_secret",
    "send_due_messages",
    "suspend_gamer",
    "switch_client",
    "switch_operator",
    "unlink_phone",
    "verify_phone",
    "write_note",
]
