"""Lifts the one-day lock that ten wrong phone codes in a row set."""

from uuid import UUID

from django.db.models import F

from kgen.clock import database_now
from kgen.errors import RecordNotFound, WrongState
from kgen.transactions import transactional
from users.models import CodeGuard, Gamer
from users.selectors.people import guards_about


@transactional
def lift_lock(*, gamer_id: UUID, in_all_games: bool) -> None:
    """Lift the gamer's lock and, if `in_all_games`, the locks of the gamer's number and of the numbers the gamer tried.

    A number's lock holds in all games, so an operator of some games may not lift it. Counting starts again at 0: ten
    more failures lock again.

    :raises RecordNotFound: the gamer does not exist.
    :raises WrongState: nothing is locked, or only numbers that this operator may not unlock.
    """
    gamer = Gamer.objects.select_related("kgen_account").filter(pk=gamer_id).first()
    if gamer is None:
        raise RecordNotFound()
    locked = guards_about(gamer).filter(locked_until__gt=database_now()).select_for_update()
    # Lock order: the gamer first, as in users.services.guards, then the numbers in order.
    found = list(locked.order_by(F("gamer").asc(nulls_last=True), "phone"))
    if not found:
        raise WrongState("Phone codes of this gamer are not locked.")
    if not in_all_games:
        found = [guard for guard in found if guard.gamer_id == gamer.pk]
    if not found:
        raise WrongState("The number is locked in all games: only an operator of all games can lift the lock.")
    CodeGuard.objects.filter(pk__in=[guard.pk for guard in found]).update(failures=0, locked_until=None)
