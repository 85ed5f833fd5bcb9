"""The wallet's tables: the ledger, withdrawals and adjustments."""

from wallet.models.accounting import (
    NO_CLIENT,
    Account,
    Bucket,
    Deposit,
    Kind,
    Posting,
    SystemAccount,
    Transaction,
    Wallet,
)
from wallet.models.adjustments import ADJUSTABLE, Adjustment, AdjustmentState, Direction
from wallet.models.totals import DayTotal, KindTotal, PostingMark
from wallet.models.withdrawals import (
    LONGEST_RAIL_REFERENCE,
    OPEN,
    SETTLED,
    UNSENT,
    PauseReason,
    PayoutAttempt,
    PayoutRail,
    Review,
    State,
    Step,
    Withdrawal,
)

__all__ = [
    "ADJUSTABLE",
    "LONGEST_RAIL_REFERENCE",
    "NO_CLIENT",
    "OPEN",
    "SETTLED",
    "UNSENT",
    "Account",
    "Adjustment",
    "AdjustmentState",
    "Bucket",
    "DayTotal",
    "Deposit",
    "Direction",
    "Kind",
    "KindTotal",
    "PauseReason",
    "PayoutAttempt",
    "PayoutRail",
    "Posting",
    "PostingMark",
    "Review",
    "State",
    "Step",
    "SystemAccount",
    "Transaction",
    "Wallet",
    "Withdrawal",
]
