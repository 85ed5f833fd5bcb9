"""The games, operators and gamers of the rich demo."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from demo.seeds.past import Clock, trace
from kgen.admin_site import hashing
from kgen.admin_site.roles import Role
from users import otp
from users.models import Client, Gamer, Operator, SmsMessage
from users.services import register_phone, suspend_gamer, unlink_phone, verify_phone
from users.services.notes import write_note
from users.services.opening import OpenedSession, Opening, open_many
from users.services.suspensions import lift_suspension
from wallet.services import deposit

_GIVEN = [
    "Asha",
    "Ravi",
    "Meera",
    "Arjun",
    "Divya",
    "Kabir",
    "Nila",
    "Rohan",
    "Sana",
    "Vikram",
    "Tara",
    "Leela",
    "Zoya",
]
_FAMILY = ["Nair", "Iyer", "Khan", "Das", "Rao", "Mehta", "Singh", "Bose", "Pillai", "Shah", "Kaur", "Menon", "Joshi"]
NAMES = [f"{first} {last}" for last, first in product(_FAMILY, _GIVEN)]
_DEVICES = ["Redmi Note 13", "Galaxy A15", "realme 12", "moto g54", "OnePlus Nord", "iPhone 13"]
_PLACES = ["Mumbai", "Chennai", "Kochi", "Pune", "Kolkata", "Jaipur", "Guwahati", "Indore"]
NOTES = [
    "Plays from the same device as two others; the three of them say that they are siblings.",
    "Wrote twice about a lost connection in the final. The server's log shows none.",
    "Second warning for a team name.",
    "Asked for the video of the last run.",
    "Identity shown over a video call.",
]
SHARED_DEVICE = "d3v1ce-shared-0001"

# User name: the role, and the game that the operator is limited to.
OPERATORS: dict[str, tuple[Role, str | None]] = {
    "viewer": (Role.VIEWER, None),
    "support": (Role.SUPPORT, None),
    "organiser": (Role.ORGANISER, None),
    "finance": (Role.FINANCE, None),
    "finance2": (Role.FINANCE, None),
    "admin": (Role.ADMIN, None),
    "rally-support": (Role.SUPPORT, "Monsoon Rally"),
}


@dataclass
class Game:
    """A client with its gamers and the terms of its tournaments, one every `plays_every` days."""

    name: str
    gamers_wanted: int
    buy_in: int
    plays_every: int
    settings: dict[str, Any]
    client: Client = field(init=False)
    gamers: list[Gamer] = field(default_factory=list)


def games() -> list[Game]:
    """The games, before they are made."""
    return [
        Game("Monsoon Rally", 140, 25, 1, {"approval_above": 400, "minimum_withdrawal": 10}),
        Game("Chai Chess", 100, 10, 2, {"reward_expiry_days": 12, "phone_countries": "IN,NP"}),
        Game("Skyline Sprint", 60, 50, 2, {"currency": "SKY", "welcome_bonus": 100, "daily_withdrawal_limit": 2000}),
    ]


def make_client(game: Game, clock: Clock, ago: timedelta) -> None:
    """Make the game's client, with the given age."""
    game.client = Client.objects.create(name=game.name, **game.settings)
    Client.objects.filter(pk=game.client.pk).update(created_at=clock.set(ago))


def hashed(passwords: dict[str, str]) -> dict[str, str]:
    """The hashes of passwords. Hashing is slow on purpose: as many at once as allowed, before any transaction."""
    with ThreadPoolExecutor(hashing.AT_ONCE) as threads:
        return dict(zip(passwords, threads.map(make_password, passwords.values()), strict=True))


def make_operators(hashes: dict[str, str]) -> dict[str, Operator]:
    """Make the operators with their roles and limits. Existing ones keep their passwords."""
    operators: Any = get_user_model()._default_manager
    made: dict[str, Operator] = {}
    for name, (role, limit) in OPERATORS.items():
        found = operators.filter(username=name).first()
        made[name] = found or operators.create(username=name, password=hashes[name], is_staff=True)
        made[name].groups.add(Group.objects.get(name=role.value))
        made[name].clients.add(*Client.objects.filter(name=limit))
    return made


@dataclass
class Newcomer:
    """A gamer to be: the profile, the amount of the first deposit, and a phone that is linked or only tried."""

    profile: dict[str, Any]
    amount: int
    phone: str
    links: bool
    tries: bool


