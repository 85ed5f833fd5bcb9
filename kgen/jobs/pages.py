"""Jobs in the console: the operator's list, one job with its progress, the file of an export."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.validators import MaxValueValidator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse

from kgen import audit
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.links import ROW_LINKS, RowLink
from kgen.admin_site.navigation import Nav
from kgen.admin_site.pages import ConsolePage, address, does, page
from kgen.admin_site.paging import page_at
from kgen.admin_site.scope import clients_of
from kgen.api.request_id import request_id_of
from kgen.clock import database_now
from kgen.errors import Invalid
from kgen.jobs import registry, services
from kgen.jobs.models import Job
from kgen.jobs.operators import MAY_EXPORT
from kgen.jobs.selectors import file_of, has_file, job_of, job_page

MAY_SEE = "kgen.see_jobs"
UNUSED_ID = UUID(int=0)
TABS = (("", "All"), ("failed", "Failed in the last week"))
# The range that a new export's form begins with.
SUGGESTED_RANGE = timedelta(days=30)
# A range ends at the beginning of the next day, which must exist.
LAST_DAY = date.max - timedelta(days=1)
# Parameters of forms and addresses that are not fields of an export.
NO_FIELDS = frozenset({"csrfmiddlewaretoken", "do", "reason", "show", "after"})
ROW_LINKS["kgen.job"] = RowLink("job", MAY_SEE, is_own=True)


class ExportForm(forms.Form):
    """A new export: its table, its days, and whether it shows personal data in full."""

    name = forms.ChoiceField(label="Table")
    since = forms.DateField(label="From (UTC)", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label="To (UTC), inclusive",
        widget=forms.DateInput(attrs={"type": "date"}),
        validators=[MaxValueValidator(LAST_DAY)],
    )
    about = forms.UUIDField(label="Only about the tournament, wallet or row of this id", required=False)
    full = forms.BooleanField(label="Phones and addresses in full (leaves a trace)", required=False)

    def __init__(self, operator: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operator = operator
        tables = [table for table in registry.tables() if operator.has_perm(table.permission)]
        self.fields["name"].choices = [(table.name, table.title) for table in tables]  # type: ignore[attr-defined]

    @classmethod
    def suggested(cls, request: HttpRequest) -> "ExportForm":
        """A form with the last 30 days and the fields from the address, so that other pages can link here."""
        today = database_now().date()
        days = {"since": today - SUGGESTED_RANGE, "until": today}
        given = {name: request.GET[name] for name in cls.base_fields if name in request.GET}
        return cls(request.user, initial=days | given)

    def clean(self) -> dict[str, Any]:
        """Refuse, at its field, an id to which the table cannot be narrowed."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if "name" in values and "about" in values:
            try:
                registry.table(values["name"]).check_about(values["about"], clients_of(self.operator))
            except Invalid as refusal:
                self.add_error("about", refusal.detail)
        return values

    def range(self) -> tuple[datetime, datetime]:
        """The range [since, until) in UTC."""
        first, last = (
            datetime.combine(self.cleaned_data[name], datetime.min.time(), UTC) for name in ("since", "until")
        )
        return first, last + timedelta(days=1)


