"""What `committed` leaves to the next test: a database as after `migrate`."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from tests.support.databases import empty_all_tables
from users.models import Operator
from wallet.models import PayoutRail

pytestmark = pytest.mark.usefixtures("committed")


def kept() -> list[int]:
    """How many rows there are of what migrations make."""
    return [model._default_manager.count() for model in (Group, Permission, ContentType, PayoutRail)]


def test_emptying_the_tables_restarts_ids_and_keeps_migrated_rows() -> None:
    before = kept()
    Operator.objects.create(username="first")
    empty_all_tables()
    assert (kept(), Operator.objects.count()) == (before, 0)
    assert Operator.objects.create(username="again").pk == 1
    for _ in range(2):
        # Its number must not be that of a group that is there.
        Group.objects.create(name="another").delete()
