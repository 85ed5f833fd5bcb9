"""Pausing and resuming rails: by operators, by the circuit breaker, and after a restore."""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import F

from kgen.clock import database_now
from kgen.errors import RecordNotFound, WrongState
from kgen.transactions import transactional
from wallet import payouts
from wallet.models import PauseReason, PayoutRail, Step
from wallet.payouts import PayoutOutcome, Reply
from wallet.selectors.rails import system_marker
from wallet.selectors.withdrawals import unsent_withdrawals

log = structlog.get_logger(__name__)

REASONS = {
    PauseReason.BREAKER: "It keeps failing.",
    PauseReason.CONFIGURATION: "It refuses us: check the gateway's address and secret, then resume.",
    PauseReason.RESTORE: "This database was restored: compare with the rail what it has paid, then resume.",
}


@transactional
def pause_rail(*, name: str, operator_id: int | None, reason: str) -> None:
    """Send nothing over a rail until an operator resumes it. Requests and callbacks still work.

    :raises RecordNotFound: there is no such rail.
    :raises WrongState: an operator or a restore has paused it already; that record is kept.
    """
    running_rails(payouts.rails())
    found = PayoutRail.objects.select_for_update().filter(pk=name).first()
    if found is not None and found.pause in (PauseReason.OPERATOR, PauseReason.RESTORE):
        raise WrongState("The rail is already paused. Reload the page.")
    values = {"pause": PauseReason.OPERATOR, "reason": reason, "since": database_now(), "changed_by": operator_id}
    if not PayoutRail.objects.filter(pk=name).update(probe_at=None, **values):
        raise RecordNotFound()


@transactional
def resume_rail(*, name: str, operator_id: int | None, reason: str, cause: PauseReason | None = None) -> None:
    """Let a rail run, and confirm that this database knows every payout over it.

    `cause` is the pause that the operator has seen: only that one ends, not a later one. None: any.

    :raises RecordNotFound: there is no such rail.
    :raises WrongState: it is not paused for that cause.
    """
    running_rails(payouts.rails())
    found = PayoutRail.objects.select_for_update().filter(pk=name).first()
    if found is not None and cause is not None and found.pause != cause:
        raise WrongState("The cause of the pause has changed. Reload the page.")
    marker = system_marker()
    if PayoutRail.objects.filter(pk=name).exclude(confirmed_system=marker).exists():
        # This database does not know what was sent after its backup, so it asks the rail before it sends anything.
        unsent_withdrawals(name).update(next_step=Step.ASK)
    values = {"pause": "", "reason": reason, "since": None, "changed_by": operator_id}
    if not PayoutRail.objects.filter(pk=name).update(failures=0, probe_at=None, confirmed_system=marker, **values):
        raise RecordNotFound()


@transactional
def pause_after_restore() -> int:
    """Pause the rails that were confirmed for another database. Returns how many."""
    marker = system_marker()
    strange = PayoutRail.objects.exclude(confirmed_system=marker).exclude(pause=PauseReason.RESTORE)
    return sum(_pause(name, PauseReason.RESTORE, database_now()) for name in strange.values_list("name", flat=True))


def running_rails(names: Collection[str]) -> set[str]:
    """Return the rails that run. A rail without a row gets one and runs."""
    for name in set(names) - set(PayoutRail.objects.filter(name__in=names).values_list("name", flat=True)):
        PayoutRail.objects.get_or_create(name=name, defaults={"confirmed_system": system_marker()})
    return set(PayoutRail.objects.filter(name__in=names, pause="").values_list("name", flat=True))


def rails_to_probe(names: Collection[str], now: datetime) -> list[str]:
    """Rails whose circuit breaker is open and whose next probe is due."""
    tripped = PayoutRail.objects.filter(name__in=names, pause=PauseReason.BREAKER, probe_at__lte=now)
    return list(tripped.values_list("name", flat=True))


def take_probe(name: str, now: datetime) -> bool:
    """Claim the probe of a rail: True for one worker per probe interval."""
    later = now + timedelta(seconds=settings.PAYOUT_PROBE_SECONDS)
    tripped = PayoutRail.objects.filter(pk=name, pause=PauseReason.BREAKER, probe_at__lte=now)
    return tripped.update(probe_at=later) == 1


def note_outcome(name: str, step: Step, reply: Reply, now: datetime) -> None:
    """Count a call for or against its rail. A rail that answers questions but fails to pay counts as failing."""
    match reply.outcome:
        case PayoutOutcome.MISCONFIGURED:
            _pause(name, PauseReason.CONFIGURATION, now)
        case PayoutOutcome.UNKNOWN:
            PayoutRail.objects.filter(pk=name).update(failures=F("failures") + 1)
            tripped = PayoutRail.objects.filter(pk=name, pause="", failures__gte=settings.PAYOUT_BREAKER_FAILURES)
            if tripped.exists():
                _pause(name, PauseReason.BREAKER, now)
        case PayoutOutcome.NOT_SEEN:
            # The rail answers again: the next call, perhaps the first send, need not wait for the next probe.
            PayoutRail.objects.filter(pk=name, pause=PauseReason.BREAKER).update(probe_at=now)
        case _:
            row = PayoutRail.objects.filter(pk=name)
            row.filter(failures__gt=0).update(failures=0)
            row.filter(pause=PauseReason.BREAKER).update(pause="", reason="", since=None, probe_at=None)


def _pause(name: str, cause: PauseReason, now: datetime) -> bool:
    """Pause a rail automatically. An operator's pause stays as it is."""
    probe_at = now + timedelta(seconds=settings.PAYOUT_PROBE_SECONDS) if cause is PauseReason.BREAKER else None
    log.error("payouts paused", rail=name, cause=cause.value)
    weaker = ["", PauseReason.BREAKER] if cause is not PauseReason.RESTORE else [*PauseReason.values, ""]
    return bool(
        PayoutRail.objects.filter(pk=name, pause__in=weaker).update(
            pause=cause, reason=REASONS[cause], since=now, probe_at=probe_at, changed_by=None
        )
    )
