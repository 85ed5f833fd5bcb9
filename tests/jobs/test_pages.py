"""Jobs in the console: asked for, watched, fetched and cancelled by their operator, unknown to all others."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.test import RequestFactory

from kgen.clock import database_now
from kgen.errors import RecordNotFound
from kgen.jobs.csv_cells import BOM
from kgen.jobs.models import Job, JobState
from kgen.jobs.pages import JobFilePage, JobProgressPage
from kgen.jobs.services import request_export
from kgen.models import AuditEntry
from tests.support.addresses import JOBS
from tests.support.http import GamerCaller
from tests.support.jobs import finished, lately
from tests.support.operators import Grant
from users.models import Operator

pytestmark = pytest.mark.django_db
RIGHTS = ("export", "view_transaction", "see_jobs", "see_phone")


def fetch(view: Any, operator: Operator, job: Any) -> Any:
    """What the page answers to this operator."""
    request = RequestFactory().get("/")
    request.user = operator
    return view.as_view()(request, pk=job.pk)


def test_a_jobs_progress_and_file_are_visible_to_its_operator_only(operator_with: Grant, gamer: GamerCaller) -> None:
    operator, other = operator_with(*RIGHTS), operator_with(*RIGHTS, name="bob")
    job = request_export(operator_id=operator.pk, name="ledger", full=True, reason="audit", **lately())
    assert b'"QUEUED"' in fetch(JobProgressPage, operator, job).content
    with pytest.raises(RecordNotFound):
        fetch(JobFilePage, operator, job)
    job = finished(job)
    assert job.state == JobState.DONE
    for view in (JobProgressPage, JobFilePage):
        with pytest.raises(RecordNotFound):
            fetch(view, other, job)
    assert not AuditEntry.objects.filter(act="export.see").exists()
    answer = fetch(JobFilePage, operator, job)
    assert b"".join(answer.streaming_content).startswith(BOM)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="ledger-')
    entry = AuditEntry.objects.get(act="export.see")
    assert (entry.operator_id, entry.object_id, entry.reason) == (operator.pk, str(job.pk), "audit")


def test_my_jobs_are_paged_by_keyset(operator_with: Grant) -> None:
    operator, other = operator_with(*RIGHTS), operator_with(*RIGHTS, name="bob")
    now = database_now()
    for who, number in ((operator, 60), (other, 3)):
        for _ in range(number):
            Job.objects.create(
                kind="webhooks.replay", operator_id=who.pk, state=JobState.DONE, created_at=now, finished_at=now
            )
    browser = Browser()
    browser.force_login(operator)
    first = browser.get(JOBS)
    second = browser.get(f"{JOBS}?{first.context['next_query']}")
    pages = [[job.pk for job, _ in page.context["jobs"]] for page in (first, second)]
    assert [len(page) for page in pages] == [50, 10]
    own = Job.objects.filter(operator_id=operator.pk).order_by("-id")
    assert pages[0] + pages[1] == list(own.values_list("pk", flat=True))
    assert (first.context["next_query"] != "", second.context["next_query"]) == (True, "")
    assert [">First</a>" in page.content.decode() for page in (first, second)] == [False, True]
    garbage = browser.get(f"{JOBS}?after=garbage&show=nope")
    assert [job.pk for job, _ in garbage.context["jobs"]] == pages[0]
    browser.force_login(other)
    stolen = browser.get(f"{JOBS}?{first.context['next_query']}")
    assert {job.operator_id for job, _ in stolen.context["jobs"]} == {other.pk}


def test_a_refused_export_keeps_the_typed_form_values(client: Browser, operator_with: Grant) -> None:
    client.force_login(operator_with(*RIGHTS))
    asked = {
        "do": "export",
        "name": "ledger",
        "since": "2026-03-02",
        "until": "2024-03-01",
        "reason": "for the auditor",
    }
    page = client.post("/console/jobs/", asked)
    assert (page.status_code, Job.objects.count()) == (400, 0)
    shown = page.content.decode()
    assert all(f'value="{typed}"' in shown for typed in ("2026-03-02", "2024-03-01", "for the auditor"))
