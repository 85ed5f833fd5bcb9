"""`manage.py seed_demo` makes its superuser and its games only where no real ones are."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Model

from esports.models import Tournament
from tests.support import factories
from users.models import Client, Operator
from users.models.clients import ClientSecret

pytestmark = pytest.mark.django_db
WRITTEN: list[type[Model]] = [Client, ClientSecret, Operator, Tournament]


def written() -> dict[str, list[Any]]:
    """All that a seed writes first, value by value."""
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in WRITTEN}


def seed(*arguments: str) -> dict[str, Any]:
    """Run it; what its last line says."""
    out = io.StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    said: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return said


@pytest.mark.parametrize("rich", [[], ["--rich"]])
@pytest.mark.parametrize("seeded", [False, True])
def test_the_seed_refuses_to_run_outside_a_local_stack(settings: Any, rich: list[str], seeded: bool) -> None:
    """Also where a demo is already: its operator's password would be set anew."""
    if seeded:
        settings.LOCAL = True
        seed()
    settings.LOCAL = False
    before = written()
    with pytest.raises(CommandError, match="KGEN_LOCAL"):
        call_command("seed_demo", *rich)
    assert written() == before


OTHERS: dict[str, Callable[[], object]] = {
    "a game": factories.ClientFactory,
    "an operator": lambda: Operator.objects.create_user("operator", password="somebody's own", is_staff=True),
}


@pytest.mark.parametrize("rich", [[], ["--rich"]])
@pytest.mark.parametrize("other", OTHERS)
def test_the_seed_refuses_a_database_without_a_demo(settings: Any, rich: list[str], other: str) -> None:
    """`make up` calls every stack local, also one whose DATABASE_URL leads to real games."""
    settings.LOCAL = True
    OTHERS[other]()
    before = written()
    with pytest.raises(CommandError, match="not the demo's"):
        call_command("seed_demo", *rich)
    assert written() == before


def test_a_demo_with_games_and_operators_made_later_is_seeded_again(settings: Any, tmp_path: Path) -> None:
    settings.LOCAL = True
    first = seed()
    factories.ClientFactory()
    Operator.objects.create_user("later", is_staff=True)
    # Renamed in the console: the game is known by its id, too.
    Client.objects.filter(pk=first["client_id"]).update(name="Mine")
    facts = tmp_path / "quickstart.json"
    facts.write_text(json.dumps(first))
    again = seed("--facts", str(facts))
    kept = ("client_id", "client_secret", "operator_password")
    assert [again[name] for name in kept] == [first[name] for name in kept]
