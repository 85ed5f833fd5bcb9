"""The locks and failure counters that stand before every code."""

from datetime import datetime

from kgen.clock import database_now
from users.errors import OtpAttemptsExceeded
from users.models import CodeGuard, Gamer
from users.otp import FAILURES_IN_A_ROW, LOCK, seconds_until


class Guards:
    """The guards of a gamer and a phone, locked until the transaction ends: gamer first, everywhere."""

    def __init__(self, gamer: Gamer, phone: str) -> None:
        self.rows = [_lock(CodeGuard(gamer=gamer), "gamer"), _lock(CodeGuard(phone=phone), "phone")]

    def check_open(self, now: datetime) -> None:
        """
        :raises OtpAttemptsExceeded: the gamer or the phone is locked.
        """
        locks = [row.locked_until for row in self.rows if row.locked_until and row.locked_until > now]
        if locks:
            detail = "Too many failures in a row. Try again tomorrow."
            raise OtpAttemptsExceeded(detail, retry_after=seconds_until(max(locks), now=now))

    def count_failure(self, now: datetime) -> None:
        """Count one; the tenth in a row locks for a day, and counting begins anew after it."""
        for row in self.rows:
            row.failures += 1
            if row.failures >= FAILURES_IN_A_ROW:
                row.failures, row.locked_until = 0, now + LOCK
            row.save(update_fields=["failures", "locked_until"])

    def forget_failures(self) -> None:
        """The right code was given: the row of failures is over."""
        CodeGuard.objects.filter(pk__in=[row.pk for row in self.rows]).update(failures=0, locked_until=None)


def _lock(guard: CodeGuard, name: str) -> CodeGuard:
    """The guard's row, made where there is none. One statement makes and locks, so that nothing comes between."""
    guard.touched_at = database_now()
    CodeGuard.objects.bulk_create([guard], update_conflicts=True, unique_fields=[name], update_fields=["touched_at"])
    return CodeGuard.objects.get(**{name: getattr(guard, name)})
