"""The locks and failure counters that every phone code passes."""

from datetime import datetime

from kgen.clock import database_now
from users.errors import OtpAttemptsExceeded
from users.models import CodeGuard, Gamer
from users.otp import FAILURES_IN_A_ROW, LOCK, seconds_until


class Guards:
    """The guards of a gamer and a phone, locked until the transaction ends. Lock order: the gamer first."""

    def __init__(self, gamer: Gamer, phone: str) -> None:
        self.rows = [_lock(CodeGuard(gamer=gamer), "gamer"), _lock(CodeGuard(phone=phone), "phone")]

    def check_open(self, now: datetime) -> None:
        """Check that neither the gamer nor the phone is locked.

        :raises OtpAttemptsExceeded: one of them is.
        """
        locks = [row.locked_until for row in self.rows if row.locked_until and row.locked_until > now]
        if locks:
            detail = "Too many failures in a row. Try again tomorrow."
            raise OtpAttemptsExceeded(detail, retry_after=seconds_until(max(locks), now=now))

    def count_failure(self, now: datetime) -> None:
        """Count a failure. The tenth in a row locks for a day and restarts the count."""
        for row in self.rows:
            row.failures += 1
            if row.failures >= FAILURES_IN_A_ROW:
                row.failures, row.locked_until = 0, now + LOCK
            row.save(update_fields=["failures", "locked_until"])

    def forget_failures(self) -> None:
        """Reset the counters after a right code."""
        CodeGuard.objects.filter(pk__in=[row.pk for row in self.rows]).update(failures=0, locked_until=None)


def _lock(guard: CodeGuard, name: str) -> CodeGuard:
    """Lock the guard's row, inserting it if needed, in one statement that leaves no gap for another transaction."""
    guard.touched_at = database_now()
    CodeGuard.objects.bulk_create([guard], update_conflicts=True, unique_fields=[name], update_fields=["touched_at"])
    return CodeGuard.objects.get(**{name: getattr(guard, name)})
