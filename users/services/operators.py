"""Switches operators off and on, and resets their second factor."""

from kgen.admin_site import second_factor
from kgen.errors import Conflict, RecordNotFound, WrongState
from kgen.transactions import transactional
from users.errors import LastSuperuser, NotManageable
from users.models import Operator
from users.selectors.operators import may_manage


@transactional
def switch_operator(*, operator_id: int, by: int, active: bool) -> None:
    """Allow or forbid an operator to log in. If forbidden, open sessions end with their next request.

    :raises RecordNotFound: the operator does not exist.
    :raises NotManageable: the operator has rights that `by` lacks.
    :raises WrongState: the operator is in that state already.
    :raises Conflict: it is `by`, or the last superuser.
    """
    operator = _managed(operator_id, by)
    if operator.is_active is active:
        raise WrongState(f"This operator is already switched {'on' if active else 'off'}.")
    if not active:
        check_may_leave(operator, by)
    Operator.objects.filter(pk=operator.pk).update(is_active=active)


def check_may_leave(operator: Operator, by: int) -> None:
    """Check that an operator may be switched off.

    :raises Conflict: it is `by`, or the last superuser.
    """
    if operator.pk == by:
        raise Conflict("You cannot switch yourself off.")
    others = Operator.objects.filter(is_superuser=True, is_active=True).exclude(pk=operator.pk)
    if operator.is_superuser and not others.exists():
        raise LastSuperuser()


@transactional
def reset_factor(*, operator_id: int, by: int) -> None:
    """Remove an operator's authenticator and recovery codes. Open sessions end; the next login enrols again.

    :raises RecordNotFound: the operator does not exist.
    :raises NotManageable: the operator has rights that `by` lacks.
    """
    second_factor.forget_factor(_managed(operator_id, by))


def _managed(operator_id: int, by: int) -> Operator:
    """Lock the operator. Superusers are locked in one order, so that two cannot switch each other off at once."""
    rows = {row.pk: row for row in Operator.objects.select_for_update().filter(pk__in=[operator_id, by]).order_by("pk")}
    if operator_id not in rows:
        raise RecordNotFound()
    if by not in rows or not rows[by].is_active or not may_manage(rows[by], rows[operator_id]):
        raise NotManageable()
    return rows[operator_id]
