"""Actions of operators: one call of a service, with an entry in the trail and a message to the operator."""

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

# The rows that an action of a list can take in one request. More rows need a job.
MOST_ROWS = 200
REASON_MISSING = "Give a reason."


@dataclass(frozen=True)
class ConsoleAction:
    """An action: its name in the trail, the permission that it needs, and whether it needs a reason."""

    name: str
    permission: str
    needs_reason: bool = True


def operator_id(request: HttpRequest) -> int:
    """The operator's number, as services take it."""
    assert request.user.pk is not None, "the console lets nobody in without a login"
    return int(request.user.pk)


def reason_in(request: HttpRequest) -> str:
    """The reason in a form, cut to the length that the trail keeps; "" for a text with NUL, which no row can hold."""
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
    """Call a service as this operator's action. Returns the service's result, or True where that is None.

    `done` is the message afterwards, or makes it from the result. A refusal becomes a message, and the result is False:
    then nothing has changed and nothing is in the trail.

    :raises Forbidden: the operator lacks the permission, or the client is outside the operator's limit. Pages show
        allowed actions only.
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
        messages.error(request, f"{_named(subject)}{_message(refusal)}")
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
    """Make an action on the ticked rows of a list from a method `(self, request, row, reason)`.

    The method makes one call into a service. Each row has its own transaction and trail entry, so a refusal stops no
    other row. Operators without the permission neither see the action nor can send it.
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
        # ConsoleAdmin reads the permission here: Django has only one permission for each model and verb.
        made: Any = django_action(description=description)(run)
        made.action = what
        return made

    return decorate


def _rows(queryset: QuerySet[Any]) -> Iterable[Any]:
    """The rows in the order of their keys, so that two operators who tick the same rows take them in the same order."""
    return queryset.order_by("pk")


def _message(refusal: DomainError) -> str:
    """A refusal's text, with its faults by field."""
    of_fields = [f"{fault['field']}: {fault['detail']}" for fault in refusal.extra.get("errors", [])]
    of_fields += [f"({', '.join(refusal.extra['fields'])})"] if "fields" in refusal.extra else []
    return " ".join([refusal.detail, *of_fields])


def _named(subject: audit.Subject) -> str:
    return f"{subject}: " if isinstance(subject, Model) else ""
