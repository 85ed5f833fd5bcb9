"""The wallet's refusals."""

from kgen.errors import Conflict, Forbidden


class InsufficientBalance(Conflict):
    """There is less than is to be moved."""

    code = "INSUFFICIENT_BALANCE"
    detail = "The balance does not cover this."


class BalanceLimitExceeded(Conflict):
    """A wallet would hold more than it may."""

    code = "BALANCE_LIMIT_EXCEEDED"
    detail = "The wallet would hold more than it may."


class PhoneNotLinked(Conflict):
    """There is no KGeN wallet to pay to."""

    code = "PHONE_NOT_LINKED"
    detail = "Link a phone first: there is no KGeN wallet to pay to."


class WithdrawalInProgress(Conflict):
    """One withdrawal at a time."""

    code = "WITHDRAWAL_IN_PROGRESS"
    detail = "The last withdrawal is still on its way."


class WithdrawalBelowMinimum(Conflict):
    """Nothing to withdraw, or too little."""

    code = "WITHDRAWAL_BELOW_MINIMUM"
    detail = "There is nothing to withdraw, or less than the minimum."


class WithdrawalLimitExceeded(Conflict):
    """More than one withdrawal or one day may have; `limit` may be withdrawn now, more from `available_at` on."""

    code = "WITHDRAWAL_LIMIT_EXCEEDED"
    detail = "This is more than may be withdrawn now."


class WithdrawalOnHold(Conflict):
    """The link is fresh after an unlink; withdrawals open at `available_at`."""

    code = "WITHDRAWAL_ON_HOLD"
    detail = "Withdrawals are held for a while after a phone was linked anew."


class SecondPersonNeeded(Forbidden):
    """Four eyes: this operator had a part in it, so another one has to do it."""

    code = "SECOND_PERSON_NEEDED"
    detail = "Another operator has to do this."


class OwnAdjustment(SecondPersonNeeded):
    """Nobody decides what they asked for."""

    detail = "You asked for this adjustment yourself: another operator has to decide it."


class AdjustedByApprover(SecondPersonNeeded):
    """Whoever changes a gamer's balance does not let the gamer's money out as well."""

    detail = "You asked for an adjustment of this wallet: another operator has to approve its withdrawals."


class NotTheMaker(Forbidden):
    """An adjustment is withdrawn by the operator who asked for it; others reject it."""

    detail = "Only the operator who asked for this adjustment can withdraw it."
