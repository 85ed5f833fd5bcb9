"""Doing something from the console: one call of a service, with a trace, and an answer that can be read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin import action as django_action
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from kgen import audit
from kgen.admin_site.scope import may_touch
from kgen.errors import DomainError, Forbidden

# Of one action in a list: what a request can do in time. More is a background job.
MOST_ROWS = 200
REASON_MISSING = "Give a reason."


@dataclass(frozen=True)
class ConsoleAction:
    """What an action is: its name in the trail, the permission that it needs, and whether it asks for a reason."""

    name: str
    permission: str
    needs_reason: bool = True


def operator_id(request: HttpRequest) -> int:
    """The operator's number, as services take it."""
    assert request.user.pk is not None, "the console lets nobody in without a login"
    return int(request.user.pk)


def reason_in(request: HttpRequest) -> str:
    """The reason that a form sends, as services and the trail keep it; "" where it cannot be kept (NUL)."""
    words = request.POST.get("reason", "").strip()[: audit.LONGEST_REASON]
    return "" if "\0" in words else words


def run_action(
    request: HttpRequest,
    what: ConsoleAction,
    call: Callable[[], Any],
    *,
    subject: audit.Subject,
    done: str | Callable[[Any], str],
    reason: str = "",
) -> Any:
    """Call a service as this operator's act; True (or what it returned, if anything) when it was done.

    `done` is what is said then, or makes it of what the service returned. A refusal is told in a message and answered
    with False: nothing has happened then, and nothing is in the trail.

    :raises Forbidden: the operator may not, or not for this client. Pages show only what is allowed.
    """
    check_allowed(request, what, subject)
    reason = reason.strip()[: audit.LONGEST_REASON]
    if what.needs_reason and not reason:
        messages.error(request, REASON_MISSING)
        return False
    try:
        with audit.recording(operator=request.user, act=what.name, subject=subject, reason=reason, request=request):
            result = call()
    except DomainError as refusal:
        messages.error(request, f"{_named(subject)}{_told(refusal)}")
        return False
    messages.success(request, done if isinstance(done, str) else done(result))
    return True if result is None else result


def check_allowed(request: HttpRequest, what: ConsoleAction, subject: audit.Subject) -> None:
    """
    :raises Forbidden: the role lacks the permission, or the row is of a client outside the operator's limit.
    """
    if not request.user.has_perm(what.permission):
        raise Forbidden("Your role does not allow this.")
    if isinstance(subject, Model) and not may_touch(request.user, audit.client_of(subject)):
        raise Forbidden("This belongs to a client that you do not work for.")


def on_rows(what: ConsoleAction, description: str) -> Callable[[Callable[..., Any]], Any]:
    """Make an action for the rows that are ticked in a list, out of a method `(self, request, row, reason)`.

    The method makes one call into a service. Each row is an act and a transaction of its own: one refusal stops no
    other. Who lacks the permission does not see the action and cannot send it.
    """

    def decorate(one: Callable[..., Any]) -> Any:
        def run(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
            reason = reason_in(request)
            if what.needs_reason and not reason:
                messages.error(request, REASON_MISSING)
                return
            if request.POST.get("select_across") == "1" or queryset.count() > MOST_ROWS:
                messages.error(request, f"At most {MOST_ROWS} rows at once.")
                return
            for row in _rows(queryset):
                do = partial(one, self, request, row, reason)
                run_action(request, what, do, subject=row, done=f"{row}: done", reason=reason)

        run.__name__, run.__doc__ = one.__name__, one.__doc__
        # ConsoleAdmin reads the permission from here, because Django knows only one per model and verb.
        made: Any = django_action(description=description)(run)
        made.act = what
        return made

    return decorate


def _rows(queryset: QuerySet[Any]) -> Iterable[Any]:
    """In the order of their keys: two operators who tick the same rows take them in the same order."""
    return queryset.order_by("pk")


def _told(refusal: DomainError) -> str:
    """A refusal in words, with what it says of each field."""
    of_fields = [f"{fault['field']}: {fault['detail']}" for fault in refusal.extra.get("errors", [])]
    of_fields += [f"({', '.join(refusal.extra['fields'])})"] if "fields" in refusal.extra else []
    return " ".join([refusal.detail, *of_fields])


def _named(subject: audit.Subject) -> str:
    return f"{subject}: " if isinstance(subject, Model) else ""
