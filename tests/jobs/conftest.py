"""Operators, and withdrawals that await approval."""

import pytest
from django.contrib.auth.models import Permission

from tests.support.http import StudioCaller
from tests.support.operators import Grant
from tests.support.withdrawals import Waiting, earn, link, withdraw
from users.models import Client, Operator
from wallet.models import Withdrawal


@pytest.fixture
def operator_with() -> Grant:
    """Makes an operator who holds these permissions."""

    def make(*codenames: str, name: str = "ann") -> Operator:
        operator = Operator.objects.create_user(name, password="a long enough password", is_staff=True)
        operator.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        assert operator.user_permissions.count() == len(set(codenames))
        return operator

    return make


@pytest.fixture
def waiting(studio: StudioCaller) -> Waiting:
    """Makes so many withdrawals that await approval."""

    def make(count: int) -> list[Withdrawal]:
        Client.objects.update(approval_above=0)
        rows = []
        for _ in range(count):
            number = Withdrawal.objects.count()
            gamer = studio.gamer(f"winner-{number}")
            earn(gamer, 100)
            link(gamer, f"+9198765{number:05}")
            rows.append(withdraw(gamer))
        return rows

    return make
