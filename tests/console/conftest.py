"""Operators in every role, and browsers in which they are logged in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from kgen.admin_site.roles import Role
from tests.support.http import StudioCaller
from tests.support.operators import PASSWORD, logged_in, operator_in
from users.models import Operator


@pytest.fixture(autouse=True)
def steady_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions are written every ten minutes, not every 30 s: a slow test's count of queries would notice a write."""
    monkeypatch.setattr("kgen.admin_site.middleware._GRAIN_SECONDS", 600)


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


@pytest.fixture
def organiser() -> Browser:
    """An organiser's browser."""
    return logged_in(operator_in(Role.ORGANISER))


@pytest.fixture
def finance() -> Operator:
    """An operator of the finance role."""
    return operator_in(Role.FINANCE)


@pytest.fixture
def till(finance: Operator) -> Browser:
    """The browser of that operator."""
    return logged_in(finance)
