"""Jobs that act on many rows: as their operator, within its clients, each act once, each refusal readable."""

from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission

from kgen.errors import Conflict, Forbidden, Invalid, RecordNotFound, WrongState
from kgen.jobs import leases, running, services
from kgen.jobs.models import ItemState, Job, JobState
from kgen.jobs.selectors import job_of, job_page
from kgen.models import AuditEntry
from tests.support.http import StudioCaller
from tests.support.jobs import finished, lapse
from tests.support.operators import Grant
from tests.support.withdrawals import Waiting
from users.models import Operator
from wallet.models import State, Withdrawal
from wallet.services import reviewing

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(operator_with: Grant) -> Operator:
    return operator_with("approve_withdrawal")


def ask(operator: Operator, rows: list[Withdrawal], kind: str = "withdrawals.approve", **changed: object) -> Job:
    given = {"subjects": [row.pk for row in rows], "reason": "checked", "client_ids": None} | changed
    return services.request_acts(operator_id=operator.pk, kind=kind, **given)  # type: ignore[arg-type]


def test_a_job_approves_every_withdrawal_in_the_operators_name(operator: Operator, waiting: Waiting) -> None:
    rows = waiting(3)
    job = ask(operator, rows)
    assert (job.state, job.done, job.total, job.percent) == (JobState.QUEUED, 0, 3, 0)
    job = finished(job)
    assert (job.state, job.done, job.percent) == (JobState.DONE, 3, 100)
    assert job.outcome == {"done": 3, "refused": 0, "left": 0, "refusals": []}
    decided = Withdrawal.objects.values_list("approved_by", "reason")
    assert list(decided) == [(operator.pk, "checked")] * 3


def test_a_reject_job_returns_the_money_of_each_withdrawal(operator: Operator, waiting: Waiting) -> None:
    job = finished(ask(operator, waiting(2), "withdrawals.reject"))
    assert job.outcome["done"] == 2
    assert list(Withdrawal.objects.values_list("state", "rejected_by")) == [(State.FAILED, operator.pk)] * 2


def test_a_refused_item_is_listed_with_its_reason_and_the_others_go_on(operator: Operator, waiting: Waiting) -> None:
    first, second, third = waiting(3)
    reviewing.reject_withdrawal(withdrawal_id=second.pk, operator_id=1, reason="no")
    job = finished(ask(operator, [first, second, third]))
    assert (job.state, job.outcome["done"], job.outcome["refused"]) == (JobState.DONE, 2, 1)
    told = {"subject": str(second.pk), "detail": "The present state does not allow this."}
    assert job.outcome["refusals"] == [told]


def test_a_job_lists_a_hundred_refusals_and_counts_all(operator: Operator) -> None:
    job = finished(ask(operator, [], subjects=[uuid4() for _ in range(120)]))
    assert (job.outcome["refused"], len(job.outcome["refusals"]), job.done) == (120, 100, 120)


def test_a_cancel_job_cancels_tournaments_and_refunds_stakes(operator_with: Grant, studio: StudioCaller) -> None:
    uids = [studio.tournament(), studio.tournament()]
    gamer = studio.gamer("ann")
    before = gamer.buckets()
    gamer.join(uids[0]).ok()
    operator = operator_with("cancel_tournament")
    job = finished(ask(operator, [], "tournaments.cancel", subjects=[UUID(uid) for uid in uids]))
    assert job.outcome["done"] == 2
    assert gamer.buckets() == before
    again = finished(ask(operator, [], "tournaments.cancel", subjects=[UUID(uids[0])]))
    assert again.outcome["refusals"] == [{"subject": uids[0], "detail": "The tournament is cancelled already."}]
    assert AuditEntry.objects.filter(act="tournament.cancel").count() == 2


@pytest.mark.parametrize("clients", [[], [uuid4()]])
def test_a_job_refuses_rows_of_other_clients_as_unknown(
    operator: Operator, waiting: Waiting, clients: list[UUID]
) -> None:
    (row,) = waiting(1)
    job = finished(ask(operator, [row], client_ids=clients))
    assert (job.outcome["done"], job.outcome["refusals"][0]["detail"]) == (0, "No such record.")
    assert finished(ask(operator, [row], client_ids=[row.client_id])).outcome["done"] == 1


def test_a_job_needs_a_reason_items_a_known_action_and_its_right(
    operator: Operator, operator_with: Grant, waiting: Waiting
) -> None:
    rows = waiting(1)
    with pytest.raises(Invalid, match="reason"):
        ask(operator, rows, reason=" ")
    with pytest.raises(Invalid, match="1 to 10000"):
        ask(operator, [])
    with pytest.raises(RecordNotFound):
        ask(operator, rows, "withdrawals.delete")
    with pytest.raises(Forbidden, match=r"wallet\.approve_withdrawal"):
        ask(operator_with("view_withdrawal", name="bob"), rows)
    assert not Job.objects.exists()


