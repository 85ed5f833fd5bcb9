"""Wallets and the append-only ledger behind them. Amounts are whole units of the account's currency.

Triggers refuse to change or remove a transaction or a posting (migration 0002).
"""

import uuid

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from kgen.constraints import CompositeForeignKey


class Bucket(models.TextChoices):
    """A gamer's accounts. Stakes come from bonus, then bought, then earned. Only earned money can be withdrawn."""

    BONUS = "bonus"
    BOUGHT = "bought"
    EARNED = "earned"
    HELD = "held"


class SystemAccount(models.TextChoices):
    """A client's own accounts, once per currency; an escrow per tournament; a KGeN wallet per person and currency."""

    PROMOTIONS = "promotions"
    SPONSOR = "sponsor"
    REWARDS_PAYABLE = "rewards_payable"
    HOUSE = "house"
    DEPOSITS = "deposits"
    PAYOUTS = "payouts"
    ESCROW = "escrow"
    KGEN = "kgen"


# The tenant of accounts that belong to no client: a person's KGeN wallet receives payouts from all games.
NO_CLIENT = uuid.UUID(int=0)


class Kind(models.TextChoices):
    """The kind of a transaction; `type` on the wire."""

    WELCOME_BONUS = "WELCOME_BONUS"
    JOIN = "JOIN"
    LEAVE = "LEAVE"
    REFUND = "REFUND"
    REWARD = "REWARD"
    WITHDRAW = "WITHDRAW"
    WITHDRAW_REVERSAL = "WITHDRAW_REVERSAL"
    DEPOSIT = "DEPOSIT"
    DEPOSIT_REVERSAL = "DEPOSIT_REVERSAL"
    ADJUSTMENT = "ADJUSTMENT"
    # The end of a withdrawal: the held money leaves. The statement shows it in the WITHDRAW entry.
    PAYOUT = "PAYOUT"
    # Kinds between a client's own accounts: no gamer's statement shows them.
    SPONSORSHIP = "SPONSORSHIP"
    SETTLEMENT = "SETTLEMENT"
    REWARD_EXPIRY = "REWARD_EXPIRY"
    REWARD_FORFEIT = "REWARD_FORFEIT"


