"""Letting somebody try codes again before the day is over that ten failures in a row bar them for."""

from uuid import UUID

from django.db.models import F

from kgen.clock import database_now
from kgen.errors import RecordNotFound, WrongState
from kgen.transactions import journey
from users.models import CodeGuard, Gamer
from users.selectors.people import guards_about


@journey
def lift_lock(*, gamer_id: UUID) -> None:
    """Lift every lock that keeps the gamer from codes: its own, and those of its number and of numbers it tried.

    A number's lock is one over all games. Counting begins anew: ten more failures lock again.

    :raises RecordNotFound: there is no such gamer.
    :raises WrongState: nothing is locked.
    """
    gamer = Gamer.objects.select_related("kgen_account").filter(pk=gamer_id).first()
    if gamer is None:
        raise RecordNotFound()
    locked = guards_about(gamer).filter(locked_until__gt=database_now()).select_for_update()
    # Gamer first, as users.services.guards has it, then the numbers in one order.
    found = list(locked.order_by(F("gamer").asc(nulls_last=True), "phone"))
    if not found:
        raise WrongState("No lock of phone codes is on this gamer.")
    CodeGuard.objects.filter(pk__in=[guard.pk for guard in found]).update(failures=0, locked_until=None)
