"""What operators do to each other: switching off and on, forgetting a second factor."""

from kgen.admin_site import second_factor
from kgen.errors import Conflict, RecordNotFound, WrongState
from kgen.transactions import transactional
from users.errors import LastSuperuser, NotManageable
from users.models import Operator
from users.selectors.operators import may_manage


@transactional
def switch_operator(*, operator_id: int, by: int, active: bool) -> None:
    """Let an operator log in or not; off, open sessions end with their next request.

    :raises RecordNotFound: there is no such operator.
    :raises NotManageable: it has rights that `by` lacks.
    :raises WrongState: it is so already.
    :raises Conflict: it is oneself, or the last superuser.
    """
    operator = _managed(operator_id, by)
    if operator.is_active is active:
        raise WrongState(f"This operator is switched {'on' if active else 'off'} already.")
    if not active:
        check_may_leave(operator, by)
    Operator.objects.filter(pk=operator.pk).update(is_active=active)


def check_may_leave(operator: Operator, by: int) -> None:
    """
    :raises Conflict: it is oneself, or the last superuser.
    """
    if operator.pk == by:
        raise Conflict("You cannot switch yourself off.")
    others = Operator.objects.filter(is_superuser=True, is_active=True).exclude(pk=operator.pk)
    if operator.is_superuser and not others.exists():
        raise LastSuperuser()


@transactional
def reset_factor(*, operator_id: int, by: int) -> None:
    """Forget an operator's authenticator and recovery codes; open sessions end, the next login enrols anew.

    :raises RecordNotFound: there is no such operator.
    :raises NotManageable: it has rights that `by` lacks.
    """
    second_factor.forget_factor(_managed(operator_id, by))


def _managed(operator_id: int, by: int) -> Operator:
    """The operator under lock; superusers are locked in one order, so that of two the last one stays."""
    rows = {row.pk: row for row in Operator.objects.select_for_update().filter(pk__in=[operator_id, by]).order_by("pk")}
    if operator_id not in rows:
        raise RecordNotFound()
    if by not in rows or not rows[by].is_active or not may_manage(rows[by], rows[operator_id]):
        raise NotManageable()
    return rows[operator_id]
