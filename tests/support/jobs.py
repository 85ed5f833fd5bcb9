"""Jobs in tests: their leases, and a worker with all the time it needs."""

import csv
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from django.db import connection

from kgen.clock import database_now
from kgen.jobs import running, services
from kgen.jobs.csv_cells import BOM
from kgen.jobs.models import Job
from kgen.jobs.selectors import file_of
from users.models import Operator

# The permissions for every export.
EVERYTHING = ("export", "view_withdrawal", "view_adjustment", "view_transaction", "view_tournament", "view_settlement")
EVERYTHING += ("see_audit", "view_gamer")


def lapse() -> None:
    """Let every lease be over."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kgen_job SET due_at = due_at - interval '1 hour' WHERE due_at IS NOT NULL")


def finished(job: Job) -> Job:
    """The job once workers have had all the time they need."""
    for _ in range(20):
        lapse()
        running.run_due()
        job.refresh_from_db()
        if not job.is_open:
            return job
    raise AssertionError("the job never ended")


def lately() -> dict[str, datetime]:
    """The range of an export that takes in whatever a test has made."""
    now = database_now()
    return {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}


def content(job: Job) -> bytes:
    """An export's file."""
    return b"".join(file_of(job.operator_id, job.pk)[1])


def ask(operator: Operator, name: str, **changed: Any) -> Job:
    """An operator's request for an export."""
    return services.request_export(operator_id=operator.pk, name=name, **(lately() | changed))


def table(operator: Operator, name: str, **changed: Any) -> list[dict[str, str]]:
    """The rows of an export, as a spreadsheet reads them."""
    body = content(finished(ask(operator, name, **changed)))
    assert body.startswith(BOM)
    return list(csv.DictReader(StringIO(body[len(BOM) :].decode(), newline="")))
