"""The actions of operators on withdrawals, for lists and pages."""

from kgen.admin_site.actions import ConsoleAction

MAY_DECIDE, MAY_REVIEW = "wallet.approve_withdrawal", "wallet.review_withdrawal"
APPROVE = ConsoleAction("withdrawal.approve", MAY_DECIDE)
REJECT = ConsoleAction("withdrawal.reject", MAY_DECIDE)
ASK_AGAIN = ConsoleAction("withdrawal.ask_again", MAY_REVIEW)
