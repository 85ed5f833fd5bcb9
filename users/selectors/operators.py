"""The rights of operators over each other."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from users.models import Operator


def rights_of(operator: Operator) -> frozenset[int]:
    """The permissions of an operator, switched on or off. A superuser has all of them, and none is listed."""
    rows = Permission.objects.filter(Q(user=operator) | Q(group__user=operator))
    return frozenset(rows.values_list("pk", flat=True))


def may_manage(actor: Operator, other: Operator) -> bool:
    """Whether `actor` may change `other`. Setting a password or removing a factor lets one act as that operator.

    `actor` therefore needs all rights of `other`, and must be a superuser to change a superuser. A limit to some
    clients counts as a missing right, also for a superuser.
    """
    if actor.clients.exists():
        return False
    return actor.is_superuser or (not other.is_superuser and rights_of(other) <= rights_of(actor))


def grantable_groups(actor: Operator) -> QuerySet[Group]:
    """The groups whose rights `actor` has in full."""
    groups = Group.objects.order_by("name")
    if actor.is_superuser:
        return groups
    lacking = Permission.objects.exclude(pk__in=rights_of(actor))
    return groups.exclude(permissions__in=lacking)
