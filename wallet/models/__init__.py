"""The wallet's tables: the ledger, what is paid out, and corrections by hand."""

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
from wallet.models.withdrawals import (
    OPEN,
    SETTLED,
    UNSENT,
    Pause,
    PayoutAttempt,
    PayoutRail,
    Review,
    State,
    Step,
    Withdrawal,
)

__all__ = [
    "ADJUSTABLE",
    "NO_CLIENT",
    "OPEN",
    "SETTLED",
    "UNSENT",
    "Account",
    "Adjustment",
    "AdjustmentState",
    "Bucket",
    "Deposit",
    "Direction",
    "Kind",
    "Pause",
    "PayoutAttempt",
    "PayoutRail",
    "Posting",
    "Review",
    "State",
    "Step",
    "SystemAccount",
    "Transaction",
    "Wallet",
    "Withdrawal",
]
