"""Operators of the console, and browsers in which they are logged in."""

from collections.abc import Callable

from django.contrib.auth.models import Group
from django.test import Client as Browser

from kgen.admin_site.roles import Role
from users.models import Client, Operator

PASSWORD = "a long enough password"
# Ids of the operator who asks for an adjustment and of another who decides on it.
MAKER, CHECKER = 11, 12

# Makes an operator who holds these permissions: what the fixture `operator_with` is.
type Grant = Callable[..., Operator]


def operator_in(role: Role, *clients: Client) -> Operator:
    """An operator of one role, limited to the clients if any are named."""
    name = f"{role.value.replace(' ', '-')}{len(clients) or ''}"
    operator = Operator.objects.create_user(name, password=PASSWORD, is_staff=True)
    operator.groups.add(Group.objects.get(name=role.value))
    operator.clients.add(*clients)
    return operator


def logged_in(operator: Operator) -> Browser:
    """A browser of an operator's."""
    browser = Browser()
    browser.force_login(operator)
    return browser
