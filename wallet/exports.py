"""Money as CSV: withdrawals, adjustments, the statement of a wallet, the ledger."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from kgen.api.pagination import Key
from kgen.jobs.registry import export
from kgen.jobs.tables import ExportColumn, ExportScope, ExportTable, Subject
from wallet.models import Account, Adjustment, Bucket, Posting, Transaction, Wallet, Withdrawal
from wallet.selectors.statements import NOT_LISTED


def _withdrawals(scope: ExportScope) -> QuerySet[Withdrawal]:
    return _of_wallet(scope, scope.within(Withdrawal.objects.select_related("wallet"), "created_at"))


def _adjustments(scope: ExportScope) -> QuerySet[Adjustment]:
    return _of_wallet(scope, scope.within(Adjustment.objects.select_related("wallet"), "created_at"))


def _of_wallet[Q: QuerySet[Any]](scope: ExportScope, rows: Q) -> Q:
    return rows.filter(wallet=scope.about) if scope.about else rows


def _statement(scope: ExportScope) -> QuerySet[Transaction]:
    postings = Posting.objects.select_related("source", "destination").order_by("id")
    rows = Transaction.objects.filter(wallet=scope.about).exclude(kind__in=NOT_LISTED)
    return scope.within(rows, "created_at").prefetch_related(Prefetch("postings", queryset=postings))


def _postings(scope: ExportScope) -> QuerySet[Posting]:
    rows = Posting.objects.select_related("transaction", "source__wallet", "destination__wallet")
    return scope.within(rows, "transaction__created_at", "transaction__client_id")


def _wallet(id: UUID) -> QuerySet[Wallet]:
    return Wallet.objects.filter(pk=id)


def _change(row: Transaction) -> int:
    """A transaction's effect on the sum of bonus, bought and earned; negative if it took money."""
    return sum(
        posting.amount * (_is_own(posting.destination, row) - _is_own(posting.source, row))
        for posting in row.postings.all()
    )


def _is_own(account: Account, row: Transaction) -> bool:
    # The balances of a statement leave out held money.
    return account.wallet_id == row.wallet_id and account.kind != Bucket.HELD


def _address(account: Account) -> Any:
    return account.wallet.address if account.wallet else account.address


WITHDRAWALS = export(
    ExportTable(
        name="withdrawals",
        title="Withdrawals",
        permission="wallet.view_withdrawal",
        columns=(
            ExportColumn("withdrawal", lambda row: row.pk),
            ExportColumn("client", lambda row: row.client_id),
            ExportColumn("requested", lambda row: row.created_at),
            ExportColumn("state", lambda row: row.state),
            ExportColumn("review", lambda row: row.review),
            ExportColumn("amount", lambda row: row.amount),
            ExportColumn("currency", lambda row: row.currency),
            ExportColumn("wallet", lambda row: row.wallet.address, personal=True),
            ExportColumn("destination", lambda row: row.destination, personal=True),
            ExportColumn("KGeN account", lambda row: row.account_id),
            ExportColumn("rail", lambda row: row.rail),
            ExportColumn("tries", lambda row: row.tries),
            ExportColumn("settled", lambda row: row.settled_at),
            ExportColumn("approved by", lambda row: row.approved_by),
            ExportColumn("rejected by", lambda row: row.rejected_by),
            ExportColumn("resolved by", lambda row: row.resolved_by),
            ExportColumn("reason", lambda row: row.reason),
            ExportColumn("block", lambda row: row.block_number),
            ExportColumn("transaction hash", lambda row: row.transaction_hash),
            ExportColumn("returned", lambda row: row.returned_at),
            ExportColumn("return asked for by", lambda row: row.return_asked_by),
            ExportColumn("returned by", lambda row: row.returned_by),
        ),
        rows=_withdrawals,
        key=(Key("id", "uuid"),),
        about=Subject("wallet", _wallet),
    )
)
ADJUSTMENTS = export(
    ExportTable(
        name="adjustments",
        title="Adjustments",
        permission="wallet.view_adjustment",
        columns=(
            ExportColumn("adjustment", lambda row: row.pk),
            ExportColumn("client", lambda row: row.client_id),
            ExportColumn("requested", lambda row: row.created_at),
            ExportColumn("requested by", lambda row: row.requested_by),
            ExportColumn("wallet", lambda row: row.wallet.address, personal=True),
            ExportColumn("direction", lambda row: row.direction),
            ExportColumn("bucket", lambda row: row.bucket),
            ExportColumn("amount", lambda row: row.amount),
            ExportColumn("currency", lambda row: row.wallet.currency),
            ExportColumn("reason", lambda row: row.reason),
            ExportColumn("state", lambda row: row.state),
            ExportColumn("decided", lambda row: row.decided_at),
            ExportColumn("decided by", lambda row: row.decided_by),
            ExportColumn("note", lambda row: row.note),
        ),
        rows=_adjustments,
        key=(Key("id", "uuid"),),
        about=Subject("wallet", _wallet),
    )
)
STATEMENT = export(
    ExportTable(
        name="statement",
        title="Statement of a gamer",
        permission="wallet.view_transaction",
        columns=(
            ExportColumn("time", lambda row: row.created_at),
            ExportColumn("transaction", lambda row: row.pk),
            ExportColumn("kind", lambda row: row.kind),
            ExportColumn("change", _change),
            ExportColumn("balance", lambda row: row.balance_after),
            ExportColumn("reference", lambda row: row.reference),
        ),
        rows=_statement,
        key=(Key("created_at", "time"), Key("id", "uuid")),
        about=Subject("wallet", _wallet, required=True),
    )
)
LEDGER = export(
    ExportTable(
        name="ledger",
        title="Ledger: every posting",
        permission="wallet.view_transaction",
        columns=(
            ExportColumn("transaction", lambda row: row.transaction_id),
            ExportColumn("posting", lambda row: row.pk),
            ExportColumn("client", lambda row: row.transaction.client_id),
            ExportColumn("time", lambda row: row.transaction.created_at),
            ExportColumn("kind", lambda row: row.transaction.kind),
            ExportColumn("reference", lambda row: row.transaction.reference),
            ExportColumn("from", lambda row: row.source.kind),
            ExportColumn("from address", lambda row: _address(row.source), personal=True),
            ExportColumn("to", lambda row: row.destination.kind),
            ExportColumn("to address", lambda row: _address(row.destination), personal=True),
            ExportColumn("amount", lambda row: row.amount),
            ExportColumn("currency", lambda row: row.currency),
            ExportColumn("from balance", lambda row: row.source_balance),
            ExportColumn("to balance", lambda row: row.destination_balance),
        ),
        rows=_postings,
        # Ids ascend, so that a page is a range of the primary key.
        key=(Key("id"),),
    )
)
