"""A database that the product cannot work on is refused before anything is written into it."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from kgen import checks


@pytest.mark.django_db
def test_a_postgresql_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("check", databases=["default"], verbosity=0)
    monkeypatch.setattr(checks, "OLDEST_POSTGRES", 99)
    with pytest.raises(SystemCheckError, match="PostgreSQL 99 or newer is needed; default is"):
        call_command("migrate", "--check", skip_checks=False, verbosity=0)