def newcomer(game: Game, number: int, rng: random.Random, links: float) -> Newcomer:
    """The newcomer of this number. A share of `links` link a phone; some have the same device."""
    name = NAMES[(number * 7 + len(game.name)) % len(NAMES)]
    profile = {
        "name": name,
        "username": f"{name.split()[0].lower()}{number:03}",
        "device_id": SHARED_DEVICE if number % 40 == 3 else f"d3v1ce-{rng.randrange(16**8):08x}",
        "device_model": rng.choice(_DEVICES),
        "os_name": "Android",
        "location_name": rng.choice(_PLACES),
        "level": rng.randint(1, 60),
    }
    amount = rng.choice([100, 200, 500]) if number % 3 == 0 else 0
    phone, linked = f"9{rng.randrange(10**9):09}", rng.random() < links
    return Newcomer(profile, amount, phone, linked, tries=not linked and rng.random() < 0.15)


def arrive(game: Game, newcomers: list[Newcomer]) -> list[Gamer]:
    """Open the first sessions and pay the first deposits. Returns the gamers who have linked a phone."""
    calls = [Opening(game.client, one.profile["username"], one.profile) for one in newcomers]
    linked = []
    for one, opened in zip(newcomers, open_many(openings=calls), strict=True):
        assert isinstance(opened, OpenedSession), opened
        gamer = opened.gamer
        game.gamers.append(gamer)
        if one.amount:
            pay_in(gamer, one.amount, "first")
        if one.links:
            link(gamer, one.phone)
            linked.append(Gamer.objects.select_related("client").get(pk=gamer.pk))
        elif one.tries:
            ask_in_vain(gamer, one.phone)
    return linked


def pay_in(gamer: Gamer, amount: int, mark: str) -> None:
    """Book a deposit, as the studio's shop does."""
    deposit(client_id=gamer.client_id, wallet_id=gamer.wallet_id, amount=amount, reference=f"shop-{gamer.pk}-{mark}")


def link(gamer: Gamer, phone: str) -> None:
    """Ask for a code and use it."""
    gamer = Gamer.objects.select_related("client").get(pk=gamer.pk)
    asked = register_phone(gamer=gamer, phone_number=phone, country_code="+91")
    code = read_code(gamer)
    verify_phone(gamer=gamer, phone_number=phone, country_code="+91", auth_code=asked.auth_code, code=code)


def ask_in_vain(gamer: Gamer, phone: str) -> None:
    """Ask for a code that is never used."""
    gamer = Gamer.objects.select_related("client").get(pk=gamer.pk)
    register_phone(gamer=gamer, phone_number=phone, country_code="+91")
    read_code(gamer)


def read_code(gamer: Gamer) -> str:
    """The code of the gamer's newest message. Marks the message as sent, so that no worker sends it."""
    message = SmsMessage.objects.filter(challenge__gamer=gamer, sent_at=None).select_related("challenge").latest("id")
    assert message.nonce is not None, "it is open"
    code = otp.code_of(bytes(message.nonce), challenge_id=message.challenge_id, key=settings.PEPPER)
    SmsMessage.objects.filter(pk=message.pk).update(nonce=None, sent_at=message.due_at, attempts=1)
    return code


def change_states(game: Game, operators: dict[str, Operator], linked: list[Gamer]) -> None:
    """Suspend some gamers, lift one suspension, unlink one phone, and write notes on them."""
    by, client = operators["support"], game.client
    barred = [gamer for gamer in game.gamers[-20:] if gamer not in linked][:4]
    given: dict[str, Any]
    for gamer in barred:
        given = {"client": client, "user_id": gamer.user_id, "reason": "several accounts on one device"}
        trace(by, "gamer.suspend", gamer, given["reason"], partial(suspend_gamer, **given))
    given = {"client": client, "user_id": barred[0].user_id, "reason": "a family shares the phone"}
    trace(by, "gamer.lift", barred[0], given["reason"], partial(lift_suspension, **given))
    given = {"client": client, "user_id": linked[0].user_id, "reason": "the number was sold"}
    part = partial(unlink_phone, **given, by=by.get_username())
    trace(by, "gamer.unlink_phone", linked[0], given["reason"], part)
    for gamer, text in zip([*barred, linked[0]], NOTES, strict=False):
        note = partial(write_note, gamer_id=gamer.pk, operator_id=by.pk, text=text)
        trace(by, "gamer.write_note", gamer, "", note)
