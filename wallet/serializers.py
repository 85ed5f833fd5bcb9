"""The wallet's request and response bodies (contract, sections 6 and 8)."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from msgspec import Raw
from rest_framework import serializers

from kgen.api.fields import Amount, Reference, RequestBody, Text, UserId
from kgen.api.json import encode
from wallet.models import Kind, State, Withdrawal
from wallet.payouts import STATUSES
from wallet.selectors import Balance, StatementEntry

DEPOSIT_LIMIT = 10**12
LONGEST_KEY = 500
WIRE_STATES = [state.value for state in State if state != State.NEEDS_REVIEW]
REPORT_STATES = [status.value for status in STATUSES]
# "Tournament fee deduct" is the published name of a stake; the other names follow its manner.
_NAMES = {
    Kind.WELCOME_BONUS: "Welcome bonus",
    Kind.JOIN: "Tournament fee deduct",
    Kind.LEAVE: "Tournament fee returned",
    Kind.REFUND: "Tournament cancelled",
    Kind.REWARD: "Tournament reward",
    Kind.WITHDRAW: "Withdrawal",
    Kind.WITHDRAW_REVERSAL: "Withdrawal returned",
    Kind.DEPOSIT: "Deposit",
    Kind.DEPOSIT_REVERSAL: "Deposit reversed",
    Kind.ADJUSTMENT: "Adjustment",
}
STATEMENT_KINDS = [kind.value for kind in _NAMES]


class DepositIn(RequestBody):
    """A credit of bought money."""

    user_id = UserId()
    amount = Amount(min_value=1, max_value=DEPOSIT_LIMIT)
    reference = Reference(max_length=255)


class WithdrawIn(RequestBody):
    """The amount to withdraw; all earned money if it is left out."""

    amount = Amount(required=False)


# The schema keeps the component's published name.
@extend_schema_serializer(component_name="PayoutNewsIn")
class PayoutCallbackIn(serializers.Serializer[Any]):
    """A gateway's report. For OpenAPI only: wallet.payouts reads it."""

    reference = serializers.CharField()
    amount = serializers.IntegerField(required=False)
    currency = serializers.CharField(required=False)
    status = serializers.ChoiceField(REPORT_STATES)
    transaction_hash = serializers.CharField(required=False)
    block_number = serializers.IntegerField(required=False)
    gas_fee = serializers.IntegerField(required=False)


class StatementQuery(serializers.Serializer[Any]):
    """Filters of a statement."""

    last_evaluated_key = Text(required=False, allow_blank=True, max_length=LONGEST_KEY)
    type = serializers.ChoiceField(STATEMENT_KINDS, required=False)
    direction = serializers.ChoiceField(["CREDIT", "DEBIT"], required=False)


class BalanceOut(serializers.Serializer[Any]):
    """A gamer's balance."""

    wallet_address = serializers.CharField()
    earned_balance = serializers.IntegerField()
    bought_balance = serializers.IntegerField()
    bonus_balance = serializers.IntegerField()
    lazy_balance = serializers.IntegerField(help_text="earned, bought and bonus together")
    on_chain_balance = serializers.IntegerField(help_text="lazy_balance + held_balance, on every rail")
    lazy_balance_delta = serializers.IntegerField(help_text="lazy_balance - on_chain_balance = -held_balance")
    is_lazy_balance_updated = serializers.BooleanField(help_text="whether nothing is on its way out")
    wallet_transaction_error = serializers.BooleanField(
        help_text="from a failed or returned withdrawal until the next paid one"
    )
    created_at = serializers.DateTimeField()
    modified_at = serializers.DateTimeField()
    minWalletBalToWithdraw = serializers.IntegerField()
    held_balance = serializers.IntegerField(help_text="being withdrawn; in none of the others")
    currency = serializers.CharField()


class DescriptionOut(serializers.Serializer[Any]):
    """The purpose of a statement's entry."""

    platformProtocolsTxnAmount = serializers.IntegerField()
    platformProtocolsTxnDescription = serializers.CharField()
    platformProtocolsTxnName = serializers.CharField()
    type = serializers.ChoiceField(STATEMENT_KINDS)
    platformProtocolsTxnType = serializers.ChoiceField(["CREDIT", "DEBIT"])


class EntryOut(serializers.Serializer[Any]):
    """One entry of a statement."""

    uid = serializers.UUIDField()
    from_wallet = serializers.CharField(help_text="masked, as 0x7d*****f0a2")
    to_wallet = serializers.CharField(help_text="masked")
    amount = serializers.IntegerField()
    sync_status = serializers.ChoiceField(["PENDING", "COMPLETED", "FAILED"])
    description = DescriptionOut()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    balance_after = serializers.IntegerField()
    block_number = serializers.IntegerField(allow_null=True)
    transaction_hash = serializers.CharField(allow_null=True)
    gas_fee = serializers.IntegerField(allow_null=True)


