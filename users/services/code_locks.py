"""Letting somebody try codes again before the day is over that ten failures in a row bar them for."""

from uuid import UUID

from django.db.models import F

from kgen.clock import database_now
from kgen.errors import RecordNotFound, WrongState
from kgen.transactions import transactional
from users.models import CodeGuard, Gamer
from users.selectors.people import guards_about


@transactional
def lift_lock(*, gamer_id: UUID, in_all_games: bool) -> None:
    """Lift the lock that keeps the gamer from codes, and `in_all_games` those of its number and of numbers it tried.

    A number's lock is one over all games, so it is not for an operator of some of them to lift. Counting begins anew:
    ten more failures lock again.

    :raises RecordNotFound: there is no such gamer.
    :raises WrongState: nothing is locked, or nothing that may be lifted so.
    """
    gamer = Gamer.objects.select_related("kgen_account").filter(pk=gamer_id).first()
    if gamer is None:
        raise RecordNotFound()
    locked = guards_about(gamer).filter(locked_until__gt=database_now()).select_for_update()
    # Gamer first, as users.services.guards has it, then the numbers in one order.
    found = list(locked.order_by(F("gamer").asc(nulls_last=True), "phone"))
    if not found:
        raise WrongState("No lock of phone codes is on this gamer.")
    if not in_all_games:
        found = [guard for guard in found if guard.gamer_id == gamer.pk]
    if not found:
        raise WrongState("The number is locked in all games: an operator of all games can lift that.")
    CodeGuard.objects.filter(pk__in=[guard.pk for guard in found]).update(failures=0, locked_until=None)
