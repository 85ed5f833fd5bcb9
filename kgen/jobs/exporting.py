"""Exports: one transaction writes a page's lines and the position behind them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from kgen.errors import Invalid
from kgen.jobs import operators, registry
from kgen.jobs.leases import Progress, finish
from kgen.jobs.models import Job, JobChunk, JobState
from kgen.jobs.tables import ExportPage, ExportScope, ExportTable, count_rows, read_page
from kgen.transactions import transactional

MOST_ROWS = 1_000_000
CHUNK_BYTES = 256 * 1024


def work(progress: Progress) -> bool:
    """Write pages until the slice or the file ends; returns whether the file is complete.

    :raises Invalid: there are more than MOST_ROWS rows, or the table cannot be narrowed to the job's subject.
    :raises LeaseLost: the job is no longer this worker's.
    """
    job = progress.job
    table, scope = registry.table_of(job.kind), scope_of(job, progress.operator)
    table.check_about(scope.about, scope.clients)
    if job.total is None:
        _begin(job=job, progress=progress, table=table, total=_count(table, scope))
    while True:
        page = read_page(table, scope, job.position or None)
        keep(progress=progress, page=page)
        progress.done, job.position = progress.done + page.rows, page.position or ""
        if page.position is None:
            return True
        if progress.is_over:
            return False


def scope_of(job: Job, operator: Any) -> ExportScope:
    """The rows that a job exports."""
    parameters = job.parameters
    return ExportScope(
        clients=operators.clients_of_job(job, operator),
        since=datetime.fromisoformat(parameters["since"]),
        until=datetime.fromisoformat(parameters["until"]),
        about=UUID(parameters["about"]) if parameters["about"] is not None else None,
        full=parameters["full"],
    )


def _count(table: ExportTable, scope: ExportScope) -> int:
    total = count_rows(table, scope, MOST_ROWS)
    if total > MOST_ROWS:
        raise Invalid(f"There are more than {MOST_ROWS:,} rows. Choose a shorter range.")
    return total


@transactional
def _begin(*, job: Job, progress: Progress, table: ExportTable, total: int) -> None:
    """Write the heading and the number of rows in one transaction: together they mark the export as begun."""
    progress.note(total=total)
    JobChunk.objects.create(job=job, number=0, body=table.heading())
    job.total = total


@transactional
def keep(*, progress: Progress, page: ExportPage) -> None:
    """Write a page's lines and the position of the next page; the last page ends the job.

    :raises LeaseLost: the job is no longer this worker's; nothing is written.
    """
    job = progress.job
    done = progress.done + page.rows
    if page.position is None:
        finish(job, JobState.DONE, {"rows": done}, done=done)
    else:
        progress.note(done=done, position=page.position)
    first = JobChunk.objects.filter(job=job).count()
    pieces = chunked(page.lines)
    JobChunk.objects.bulk_create(JobChunk(job=job, number=n, body=body) for n, body in enumerate(pieces, first))


def chunked(lines: Iterable[bytes], most: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Join lines into pieces of at most `most` bytes; a longer line is split."""
    piece = b""
    for line in lines:
        if piece and len(piece) + len(line) > most:
            yield piece
            piece = b""
        piece += line
        while len(piece) > most:
            yield piece[:most]
            piece = piece[most:]
    if piece:
        yield piece
