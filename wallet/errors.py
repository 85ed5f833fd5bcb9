"""The wallet's refusals."""

from kgen.errors import Conflict


class InsufficientBalance(Conflict):
    """There is less than is to be moved."""

    code = "INSUFFICIENT_BALANCE"
    detail = "The balance does not cover this."


class BalanceLimitExceeded(Conflict):
    """A wallet would hold more than it may."""

    code = "BALANCE_LIMIT_EXCEEDED"
    detail = "The wallet would hold more than it may."
