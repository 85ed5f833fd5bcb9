"""kill -9 of the worker at every COMMIT, two workers at once, a cancel under way: nothing twice, nothing lost."""

from typing import Any

import pytest

from kgen.jobs import running, services
from kgen.jobs.models import ItemState, Job, JobItem, JobState
from tests.support.crashing import Point, every_point
from tests.support.http import GamerCaller
from tests.support.jobs import content, finished, lapse, lately
from tests.support.money import book_deposits, wallet_of
from tests.support.operators import Grant
from tests.support.threads import begin_blocked, holding, together
from tests.support.withdrawals import Waiting
from users.models import Operator
from wallet.models import Withdrawal

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("committed")]


@pytest.fixture
def operator(operator_with: Grant) -> Operator:
    return operator_with("approve_withdrawal", "view_transaction", "export")


def approve(operator: Operator, rows: list[Withdrawal]) -> Job:
    return services.request_acts(
        operator_id=operator.pk,
        kind="withdrawals.approve",
        subjects=[row.pk for row in rows],
        reason="checked",
        client_ids=None,
    )


def test_a_worker_killed_at_any_commit_leaves_each_action_done_once(operator: Operator, waiting: Waiting) -> None:
    jobs: list[Job] = []

    def check(point: Point) -> None:
        # An approval that happened and was not marked would be refused now: its state allows no second one.
        job = finished(jobs[-1])
        assert (job.state, job.done) == (JobState.DONE, 3), point
        assert job.outcome == {"done": 3, "refused": 0, "left": 0, "refusals": []}, point

    died = every_point(running.run_due, lambda: jobs.append(approve(operator, waiting(3))), check)
    # The claim and three acts, before and after each.
    assert died >= 8


def test_an_export_killed_at_any_commit_produces_the_same_file(operator: Operator, gamer: GamerCaller) -> None:
    book_deposits(gamer, 2100)
    given: dict[str, Any] = lately() | {"about": wallet_of(gamer).pk, "client_ids": None}
    jobs: list[Job] = []

    def prepare() -> None:
        jobs.append(services.request_export(operator_id=operator.pk, name="statement", **given))

    prepare()
    whole = content(finished(jobs[-1]))
    # The heading, the welcome bonus and the deposits.
    assert whole.count(b"\r\n") == 2102

    def check(point: Point) -> None:
        assert content(finished(jobs[-1])) == whole, point

    # The claim, the heading and three pages.
    assert every_point(running.run_due, prepare, check) >= 10


def test_parallel_workers_handle_each_item_once(operator: Operator, waiting: Waiting) -> None:
    jobs = [approve(operator, waiting(4)) for _ in range(3)]
    together([running.run_due] * 4)
    for job in jobs:
        job = finished(job)
        assert job.outcome == {"done": 4, "refused": 0, "left": 0, "refusals": []}
    assert sum(Job.objects.values_list("fence", flat=True)) == len(jobs)


def test_a_cancelled_job_finishes_its_action_and_starts_no_other(operator: Operator, waiting: Waiting) -> None:
    rows = waiting(4)
    job = approve(operator, rows)

    def cancel() -> set[int]:
        services.cancel_job(operator_id=operator.pk, job_id=job.pk)
        return done_items()

    with holding("SELECT 1 FROM wallet_withdrawal WHERE id = %s FOR UPDATE", [rows[1].pk]):
        worker, canceller = begin_blocked(running.run_due, cancel)
    worker.result()
    done_at_cancel = canceller.result()
    lapse()
    assert running.run_due() == 0
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert done_items() == done_at_cancel
    # The act that was under way was finished; who gets the lock first decides of the next.
    assert len(done_at_cancel) >= 2
    assert Withdrawal.objects.filter(approved_by=operator.pk).count() == len(done_at_cancel) == job.outcome["done"]


def done_items() -> set[int]:
    """The acts that are marked done."""
    return set(JobItem.objects.filter(state=ItemState.DONE).values_list("pk", flat=True))
