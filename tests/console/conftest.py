"""Operators in every role, and browsers in which they are logged in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client as Browser

from kgen.admin_site.roles import Role
from tests.support.http import StudioCaller
from users.models import Client, Operator

PASSWORD = "a long enough password"


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


@pytest.fixture
def as_role() -> Callable[..., Browser]:
    """A browser of an operator in a role."""
    return lambda role, *clients: logged_in(operator_in(role, *clients))


@pytest.fixture
def browser() -> Browser:
    """An operator's browser, logged in; a superuser may do everything."""
    return logged_in(Operator.objects.create_superuser("ann", password=PASSWORD))


@pytest.fixture
def played(studio: StudioCaller) -> str:
    """A tournament with a gamer in it."""
    uid: Any = studio.tournament()
    studio.gamer("ann").join(uid).ok()
    return str(uid)
