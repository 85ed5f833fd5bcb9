"""The default rail: KGeN wallets in the same ledger. It pays at once, in the transaction that books the outcome."""

from collections.abc import Mapping
from datetime import datetime

from wallet.payouts.rail import InvalidSignature, PayoutOrder, PayoutOutcome, Reply, Report


class InternalRail:
    """Nothing leaves the database, so nothing can get lost: a payout that is not booked did not happen."""

    name = "internal"
    idempotent = True

    def send(self, order: PayoutOrder) -> Reply:
        """Paid, once it is booked."""
        return Reply(PayoutOutcome.PAID)

    def ask(self, order: PayoutOrder) -> Reply:
        """An outcome would have been booked: there is none."""
        return Reply(PayoutOutcome.NOT_SEEN)

    def read_news(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Report:
        """
        :raises InvalidSignature: always, as it tells none.
        """
        raise InvalidSignature()
