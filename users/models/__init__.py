"""Operators, clients and their secrets, gamers, their sessions and their phones."""

from users.models.clients import Client, ClientSecret, NewGamers, Operator, SecretKind
from users.models.gamers import (
    LONGEST_NOTE,
    PROFILE_NUMBERS,
    PROFILE_TEXTS,
    Gamer,
    GamerNote,
    GamerSession,
    KGenAccount,
    RefreshFamily,
    Suspension,
)
from users.models.phones import CodeGuard, PhoneChallenge, PhoneLink, SmsMessage
from users.models.stores import StoreCode
from users.models.tracking import TrackedEvent, TrackedEvents

__all__ = [
    "LONGEST_NOTE",
    "PROFILE_NUMBERS",
    "PROFILE_TEXTS",
    "Client",
    "ClientSecret",
    "CodeGuard",
    "Gamer",
    "GamerNote",
    "GamerSession",
    "KGenAccount",
    "NewGamers",
    "Operator",
    "PhoneChallenge",
    "PhoneLink",
    "RefreshFamily",
    "SecretKind",
    "SmsMessage",
    "StoreCode",
    "Suspension",
    "TrackedEvent",
    "TrackedEvents",
]
