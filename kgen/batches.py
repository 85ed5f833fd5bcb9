"""Handling many calls in one run of a service: an outcome for each, in the order of the calls."""

from collections.abc import Callable, Sequence

from kgen.errors import DomainError


def refusal_of[**P](check: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> DomainError | None:
    """The refusal that `check` raises for these arguments; None if it raises none. Other exceptions pass through."""
    try:
        check(*args, **kwargs)
    except DomainError as refusal:
        return refusal
    return None


def outcome_of[**P, R](call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | DomainError:
    """The result of `call` for these arguments, or the refusal that it raises. Other exceptions pass through."""
    try:
        return call(*args, **kwargs)
    except DomainError as refusal:
        return refusal


def complete[I, R](items: Sequence[I], known: Sequence[R | None], work: Callable[[list[I]], Sequence[R]]) -> list[R]:
    """An outcome for each item: the known one, or, where that is None, the outcome of one run of `work`.

    `work` takes all items without a known outcome, in their order, and returns one outcome for each. It does not run
    if every outcome is known.

    :raises ValueError: the number of outcomes, of `known` or of `work`, is not the number of items.
    """
    open_items = [item for item, outcome in zip(items, known, strict=True) if outcome is None]
    found = work(open_items) if open_items else ()
    if len(found) != len(open_items):
        raise ValueError(f"{len(found)} outcomes for {len(open_items)} items")
    rest = iter(found)
    return [next(rest) if outcome is None else outcome for outcome in known]


def only[R](outcomes: Sequence[R | DomainError]) -> R:
    """The one outcome of a batch of one call.

    :raises DomainError: that outcome, if it is a refusal.
    """
    [outcome] = outcomes
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome
