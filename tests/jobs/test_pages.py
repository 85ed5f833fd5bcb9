"""Jobs in the console: asked for, watched, fetched and cancelled by their operator, unknown to all others."""

from typing import Any

import pytest
from django.test import RequestFactory

from kgen.errors import RecordNotFound
from kgen.jobs.models import JobState
from kgen.jobs.pages import JobFilePage, JobProgressPage
from kgen.jobs.services import request_export
from kgen.jobs.sheets import BOM
from kgen.models import AuditEntry
from tests.jobs.conftest import Grant
from tests.support.http import GamerCaller
from tests.support.jobs import finished, lately
from users.models import Operator

pytestmark = pytest.mark.django_db
RIGHTS = ("export", "view_transaction", "see_jobs", "see_phone")


def fetch(view: Any, operator: Operator, job: Any) -> Any:
    """What the page answers to this operator."""
    request = RequestFactory().get("/")
    request.user = operator
    return view.as_view()(request, pk=job.pk)


def test_progress_and_file_are_the_operators_own(operator_with: Grant, gamer: GamerCaller) -> None:
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
