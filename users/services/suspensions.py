"""Suspends gamers and lifts suspensions."""

from kgen.clock import database_now
from kgen.transactions import transactional
from users.models import Client, Gamer, Suspension
from users.selectors import gamer_by_user_id


@transactional
def suspend_gamer(*, client: Client, user_id: str, reason: str) -> None:
    """Suspend the gamer: no joining, leaving, scoring, claiming or withdrawing. A repetition changes nothing.

    :raises RecordNotFound: the client has no such gamer.
    """
    gamer = gamer_by_user_id(client, user_id)
    now = database_now()
    if Gamer.objects.filter(pk=gamer.pk, suspended_at=None).update(suspended_at=now, updated_at=now):
        Suspension.objects.create(client=client, gamer=gamer, started_at=now, reason=reason)


@transactional
def lift_suspension(*, client: Client, user_id: str, reason: str) -> None:
    """Lift the gamer's suspension. A repetition changes nothing.

    :raises RecordNotFound: the client has no such gamer.
    """
    gamer = gamer_by_user_id(client, user_id)
    now = database_now()
    if Gamer.objects.filter(pk=gamer.pk, suspended_at__isnull=False).update(suspended_at=None, updated_at=now):
        open_one = Suspension.objects.filter(gamer=gamer, lifted_at=None)
        open_one.update(lifted_at=now, lift_reason=reason)
