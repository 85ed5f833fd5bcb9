"""The default rail: KGeN wallets in the same ledger. The transaction that books the outcome is the payout."""

from collections.abc import Mapping
from datetime import datetime

from wallet.payouts.rail import InvalidSignature, PayoutOrder, PayoutOutcome, Reply, Report


class InternalRail:
    """Nothing leaves the database, so nothing gets lost: an unbooked payout did not happen."""

    name = "internal"
    idempotent = True

    def send(self, order: PayoutOrder) -> Reply:
        """Answer PAID: booking the outcome pays it."""
        return Reply(PayoutOutcome.PAID)

    def ask(self, order: PayoutOrder) -> Reply:
        """Answer NOT_SEEN: a payout that happened would have been booked."""
        return Reply(PayoutOutcome.NOT_SEEN)

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Report:
        """This rail has no callbacks.

        :raises InvalidSignature: always.
        """
        raise InvalidSignature()
