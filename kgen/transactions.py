"""The unit of work: one journey is one durable transaction, tried again when the database asks for it."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from django.db import OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

# serialization_failure and deadlock_detected: the transaction did nothing and is meant to be run again.
RETRIED = frozenset({"40001", "40P01"})
ATTEMPTS = 6


class Once(Protocol):
    """What makes a journey's effect happen once for an idempotency key (see kgen.api.idempotency)."""

    def begin(self) -> None:
        """Called first in the transaction; raises to answer with the kept result instead."""

    def finish(self, result: object) -> None:
        """Called last in the transaction; keeps the answer with the effect."""


class OperatorTrace(Protocol):
    """An operator's act (see kgen.audit): what keeps its trace in the transaction of its effect."""

    def begin(self) -> None:
        """Called first in the transaction, again with each attempt; sees what was there before."""

    def finish(self, result: object) -> None:
        """Called last in the transaction, with what the journey returned; writes the trace."""


# Whose act the journeys that are called now are; none for calls of gamers and studios, and for sweeps.
ACTING: ContextVar[OperatorTrace | None] = ContextVar("acting", default=None)

# Whether journeys are parts of one transaction now (`as_one`).
_TOGETHER: ContextVar[bool] = ContextVar("together", default=False)


@contextmanager
def as_one() -> Iterator[None]:
    """The journeys that are called inside are one durable transaction: for what is made whole or not at all.

    Nobody sees any of it before its end, and every lock is held till then: for seeds, never for the product's work.
    """
    with transaction.atomic(durable=True):
        token = _TOGETHER.set(True)
        try:
            yield
        finally:
            _TOGETHER.reset(token)


class OutsideTransaction(RuntimeError):
    """A bug: what needs a transaction was called without one."""


def check_in_transaction() -> None:
    """Fail loudly where a lock would be released at once, or a write committed by itself.

    Called by everything that locks rows or writes a part of a larger change. It costs no statement.

    :raises OutsideTransaction: no transaction is open.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction("Call this inside a @transactional service.")


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-character code of a database error, or ''."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def transactional[**P, R](service: Callable[P, R]) -> Callable[P, R]:
    """Run `service` as one durable transaction: its effect is committed when it returns, and none when it raises.

    Deadlocks and serialization failures are run again a few times. With `once=` the effect and the answer
    to an idempotency key are written in this same transaction, and so is the trace of an operator's act.
    """

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        once: Once | None = kwargs.pop("once", None)  # type: ignore[assignment]
        for attempt in range(ATTEMPTS):
            try:
                return _once(service, once, *args, **kwargs)
            except OperationalError as error:
                if sqlstate(error) not in RETRIED or attempt == ATTEMPTS - 1:
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    return run


def _once[**P, R](service: Callable[P, R], once: Once | None, *args: P.args, **kwargs: P.kwargs) -> R:
    with transaction.atomic(durable=not _TOGETHER.get()):
        if once:
            once.begin()
        act = ACTING.get()
        if act:
            act.begin()
        result = service(*args, **kwargs)
        if act:
            act.finish(result)
        if once:
            once.finish(result)
        return result
