"""The demo game of a fresh installation."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from demo.seeds.people import games
from esports.services.organising import create_tournament
from kgen.errors import Unauthorized
from users.models import Client
from users.selectors import client_of_secret
from users.services import issue_secret

GAME = "Demo Game"
OPERATOR = "operator"
TOURNAMENT_DAYS = 30
# Games in development run on pages of this machine.
LOCAL_ORIGINS = "http://127.0.0.1:*,http://localhost:*"


def seed(*, client_id: str | None, client_secret: str | None, operator_password: str, now: datetime) -> dict[str, str]:
    """Seed a game with a working secret, an operator who can log in, and a tournament that is open for a month.

    The game and operator of an earlier run are kept, with their credentials. An unknown secret is issued anew.
    """
    client = _client(client_id)
    secret = client_secret if client_secret and _works(client, client_secret) else issue_secret(client_id=client.pk)
    _operator(operator_password)
    ends_at = now + timedelta(days=TOURNAMENT_DAYS)
    tournament = create_tournament(
        client=client,
        given={
            "title": "Welcome Cup",
            "description": "Open to everybody; the best score counts.",
            "buy_in_price": 10,
            "tournament_size": 100_000,
            "score_operator": "best",
            "ends_at": ends_at,
        },
    ).tournament
    return {
        "client_id": str(client.pk),
        "client_secret": secret,
        "operator_username": OPERATOR,
        "operator_password": operator_password,
        "tournament_uid": str(tournament.pk),
        "tournament_ends_at": ends_at.isoformat().replace("+00:00", "Z"),
    }


def may_be_seeded(client_id: str | None) -> bool:
    """Whether the database is empty, or holds a demo's game already, perhaps renamed and known by its id."""
    names = [GAME, *(game.name for game in games())]
    if Client.objects.filter(name__in=names).exists() or (client_id and Client.objects.filter(pk=client_id).exists()):
        return True
    return not Client.objects.exists() and not get_user_model()._default_manager.exists()


def _client(client_id: str | None) -> Client:
    known = Client.objects.filter(pk=client_id).first() if client_id else None
    return known or Client.objects.filter(name=GAME).first() or Client.objects.create(name=GAME, origins=LOCAL_ORIGINS)


def _works(client: Client, secret: str) -> bool:
    try:
        client_of_secret(str(client.pk), secret)
    except Unauthorized:
        return False
    return True


def _operator(password: str) -> None:
    operators: Any = get_user_model().objects
    person, made = operators.get_or_create(username=OPERATOR, defaults={"is_staff": True, "is_superuser": True})
    if made or not person.check_password(password):
        person.set_password(password)
        person.save(update_fields=["password"])
