"""Creates clients, changes their settings, and switches them off and on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kgen.api.origins import read_origins
from kgen.errors import Conflict, RecordNotFound, WrongState
from kgen.states import move_to
from kgen.transactions import transactional
from users.errors import CurrencyFixed, InvalidSettings, SettingsMoved
from users.models import Client
from users.phones import ANY_COUNTRY, is_country
from users.selectors.clients import is_currency_fixed
from users.services.client_secrets import add_secret
from users.stores import is_store_url

# The settings that an operator may change, in the order of the page.
SETTINGS = (
    "name",
    "currency",
    "welcome_bonus",
    "minimum_withdrawal",
    "maximum_withdrawal",
    "daily_withdrawal_limit",
    "approval_above",
    "reward_expiry_days",
    "sponsorship_limit",
    "phone_countries",
    "origins",
    "store_url",
)
LARGEST_BONUS = 10**12
# The limit of a wallet.
LARGEST_AMOUNT = 2**52
LONGEST_EXPIRY_DAYS = 3650
# (minimum, maximum) of each number. An empty value, where allowed, means "no limit".
_BOUNDS = {
    "welcome_bonus": (0, LARGEST_BONUS),
    "minimum_withdrawal": (0, LARGEST_AMOUNT),
    "maximum_withdrawal": (1, LARGEST_AMOUNT),
    "daily_withdrawal_limit": (1, LARGEST_AMOUNT),
    "approval_above": (0, LARGEST_AMOUNT),
    "reward_expiry_days": (1, LONGEST_EXPIRY_DAYS),
    "sponsorship_limit": (0, LARGEST_AMOUNT),
}
_MAY_BE_EMPTY = {"maximum_withdrawal", "daily_withdrawal_limit", "approval_above", "reward_expiry_days"}
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{1,11}")
_LONGEST_NAME = 200


@dataclass(frozen=True)
class MadeClient:
    """A new client, and its first secret, which is shown only now."""

    client: Client
    secret: str


@transactional
def make_client(*, client_id: UUID, settings: Mapping[str, Any]) -> MadeClient:
    """Create a client with its first secret. The form carries `client_id`, so that a form sent twice makes one client.

    :raises InvalidSettings: a setting is missing or invalid.
    :raises Conflict: a client of that id exists.
    """
    values = checked(settings)
    made, is_new = Client.objects.get_or_create(pk=client_id, defaults=values)
    if not is_new:
        raise Conflict("This client already exists.")
    return MadeClient(made, add_secret(made.pk))


@transactional
def change_settings(*, client_id: UUID, settings: Mapping[str, Any], seen: Mapping[str, Any]) -> Client:
    """Set all settings at once. `seen` are the settings on the operator's page.

    :raises RecordNotFound: the client does not exist.
    :raises InvalidSettings: a setting is missing or invalid.
    :raises CurrencyFixed: the client has accounts in its present currency.
    :raises SettingsMoved: the stored settings differ from `seen`.
    """
    client = Client.objects.select_for_update().filter(pk=client_id).first()
    if client is None:
        raise RecordNotFound()
    values = checked(settings)
    if settings_of(client) != dict(seen):
        raise SettingsMoved()
    if values["currency"] != client.currency and is_currency_fixed(client):
        raise CurrencyFixed()
    for name, value in values.items():
        setattr(client, name, value)
    client.save(update_fields=list(values))
    return client


@transactional
def switch_client(*, client_id: UUID, active: bool) -> None:
    """Switch a client off or on. While it is off, kgen refuses every call of its game and server and pays nothing out.

    :raises RecordNotFound: the client does not exist.
    :raises WrongState: it is in that state already.
    """
    client = Client.objects.filter(pk=client_id).first()
    if client is None:
        raise RecordNotFound()
    if client.active is active:
        raise WrongState(f"This client is already switched {'on' if active else 'off'}.")
    move_to(client, where={"active": not active}, active=active)


def settings_of(client: Client) -> dict[str, Any]:
    """A client's present settings."""
    return {name: getattr(client, name) for name in SETTINGS}


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in their stored form.

    :raises InvalidSettings: a setting is missing or invalid; reports all faults at once.
    """
    values: dict[str, Any] = {name: settings.get(name) for name in SETTINGS}
    faults = dict(_fault(name, values[name]) for name in _BOUNDS) | {
        "name": _name_fault(values["name"]),
        "currency": _currency_fault(values["currency"]),
        "phone_countries": _countries_fault(values["phone_countries"]),
        "origins": _origins_fault(values["origins"]),
        "store_url": _store_fault(values["store_url"]),
    }
    found = {name: words for name, words in faults.items() if words} or _contradictions(values)
    if found:
        errors = [{"field": name, "code": "invalid", "detail": words} for name, words in found.items()]
        raise InvalidSettings(errors=errors)
    countries = ",".join(sorted(_countries(values["phone_countries"])))
    texts = {
        "name": values["name"].strip(),
        "phone_countries": countries,
        "origins": ",".join(read_origins(values["origins"] or "")),
        "store_url": values["store_url"] or "",
    }
    return values | texts


def _fault(name: str, value: Any) -> tuple[str, str]:
    least, most = _BOUNDS[name]
    if value is None and name in _MAY_BE_EMPTY:
        return name, ""
    if type(value) is int and least <= value <= most:
        return name, ""
    return name, f"A whole number from {least:,} to {most:,}."


def _name_fault(value: Any) -> str:
    fits = isinstance(value, str) and value.isprintable() and 1 <= len(value.strip()) <= _LONGEST_NAME
    return "" if fits else f"1 to {_LONGEST_NAME} characters."


def _currency_fault(value: Any) -> str:
    fits = isinstance(value, str) and _CURRENCY.fullmatch(value)
    return "" if fits else "2 to 12 capital letters and digits, beginning with a letter."


def _countries_fault(value: Any) -> str:
    if not isinstance(value, str) or not _countries(value):
        return "At least one country, or * for all."
    unknown = sorted(country for country in _countries(value) if country != ANY_COUNTRY and not is_country(country))
    return f"No country: {', '.join(unknown)}."[:200] if unknown else ""


def _origins_fault(value: Any) -> str:
    try:
        read_origins(value or "")
    except ValueError as fault:
        return str(fault)
    return ""


def _store_fault(value: Any) -> str:
    fits = not value or (isinstance(value, str) and is_store_url(value))
    return "" if fits else "An https address without a fragment and without a parameter named code."


def _countries(value: str) -> set[str]:
    return {country.strip().upper() for country in value.split(",") if country.strip()}


def _contradictions(values: Mapping[str, Any]) -> dict[str, str]:
    """Faults of limits under which no gamer could ever withdraw."""
    least = values["minimum_withdrawal"]
    return {
        name: "Below the minimum withdrawal: nobody could withdraw anything."
        for name in ("maximum_withdrawal", "daily_withdrawal_limit")
        if values[name] is not None and values[name] < least
    }
