"""What operators may do to each other."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from users.models import Operator


def operator_names(operator_ids: Iterable[int | None]) -> dict[int, str]:
    """The names of operators, by id; unknown ones are missing."""
    wanted = {id for id in operator_ids if id is not None}
    return dict(Operator.objects.filter(pk__in=wanted).values_list("pk", "username")) if wanted else {}


def rights_of(operator: Operator) -> frozenset[int]:
    """The permissions that an operator holds, switched off or not; those of a superuser are all, and not listed."""
    rows = Permission.objects.filter(Q(user=operator) | Q(group__user=operator))
    return frozenset(rows.values_list("pk", flat=True))


def may_manage(actor: Operator, other: Operator) -> bool:
    """Whether `actor` may change `other`: whoever sets a password or drops a factor can act as that operator.

    So nobody may who lacks any of the other's rights, and only a superuser may with a superuser. A limit to clients
    is a lack too, a superuser's as well.
    """
    if actor.clients.exists():
        return False
    return actor.is_superuser or (not other.is_superuser and rights_of(other) <= rights_of(actor))


def grantable_groups(actor: Operator) -> QuerySet[Group]:
    """The groups all of whose rights `actor` holds."""
    groups = Group.objects.order_by("name")
    if actor.is_superuser:
        return groups
    lacking = Permission.objects.exclude(pk__in=rights_of(actor))
    return groups.exclude(permissions__in=lacking)
