"""Services of the floor's own tables: heartbeats and idempotency keys."""

from kgen.clock import database_now
from kgen.models import Heartbeat, IdempotencyKey
from kgen.transactions import transactional

KEYS_AT_ONCE = 5000


@transactional
def note_heartbeat(*, name: str) -> None:
    """Note that the duty `name` has run now."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": database_now()})


@transactional
def forget_idempotency_keys() -> int:
    """Duty: remove expired answers, at most KEYS_AT_ONCE; returns how many."""
    due = IdempotencyKey.objects.filter(expires_at__lte=database_now()).order_by("expires_at")
    ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:KEYS_AT_ONCE])
    return IdempotencyKey.objects.filter(pk__in=ids).delete()[0]
