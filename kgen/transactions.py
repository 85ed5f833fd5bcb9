"""The unit of work: a service runs in one durable transaction, and again after a deadlock or serialization failure."""

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

# serialization_failure and deadlock_detected: the transaction was rolled back and can run again.
RETRIED = frozenset({"40001", "40P01"})
ATTEMPTS = 6


class Once(Protocol):
    """Makes a service's effect happen once for an idempotency key (see kgen.api.idempotency)."""

    def begin(self) -> None:
        """Called first in the transaction. Raises if the key has an answer already."""

    def finish(self, result: object) -> None:
        """Called last in the transaction. Keeps the answer with the effect."""


class OperatorTrace(Protocol):
    """Writes the trace of an operator's action in the transaction of its effect (see kgen.audit)."""

    def begin(self) -> None:
        """Called first in the transaction, once per attempt. Reads the state before the action."""

    def finish(self, result: object) -> None:
        """Called last in the transaction, with the service's result. Writes the trace."""


# The trace of the operator's action in progress; None for calls of gamers and studios, and for sweeps.
CURRENT_TRACE: ContextVar[OperatorTrace | None] = ContextVar("current_trace", default=None)

# Whether services are parts of the open transaction.
_IN_PARTS: ContextVar[bool] = ContextVar("in_parts", default=False)
# Whether services join the transaction of `as_one`.
_IN_AS_ONE: ContextVar[bool] = ContextVar("in_as_one", default=False)


@contextmanager
def as_one() -> Iterator[None]:
    """Run all services called inside in one durable transaction: they take effect together or not at all.

    Their changes stay invisible, and their locks held, until the end. For seeds only, never in the product's work.
    """
    with transaction.atomic(durable=True):
        token = _IN_AS_ONE.set(True)
        try:
            yield
        finally:
            _IN_AS_ONE.reset(token)


@contextmanager
def as_parts() -> Iterator[None]:
    """Services called inside are parts of the `transactional` one that calls them, which runs again as a whole."""
    check_in_transaction()
    token = _IN_PARTS.set(True)
    try:
        yield
    finally:
        _IN_PARTS.reset(token)


class OutsideTransaction(RuntimeError):
    """A bug: a function that needs a transaction was called without one."""


def check_in_transaction() -> None:
    """Fail where a lock would be released at once, or a part of a change committed alone.

    Every function that locks rows or writes a part of a larger change calls this. It runs no statement.

    :raises OutsideTransaction: no transaction is open.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction("Call this inside a @transactional service.")


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-character code of a database error, or ''."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def transactional[**P, R](service: Callable[P, R]) -> Callable[P, R]:
    """Run `service` as one durable transaction: it commits when the service returns and rolls back when it raises.

    Deadlocks and serialization failures are retried a few times. With `once=` the same transaction writes the answer
    to an idempotency key; within `kgen.audit.recording` it writes the trace of the operator's action.
    """

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        once: Once | None = kwargs.pop("once", None)  # type: ignore[assignment]
        if _IN_PARTS.get():
            return service(*args, **kwargs)
        for attempt in range(ATTEMPTS):
            try:
                return _run_once(service, once, *args, **kwargs)
            except OperationalError as error:
                if sqlstate(error) not in RETRIED or attempt == ATTEMPTS - 1:
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    return run


def _run_once[**P, R](service: Callable[P, R], once: Once | None, *args: P.args, **kwargs: P.kwargs) -> R:
    with transaction.atomic(durable=not _IN_AS_ONE.get()):
        if once:
            once.begin()
        trace = CURRENT_TRACE.get()
        if trace:
            trace.begin()
        result = service(*args, **kwargs)
        if trace:
            trace.finish(result)
        if once:
            once.finish(result)
        return result