def test_a_job_handles_a_repeated_item_once(operator: Operator, waiting: Waiting) -> None:
    (row,) = waiting(1)
    assert finished(ask(operator, [row, row])).outcome == {"done": 1, "refused": 0, "left": 0, "refusals": []}


def test_an_operator_has_at_most_20_open_jobs(operator: Operator) -> None:
    for _ in range(services.MOST_OPEN):
        ask(operator, [], subjects=[uuid4()])
    with pytest.raises(Conflict, match="at most 20 jobs"):
        ask(operator, [], subjects=[uuid4()])


@pytest.mark.parametrize("loss", ["permission", "switched off", "no console", "removed"])
def test_a_job_stops_when_its_operator_loses_the_permission(operator: Operator, waiting: Waiting, loss: str) -> None:
    job = ask(operator, waiting(2))
    if loss == "permission":
        operator.user_permissions.clear()
    elif loss == "removed":
        operator.delete()
    else:
        Operator.objects.update(**{"is_active" if loss == "switched off" else "is_staff": False})
    job = finished(job)
    assert job.state == JobState.FAILED
    assert job.outcome["error"].startswith("The operator ")
    assert job.outcome["left"] == 2
    assert not Withdrawal.objects.filter(approved_by__isnull=False).exists()


def test_losing_the_permission_between_slices_stops_the_remaining_items(operator: Operator, waiting: Waiting) -> None:
    job = ask(operator, waiting(3))
    claimed = running.claim_job()
    assert claimed == job
    # A slice that is over after its first act.
    running.run_slice(claimed, ends=0)
    assert Withdrawal.objects.filter(approved_by=operator.pk).count() == 1
    operator.user_permissions.set(Permission.objects.filter(codename="view_withdrawal"))
    job = finished(job)
    assert (job.state, job.outcome["done"], job.outcome["left"]) == (JobState.FAILED, 1, 2)


def test_a_cancelled_job_handles_no_further_item(operator: Operator, waiting: Waiting) -> None:
    job = ask(operator, waiting(3))
    claimed = running.claim_job()
    assert claimed
    running.run_slice(claimed, ends=0)
    services.cancel_job(operator_id=operator.pk, job_id=job.pk)
    lapse()
    assert running.run_due() == 0
    job.refresh_from_db()
    assert (job.state, job.done, job.outcome["done"], job.outcome["left"]) == (JobState.CANCELLED, 1, 1, 2)
    with pytest.raises(WrongState):
        services.cancel_job(operator_id=operator.pk, job_id=job.pk)


def test_a_worker_without_its_lease_changes_nothing(operator: Operator, waiting: Waiting) -> None:
    job = ask(operator, waiting(2))
    stale = running.claim_job()
    lapse()
    fresh = running.claim_job()
    assert stale
    assert fresh
    running.run_slice(stale, ends=0)
    assert not Withdrawal.objects.filter(approved_by__isnull=False).exists()
    with pytest.raises(leases.LeaseLost):
        leases.finish(stale, JobState.FAILED, {})
    running.run_slice(fresh, ends=0)
    assert job.items.filter(state=ItemState.DONE).count() == 1


def test_a_job_that_keeps_killing_its_workers_is_given_up(operator: Operator, waiting: Waiting) -> None:
    job = ask(operator, waiting(1))
    for _ in range(running.MOST_STALLS):
        assert running.claim_job()
        lapse()
    job = finished(job)
    assert (job.state, job.outcome["left"]) == (JobState.FAILED, 1)
    assert "interrupted 5 times" in job.outcome["error"]


def test_the_longest_due_job_runs_first(operator: Operator, waiting: Waiting) -> None:
    rows = waiting(3)
    long, short = ask(operator, rows[:2]), ask(operator, rows[2:])
    for expected in (long, short):
        claimed = running.claim_job()
        assert claimed == expected
        running.run_slice(claimed, ends=0)
    assert finished(long).state == JobState.DONE


def test_another_operators_job_is_unknown(operator: Operator, operator_with: Grant, waiting: Waiting) -> None:
    job = ask(operator, waiting(1))
    other = operator_with("approve_withdrawal", name="bob")
    assert (job_page(operator.pk, None).rows, job_page(other.pk, None).rows) == ([job], [])
    with pytest.raises(RecordNotFound):
        job_of(other.pk, job.pk)
    with pytest.raises(RecordNotFound):
        services.cancel_job(operator_id=other.pk, job_id=job.pk)