class Wallet(models.Model):
    """A gamer's wallet: an address and the four accounts behind it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField(help_text="whose gamer's it is; the ledger knows no more of that")
    currency = models.CharField(max_length=12)
    address = models.CharField(max_length=42)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id", "id"], name="wallet_of_client"),
            # Not unique=True on the column, which would bring a second index for LIKE.
            models.UniqueConstraint(fields=["address"], name="wallet_wallet_address"),
            models.CheckConstraint(condition=Q(address__regex="^0x[0-9a-f]{40}$"), name="wallet_address_form"),
        ]

    def __str__(self) -> str:
        # Not the address: lists and messages show this text, and they mask addresses.
        return f"wallet {self.pk}"


class Account(models.Model):
    """One side of postings. A gamer's account stores its balance; a system account's balance is its postings' sum."""

    # The composite key below implies the simple one, and one_account_each leads with the wallet.
    wallet = models.ForeignKey(
        Wallet, models.PROTECT, null=True, related_name="accounts", db_constraint=False, db_index=False
    )
    client_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    currency = models.CharField(max_length=12)
    owner_id = models.UUIDField(null=True, help_text="an escrow's tournament, a KGeN wallet's account")
    address = models.CharField(max_length=42, null=True, help_text="a system account's own")
    balance = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["wallet", "client_id", "kind", "currency", "owner_id"],
                nulls_distinct=False,
                name="one_account_each",
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="account_currency"),
            # Partial, because gamers' accounts, four of five, have no address.
            models.UniqueConstraint(
                fields=["address"], condition=Q(address__isnull=False), name="wallet_account_address"
            ),
            models.CheckConstraint(condition=Q(balance__gte=0), name="balance_not_negative"),
            models.CheckConstraint(
                condition=Q(wallet__isnull=False, balance__isnull=False, kind__in=Bucket.values, address=None)
                | Q(wallet__isnull=True, balance__isnull=True, kind__in=SystemAccount.values)
                & (Q(address__isnull=False, address__regex="^0x[0-9a-f]{40}$") | Q(kind=SystemAccount.KGEN)),
                name="gamer_accounts_carry_balances",
            ),
            models.CheckConstraint(
                condition=~Q(kind=SystemAccount.KGEN) | Q(client_id=NO_CLIENT, owner_id__isnull=False, address=None),
                name="kgen_wallets_belong_to_people",
            ),
            CompositeForeignKey(
                columns=["client_id", "wallet_id"],
                to_table="wallet_wallet",
                to_columns=["client_id", "id"],
                name="account_wallet_same_client",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Transaction(models.Model):
    """Postings that belong together, under a reference that makes them happen once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.UUIDField()
    # The composite key below implies the simple one, and the statement's index leads with the wallet.
    wallet = models.ForeignKey(
        Wallet,
        models.PROTECT,
        null=True,
        help_text="the gamer's, if one takes part",
        db_constraint=False,
        db_index=False,
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    reference = models.CharField(max_length=120)
    balance_after = models.BigIntegerField(null=True, help_text="bonus, bought and earned together")
    created_at = models.DateTimeField(help_text="the database's clock, under the accounts' locks")

    class Meta:
        indexes = [
            models.Index(fields=["wallet", "-created_at", "-id"], name="statement"),
            # For lists of one client and of one kind. JOIN, the most frequent kind, needs no index to be found.
            models.Index(fields=["client_id", "id"], name="transactions_of_client"),
            models.Index(fields=["kind", "id"], condition=~Q(kind=Kind.JOIN), name="transactions_of_kind"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["reference"], name="wallet_transaction_reference"),
            models.CheckConstraint(
                # A check that evaluates to NULL passes, so required values are tested explicitly.
                condition=Q(wallet=None, balance_after=None)
                | Q(wallet__isnull=False, balance_after__isnull=False, balance_after__gte=0),
                name="statement_has_balance",
            ),
            CompositeForeignKey(
                columns=["client_id", "wallet_id"],
                to_table="wallet_wallet",
                to_columns=["client_id", "id"],
                name="transaction_wallet_same_client",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Posting(models.Model):
    """`amount` from source to destination. One row holds both sides, so half a posting cannot exist."""

    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="postings")
    # The composite keys below, with the currency, imply the simple ones.
    source = models.ForeignKey(Account, models.PROTECT, related_name="sent", db_constraint=False)
    destination = models.ForeignKey(Account, models.PROTECT, related_name="received", db_constraint=False)
    currency = models.CharField(max_length=12)
    amount = models.BigIntegerField()
    source_balance = models.BigIntegerField(null=True, help_text="after it; null on a system account")
    destination_balance = models.BigIntegerField(null=True, help_text="after it; null on a system account")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="posting_amount_positive"),
            models.CheckConstraint(condition=~Q(source=models.F("destination")), name="posting_moves"),
            CompositeForeignKey(
                columns=["source_id", "currency"],
                to_table="wallet_account",
                to_columns=["id", "currency"],
                name="posting_source_currency",
            ),
            CompositeForeignKey(
                columns=["destination_id", "currency"],
                to_table="wallet_account",
                to_columns=["id", "currency"],
                name="posting_destination_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.destination_id}: {self.amount}"


class Deposit(models.Model):
    """A studio's credit to a gamer, kept for ever under the studio's own reference."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client_id = models.UUIDField()
    # Implied by the composite key below.
    wallet = models.ForeignKey(Wallet, models.PROTECT, db_constraint=False)
    reference = models.CharField(max_length=255, help_text="the studio's own")
    amount = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id", "reference"], name="deposit_reference"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="deposit_amount_positive"),
            CompositeForeignKey(
                columns=["client_id", "wallet_id"],
                to_table="wallet_wallet",
                to_columns=["client_id", "id"],
                name="deposit_wallet_same_client",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
