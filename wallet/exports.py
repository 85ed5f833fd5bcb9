"""Money as CSV: withdrawals, adjustments, a wallet's statement, the ledger."""

from typing import Any

from django.db.models import Prefetch, QuerySet

from kgen.api.pagination import Key
from kgen.jobs.registry import export
from kgen.jobs.tables import Column, Scope, Table
from wallet.models import Account, Adjustment, Bucket, Posting, Transaction, Withdrawal
from wallet.selectors.statements import NOT_LISTED


def _withdrawals(scope: Scope) -> QuerySet[Withdrawal]:
    return _of_wallet(scope, scope.within(Withdrawal.objects.select_related("wallet"), "created_at"))


def _adjustments(scope: Scope) -> QuerySet[Adjustment]:
    return _of_wallet(scope, scope.within(Adjustment.objects.select_related("wallet"), "created_at"))


def _of_wallet[Q: QuerySet[Any]](scope: Scope, rows: Q) -> Q:
    return rows.filter(wallet=scope.about) if scope.about else rows


def _statement(scope: Scope) -> QuerySet[Transaction]:
    postings = Posting.objects.select_related("source", "destination").order_by("id")
    rows = Transaction.objects.filter(wallet=scope.about).exclude(kind__in=NOT_LISTED)
    return scope.within(rows, "created_at").prefetch_related(Prefetch("postings", queryset=postings))


def _postings(scope: Scope) -> QuerySet[Posting]:
    rows = Posting.objects.select_related("transaction", "source__wallet", "destination__wallet")
    return scope.within(rows, "transaction__created_at", "transaction__client_id")


def _change(row: Transaction) -> int:
    """What a transaction added to bonus, bought and earned together; below zero what it took."""
    return sum(
        posting.amount * (_is_own(posting.destination, row) - _is_own(posting.source, row))
        for posting in row.postings.all()
    )


def _is_own(account: Account, row: Transaction) -> bool:
    # What is held is in none of the balances that a statement shows.
    return account.wallet_id == row.wallet_id and account.kind != Bucket.HELD


def _address(account: Account) -> Any:
    return account.wallet.address if account.wallet else account.address


WITHDRAWALS = export(
    Table(
        name="withdrawals",
        title="Withdrawals",
        permission="wallet.view_withdrawal",
        columns=(
            Column("withdrawal", lambda row: row.pk),
            Column("client", lambda row: row.client_id),
            Column("requested", lambda row: row.created_at),
            Column("state", lambda row: row.state),
            Column("review", lambda row: row.review),
            Column("amount", lambda row: row.amount),
            Column("currency", lambda row: row.currency),
            Column("wallet", lambda row: row.wallet.address, personal=True),
            Column("destination", lambda row: row.destination, personal=True),
            Column("KGeN account", lambda row: row.account_id),
            Column("rail", lambda row: row.rail),
            Column("tries", lambda row: row.tries),
            Column("settled", lambda row: row.settled_at),
            Column("approved by", lambda row: row.approved_by),
            Column("rejected by", lambda row: row.rejected_by),
            Column("resolved by", lambda row: row.resolved_by),
            Column("reason", lambda row: row.reason),
            Column("block", lambda row: row.block_number),
            Column("transaction hash", lambda row: row.transaction_hash),
        ),
        rows=_withdrawals,
        key=(Key("id", "uuid"),),
        about="wallet",
    )
)
ADJUSTMENTS = export(
    Table(
        name="adjustments",
        title="Adjustments",
        permission="wallet.view_adjustment",
        columns=(
            Column("adjustment", lambda row: row.pk),
            Column("client", lambda row: row.client_id),
            Column("requested", lambda row: row.created_at),
            Column("requested by", lambda row: row.requested_by),
            Column("wallet", lambda row: row.wallet.address, personal=True),
            Column("direction", lambda row: row.direction),
            Column("bucket", lambda row: row.bucket),
            Column("amount", lambda row: row.amount),
            Column("currency", lambda row: row.wallet.currency),
            Column("reason", lambda row: row.reason),
            Column("state", lambda row: row.state),
            Column("decided", lambda row: row.decided_at),
            Column("decided by", lambda row: row.decided_by),
            Column("note", lambda row: row.note),
        ),
        rows=_adjustments,
        key=(Key("id", "uuid"),),
        about="wallet",
    )
)
STATEMENT = export(
    Table(
        name="statement",
        title="Statement of a gamer",
        permission="wallet.view_transaction",
        columns=(
            Column("time", lambda row: row.created_at),
            Column("transaction", lambda row: row.pk),
            Column("kind", lambda row: row.kind),
            Column("change", _change),
            Column("balance", lambda row: row.balance_after),
            Column("reference", lambda row: row.reference),
        ),
        rows=_statement,
        key=(Key("created_at", "time"), Key("id", "uuid")),
        about="wallet",
        about_required=True,
    )
)
LEDGER = export(
    Table(
        name="ledger",
        title="Ledger: every posting",
        permission="wallet.view_transaction",
        columns=(
            Column("transaction", lambda row: row.transaction_id),
            Column("posting", lambda row: row.pk),
            Column("client", lambda row: row.transaction.client_id),
            Column("time", lambda row: row.transaction.created_at),
            Column("kind", lambda row: row.transaction.kind),
            Column("reference", lambda row: row.transaction.reference),
            Column("from", lambda row: row.source.kind),
            Column("from address", lambda row: _address(row.source), personal=True),
            Column("to", lambda row: row.destination.kind),
            Column("to address", lambda row: _address(row.destination), personal=True),
            Column("amount", lambda row: row.amount),
            Column("currency", lambda row: row.currency),
            Column("from balance", lambda row: row.source_balance),
            Column("to balance", lambda row: row.destination_balance),
        ),
        rows=_postings,
        # Ids count up, so that a page is a stretch of the primary key.
        key=(Key("id"),),
    )
)