@page
class JobsPage(ConsolePage):
    """The operator's jobs, newest first, and a form for a new export."""

    route = "jobs/"
    name = "jobs"
    title = "Jobs and exports"
    permission = MAY_SEE
    template_name = "console/jobs.html"
    nav = Nav("Oversight", "Jobs and exports", "download", 60)

    def data(self, **kwargs: Any) -> dict[str, Any]:
        show = self.request.GET.get("show", "")
        shown, cursor = show if show in dict(TABS) else "", self.request.GET.get("after")
        found = page_at(lambda at: job_page(_me(self.request), at, failed=shown == "failed"), cursor)
        return {
            "jobs": [(job, registry.title_of(job.kind)) for job in found.rows],
            "tabs": TABS,
            "shown": shown,
            "next_query": urlencode({"show": shown, "after": found.next_cursor}) if found.next_cursor else "",
            "is_first": not cursor,
            "form": ExportForm.suggested(self.request),
            "unknown": self._unknown(),
        }

    def _unknown(self) -> list[str]:
        """Parameters that are no field of an export. They are refused: the sender expects them to narrow the export."""
        return sorted({*self.request.GET, *self.request.POST} - NO_FIELDS - ExportForm.base_fields.keys())

    @does(ConsoleAction("export.request", MAY_EXPORT, needs_reason=False))
    def export(self) -> HttpResponse:
        """Ask for an export. The trail keeps its parameters and its reason.

        A refusal shows the form again as it was filled in.
        """
        form = ExportForm(self.request.user, self.request.POST)
        if self._unknown() or not form.is_valid():
            return self.render(**self.data() | {"form": form, "reason": self.reason}, status=400)
        since, until = form.range()
        made = self.run(
            self.actions()["export"],
            lambda: services.request_export(
                operator_id=_me(self.request),
                name=form.cleaned_data["name"],
                since=since,
                until=until,
                about=form.cleaned_data["about"],
                full=form.cleaned_data["full"],
                reason=self.reason,
                request_id=request_id_of(self.request),
            ),
            subject=lambda job: job,
            done="The export is queued.",
        )
        if not isinstance(made, Job):
            return self.render(**self.data() | {"form": form, "reason": self.reason}, status=400)
        return HttpResponseRedirect(address("job", pk=made.pk))


@page
class JobPage(ConsolePage):
    """One job: its progress, its outcome, its file; cancelling it."""

    route = "jobs/<uuid:pk>/"
    name = "job"
    title = "Job"
    permission = MAY_SEE
    template_name = "console/job.html"
    example: ClassVar[dict[str, Any]] = {"pk": UNUSED_ID}

    def data(self, **kwargs: Any) -> dict[str, Any]:
        job = job_of(_me(self.request), kwargs["pk"])
        return {
            "job": job,
            "title": registry.title_of(job.kind),
            "progress": progress_of(job),
            "refusals": [(refusal, _page_of(job, refusal["subject"])) for refusal in job.outcome.get("refusals", [])],
        }

    def breadcrumbs(self, **kwargs: Any) -> list[tuple[str, str]]:
        return [(JobsPage.title, address("jobs"))]

    @does(ConsoleAction("job.cancel", MAY_SEE, needs_reason=False))
    def cancel(self, *, pk: UUID) -> None:
        """Cancel the job; items that are done stay done."""
        job = job_of(_me(self.request), pk)
        self.run(
            self.actions()["cancel"],
            lambda: services.cancel_job(operator_id=_me(self.request), job_id=pk),
            subject=job,
            done="The job is cancelled. Items that were done stay done.",
        )


@page
class JobProgressPage(ConsolePage):
    """A job's progress as JSON, for the progress bar."""

    route = "jobs/<uuid:pk>/progress"
    name = "job_progress"
    title = "Progress"
    permission = MAY_SEE
    example: ClassVar[dict[str, Any]] = {"pk": UNUSED_ID}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        answer = JsonResponse(progress_of(job_of(_me(request), kwargs["pk"])))
        answer.headers["Cache-Control"] = "no-store"
        return answer


@page
class JobFilePage(ConsolePage):
    """An export's file, streamed to the operator of the job."""

    route = "jobs/<uuid:pk>/file"
    name = "job_file"
    title = "File"
    permission = MAY_EXPORT
    example: ClassVar[dict[str, Any]] = {"pk": UNUSED_ID}

    def get(self, request: HttpRequest, **kwargs: Any) -> Any:
        job, pieces = file_of(_me(request), kwargs["pk"])
        if job.parameters["full"]:
            audit.record_view(operator=request.user, what="export", subject=job, request=request, reason=job.reason)
        answer = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
        name = f"{registry.table_of(job.kind).name}-{job.created_at:%Y%m%d-%H%M%S}.csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _page_of(job: Job, subject: str) -> str:
    name = registry.page_of(job.kind)
    return address(name, pk=UUID(subject)) if name else ""


def progress_of(job: Job) -> dict[str, Any]:
    """The values that the progress bar shows."""
    return {
        "state": job.state,
        "open": job.is_open,
        "done": job.done,
        "total": job.total,
        "percent": job.percent,
        "file": address("job_file", pk=job.pk) if has_file(job, database_now()) else None,
    }


def _me(request: HttpRequest) -> int:
    assert request.user.pk is not None, "the console requires a login"
    return int(request.user.pk)