class StatementOut(serializers.Serializer[Any]):
    """A page of a statement, newest first."""

    fromTransactions = EntryOut(many=True, help_text="sent")
    toTransactions = EntryOut(many=True, help_text="received")
    transactions = EntryOut(many=True, help_text="all of this page")
    last_evaluated_key = serializers.CharField(allow_blank=True)


class WithdrawOut(serializers.Serializer[Any]):
    """A withdrawal whose money is held."""

    msg = serializers.CharField()
    withdrawal_id = serializers.UUIDField()
    amount = serializers.IntegerField()
    status = serializers.ChoiceField(WIRE_STATES)


class WithdrawalOut(serializers.Serializer[Any]):
    """A withdrawal."""

    withdrawal_id = serializers.UUIDField()
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(WIRE_STATES)
    to_wallet = serializers.CharField(help_text="the KGeN wallet that was linked at the request")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    block_number = serializers.IntegerField(allow_null=True)
    transaction_hash = serializers.CharField(allow_null=True)
    gas_fee = serializers.IntegerField(allow_null=True)


class DepositOut(EntryOut):
    """A deposit: its entry in the gamer's statement and the studio's reference."""

    reference = serializers.CharField()


def balance_wire(balance: Balance, *, minimum_withdrawal: int) -> dict[str, Any]:
    """A balance as `BalanceOut`."""
    delta = balance.spendable - balance.settled
    return {
        "wallet_address": balance.address,
        "earned_balance": balance.earned,
        "bought_balance": balance.bought,
        "bonus_balance": balance.bonus,
        "lazy_balance": balance.spendable,
        "on_chain_balance": balance.settled,
        "lazy_balance_delta": delta,
        "is_lazy_balance_updated": delta == 0,
        "wallet_transaction_error": balance.last_withdrawal_failed,
        "created_at": balance.created_at,
        "modified_at": balance.modified_at,
        "minWalletBalToWithdraw": minimum_withdrawal,
        "held_balance": balance.held,
        "currency": balance.currency,
    }


def _wire_state(row: Withdrawal) -> str:
    """A review is internal: on the wire the withdrawal is still SENDING."""
    return State.SENDING.value if row.state == State.NEEDS_REVIEW else str(row.state)


def withdraw_wire(row: Withdrawal) -> dict[str, Any]:
    """A fresh withdrawal as `WithdrawOut`; the message is spelt as published."""
    return {
        "msg": "wallet withdrawl successful",
        "withdrawal_id": row.pk,
        "amount": row.amount,
        "status": _wire_state(row),
    }


def withdrawal_wire(row: Withdrawal) -> dict[str, Any]:
    """A withdrawal as `WithdrawalOut`."""
    return {
        "withdrawal_id": row.pk,
        "amount": row.amount,
        "currency": row.currency,
        "status": _wire_state(row),
        "to_wallet": row.destination,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "settled_at": row.settled_at,
        "block_number": row.block_number,
        "transaction_hash": row.transaction_hash,
        "gas_fee": row.gas_fee,
    }


def masked(address: str) -> str:
    """An address as `0x7d*****f0a2`: enough to recognise it, too little to use it."""
    return f"{address[:4]}*****{address[-4:]}"


def entry_wire(entry: StatementEntry) -> dict[str, Any]:
    """A statement's entry as `EntryOut`."""
    name = _NAMES[entry.kind]
    return {
        "uid": entry.uid,
        "from_wallet": masked(entry.from_address),
        "to_wallet": masked(entry.to_address),
        "amount": entry.amount,
        "sync_status": entry.sync_status,
        "description": {
            "platformProtocolsTxnAmount": entry.amount,
            "platformProtocolsTxnDescription": name,
            "platformProtocolsTxnName": name,
            "type": entry.kind.value,
            "platformProtocolsTxnType": "CREDIT" if entry.credit else "DEBIT",
        },
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        "balance_after": entry.balance_after,
        "block_number": entry.block_number,
        "transaction_hash": entry.transaction_hash,
        "gas_fee": entry.gas_fee,
    }


def statement_wire(entries: list[StatementEntry], next_key: str | None) -> dict[str, Any]:
    """A page as `StatementOut`. Each entry appears twice, so it is encoded to bytes once."""
    rows = [(entry.credit, Raw(encode(entry_wire(entry)))) for entry in entries]
    return {
        "fromTransactions": [row for credit, row in rows if not credit],
        "toTransactions": [row for credit, row in rows if credit],
        "transactions": [row for _, row in rows],
        "last_evaluated_key": next_key or "",
    }


def deposit_wire(entry: StatementEntry, reference: str) -> dict[str, Any]:
    """A deposit or its reversal as `DepositOut`."""
    return entry_wire(entry) | {"reference": reference}
