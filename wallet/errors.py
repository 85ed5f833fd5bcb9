"""The wallet's refusals."""

from kgen.errors import Conflict, Forbidden


class InsufficientBalance(Conflict):
    """The balance is smaller than the amount to move."""

    code = "INSUFFICIENT_BALANCE"
    detail = "The balance is too low."


class BalanceLimitExceeded(Conflict):
    """A wallet would exceed its limit of 2⁵²."""

    code = "BALANCE_LIMIT_EXCEEDED"
    detail = "The wallet would exceed its limit."


class PhoneNotLinked(Conflict):
    """The gamer has not linked a phone, so there is no KGeN wallet to pay to."""

    code = "PHONE_NOT_LINKED"
    detail = "Link a phone first: withdrawals go to the KGeN wallet of the linked phone."


class WithdrawalInProgress(Conflict):
    """The gamer has another open withdrawal."""

    code = "WITHDRAWAL_IN_PROGRESS"
    detail = "Another withdrawal is still in progress."


class WithdrawalBelowMinimum(Conflict):
    """The amount is 0 or below the client's minimum."""

    code = "WITHDRAWAL_BELOW_MINIMUM"
    detail = "The amount is below the minimum withdrawal."


class WithdrawalLimitExceeded(Conflict):
    """The amount is above the limit of a withdrawal or a day. `limit` is possible now, more from `available_at` on."""

    code = "WITHDRAWAL_LIMIT_EXCEEDED"
    detail = "The amount exceeds the current withdrawal limit."


class WithdrawalOnHold(Conflict):
    """The phone was linked again recently after an unlink. Withdrawals are possible from `available_at` on."""

    code = "WITHDRAWAL_ON_HOLD"
    detail = "Withdrawals are on hold because the phone was linked again recently."


class SecondPersonNeeded(Forbidden):
    """Four-eyes principle: this operator took part in the matter, so another operator has to act."""

    code = "SECOND_PERSON_NEEDED"
    detail = "Another operator has to do this."


class OwnAdjustment(SecondPersonNeeded):
    """An operator may not decide their own request."""

    detail = "You requested this adjustment: another operator has to decide it."


class AdjustedByApprover(SecondPersonNeeded):
    """An operator who adjusts a gamer's balance may not approve that gamer's withdrawals."""

    detail = "You requested an adjustment of this wallet: another operator has to approve its withdrawals."


class OwnReturn(SecondPersonNeeded):
    """An operator may not confirm or refuse the return that they asked for."""

    detail = "You asked to mark this payout as returned: another operator has to decide it."


class NotTheMaker(Forbidden):
    """Only the operator who requested an adjustment may cancel it; others reject it."""

    detail = "Only the operator who requested this adjustment can cancel it."
