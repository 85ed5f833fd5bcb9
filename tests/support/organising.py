"""What tests of the studio's calls need besides HTTP: the clock, money by the ledger, and crowds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from uuid_utils.compat import uuid7

from esports.lifecycle import TIMES
from esports.models import Participation, Seats, Tournament
from kgen.clock import database_now
from tests.support.addresses import TOURNAMENTS
from tests.support.http import StudioCaller
from users.models import Client, Gamer
from wallet import ledger
from wallet.models import Account, Kind, SystemAccount, Transaction, Wallet
from wallet.selectors import system_balance

# A body that makes a tournament of five places, and one score of a bulk call.
SMALL_CUP = {"title": "Cup", "buy_in_price": 10, "tournament_size": 5, "ends_at_timestamp": "2030-01-01T00:00:00Z"}
GOOD_SCORE = {"user_id": "ann", "value": 1}
# The prize table of a tournament that names none, as it is answered.
DEFAULT_TABLE = {
    "name": "default",
    "kind": "multiples",
    "bands": [
        {"percent_bp": 100, "multiple_bp": 60000},
        {"percent_bp": 1000, "multiple_bp": 40000},
        {"percent_bp": 2000, "multiple_bp": 15000},
        {"percent_bp": 900, "multiple_bp": 10000},
    ],
}


def at(uid: str, tail: str = "") -> str:
    """The address of a tournament, or of something below it."""
    return f"{TOURNAMENTS}/{uid}{tail}"


def wire(moment: datetime) -> str:
    """A time as it is sent."""
    return moment.isoformat().replace("+00:00", "Z")


def soon(**delta: float) -> str:
    """A time so far from the database's clock, as it is sent."""
    return wire(database_now() + timedelta(**delta))


def new(**fields: Any) -> dict[str, Any]:
    """The body that makes a tournament: what is required, and `fields`."""
    required = {"title": "Cup", "buy_in_price": 10, "tournament_size": 100, "ends_at_timestamp": soon(days=1)}
    return required | fields


def shift(uid: str, **delta: float) -> None:
    """Move a tournament through time, all of its moments together."""
    by = timedelta(**delta)
    moved = [*TIMES, "original_locks_at", "original_ends_at", "published_at"]
    Tournament.objects.filter(pk=uid).update(**{name: F(name) + by for name in moved})


def end(uid: str) -> None:
    """Move a tournament to just behind its end."""
    left = Tournament.objects.get(pk=uid).ends_at - database_now()
    shift(uid, seconds=-left.total_seconds() - 1)


def stored(uid: str) -> dict[str, Any]:
    """Everything that is stored of a tournament, to see whether anything changed."""
    seats = Seats.objects.filter(pk=uid).values().get()
    return Tournament.objects.filter(pk=uid).values().get() | {f"seats.{name}": value for name, value in seats.items()}


def escrow(uid: str) -> int:
    """What a tournament's escrow holds."""
    return system_balance(Tournament.objects.get(pk=uid).escrow_id)


def sponsor(studio: StudioCaller) -> int:
    """What the client's sponsor account holds: below zero what its sponsorships have taken."""
    found = Account.objects.filter(client_id=studio.client_id, kind=SystemAccount.SPONSOR).first()
    return system_balance(found.pk) if found else 0


def allow_sponsorship(studio: StudioCaller, limit: int) -> None:
    """Set how far below zero the client's sponsorships may take its account."""
    Client.objects.filter(pk=studio.client_id).update(sponsorship_limit=limit)


def seat_many(uid: str, count: int) -> list[str]:
    """That many gamers who have paid their stakes out of bonus money, written in bulk; their user_ids."""
    tournament = Tournament.objects.get(pk=uid)
    now, client, stake = database_now(), tournament.client, tournament.buy_in_price
    names = [f"seated-{number}" for number in range(count)]
    with transaction.atomic():
        wallets = [uuid7() for _ in names]
        Wallet.objects.bulk_create(
            Wallet(
                id=wallet,
                client_id=client.pk,
                currency=client.currency,
                address=f"0x{wallet.hex:0>40}",
                created_at=now,
            )
            for wallet in wallets
        )
        Account.objects.bulk_create(
            Account(wallet_id=wallet, client_id=client.pk, kind=bucket, currency=client.currency, balance=0)
            for wallet in wallets
            for bucket in ledger.Bucket
        )
        gamers = Gamer.objects.bulk_create(
            Gamer(client=client, user_id=name, wallet_id=wallet, created_at=now, updated_at=now)
            for name, wallet in zip(names, wallets, strict=True)
        )
        participations = Participation.objects.bulk_create(
            Participation(client=client, tournament=tournament, gamer=gamer, stake=stake, joined_at=now)
            for gamer in gamers
        )
        if stake:
            _pay(tournament, wallets, [participation.pk for participation in participations])
        Seats.objects.filter(pk=uid).update(taken=F("taken") + count, ever_taken=True)
    return names


def _pay(tournament: Tournament, wallets: Sequence[UUID], participations: Sequence[UUID]) -> None:
    promotions = ledger.system_account(
        client_id=tournament.client_id, currency=tournament.currency, kind=SystemAccount.PROMOTIONS
    )
    wallets = ledger.lock_wallets(wallets)
    entries = []
    for wallet, participation in zip(wallets, participations, strict=True):
        bonus = wallets[wallet].ids[ledger.Bucket.BONUS]
        steps = [
            (f"welcome:{participation}", ledger.Kind.WELCOME_BONUS, promotions, bonus),
            (f"join:{participation}", ledger.Kind.JOIN, bonus, tournament.escrow_id),
        ]
        entries += [
            ledger.JournalEntry(
                reference,
                kind,
                tournament.client_id,
                tournament.currency,
                [ledger.Transfer(source, destination, tournament.buy_in_price)],
                wallets[wallet],
            )
            for reference, kind, source, destination in steps
        ]
    ledger.book_many(entries)


def refunds() -> int:
    """How many refunds the ledger holds."""
    return Transaction.objects.filter(kind=Kind.REFUND).count()


def is_refunded(uid: str) -> bool:
    """Whether all of it went back."""
    return Tournament.objects.get(pk=uid).refunded_at is not None
