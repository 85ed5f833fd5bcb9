"""List actions too long for one request: the ticked rows become the items of a job."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import action as django_action
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from kgen.admin_site.actions import MOST_ROWS, REASON_MISSING, ConsoleAction, reason_in, run_action
from kgen.admin_site.pages import address
from kgen.api.request_id import request_id_of
from kgen.jobs.models import Job
from kgen.jobs.pages import MAY_SEE
from kgen.jobs.services import request_acts


def as_job(requesting: ConsoleAction, description: str, kind: str) -> Any:
    """A list action that asks for a job of this kind, and redirects operators who may see jobs to the job's page.

    `requesting` is the action of asking for the job. In the trail each item has the kind's own action.
    """

    def run(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        reason = reason_in(request)
        if not reason:
            messages.error(request, REASON_MISSING)
            return None
        chosen = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST_ROWS + 1])
        if request.POST.get("select_across") == "1" or len(chosen) > MOST_ROWS:
            messages.error(request, f"At most {MOST_ROWS} rows at once.")
            return None
        made = run_action(
            request,
            requesting,
            lambda: request_acts(
                operator_id=int(request.user.pk or 0),
                kind=kind,
                subjects=chosen,
                reason=reason,
                request_id=request_id_of(request),
            ),
            subject=lambda job: job,
            done=f"{len(chosen)} rows are queued as a job. Each runs on its own; the job's page lists refusals.",
            reason=reason,
        )
        may_look = isinstance(made, Job) and request.user.has_perm(MAY_SEE)
        return HttpResponseRedirect(address("job", pk=made.pk)) if may_look else None

    run.__name__ = kind.replace(".", "_")
    # See kgen.admin_site.actions.on_rows.
    made: Any = django_action(description=description)(run)
    made.action = requesting
    return made
