"""Exports: whole, in order, masked, within clients and range, in pieces; for their operator and for a week."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from kgen.clock import database_now
from kgen.errors import Forbidden, Invalid, RecordNotFound
from kgen.jobs import exporting, registry, services
from kgen.jobs.models import Job, JobChunk, JobItem, JobState
from kgen.jobs.selectors import file_of
from kgen.jobs.tables import PAGE_ROWS
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import GamerCaller, StudioCaller
from tests.support.jobs import EVERYTHING, ask, content, finished, table
from tests.support.money import book_deposits, execute, fill, hold, wallet_of
from tests.support.operators import Grant
from tests.support.withdrawals import earn
from users.models import Operator
from wallet.ledger import Bucket
from wallet.models import Posting, Withdrawal

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(operator_with: Grant) -> Operator:
    return operator_with(*EVERYTHING)


def test_the_withdrawals_export_masks_addresses(operator: Operator, waiting: Callable[[int], list[Withdrawal]]) -> None:
    first, second = waiting(2)
    Withdrawal.objects.filter(pk=second.pk).update(reason='=HYPERLINK("x")')
    rows = table(operator, "withdrawals")
    assert [row["withdrawal"] for row in rows] == [str(first.pk), str(second.pk)]
    assert [(row["amount"], row["state"]) for row in rows] == [("100", "AWAITING_APPROVAL")] * 2
    assert rows[0]["destination"] == f"{first.destination[:6]}…{first.destination[-4:]}"
    assert rows[1]["reason"] == '\'=HYPERLINK("x")'


def test_a_full_export_needs_a_permission_and_a_reason(
    operator: Operator, operator_with: Grant, waiting: Callable[[int], list[Withdrawal]]
) -> None:
    (row,) = waiting(1)
    with pytest.raises(Forbidden, match=r"users\.see_phone"):
        ask(operator, "withdrawals", full=True, reason="audit")
    trusted = operator_with(*EVERYTHING, "see_phone", name="bob")
    with pytest.raises(Invalid, match="reason"):
        ask(trusted, "withdrawals", full=True)
    assert table(trusted, "withdrawals", full=True, reason="audit")[0]["destination"] == row.destination
    job = ask(trusted, "withdrawals", full=True, reason="audit")
    trusted.user_permissions.set(trusted.user_permissions.exclude(codename="see_phone"))
    assert finished(job).state == JobState.FAILED


def test_the_statement_export_has_a_running_balance(operator: Operator, gamer: GamerCaller) -> None:
    fill(gamer, Bucket.EARNED, 300)
    hold(gamer, 120)
    rows = table(operator, "statement", about=wallet_of(gamer).pk)
    assert [(row["kind"], row["change"], row["balance"]) for row in rows] == [
        ("WELCOME_BONUS", "50", "50"),
        ("REWARD", "300", "350"),
        ("WITHDRAW", "-120", "230"),
    ]
    with pytest.raises(Invalid, match="wallet"):
        ask(operator, "statement")


def test_the_ledger_export_lists_every_posting_in_order(operator: Operator, gamer: GamerCaller) -> None:
    book_deposits(gamer, 3)
    rows = table(operator, "ledger")
    assert [int(row["posting"]) for row in rows] == list(Posting.objects.order_by("id").values_list("pk", flat=True))
    assert [(row["from"], row["to"], row["amount"]) for row in rows[1:]] == [("deposits", "bought", "1")] * 3


def test_the_exports_of_results_and_participations_hold_their_rows(operator: Operator, studio: StudioCaller) -> None:
    uid = studio.tournament(title="=cmd")
    gamers = [studio.gamer(f"g{number}") for number in range(3)]
    for number, gamer in enumerate(gamers):
        gamer.join(uid).ok()
        gamer.score(uid, -number).ok()
    end(uid)
    settle_due()
    results = table(operator, "results", about=UUID(uid))
    assert [(row["rank"], row["user id"], row["score"]) for row in results] == [
        ("1", "g0", "0"),
        ("2", "g1", "-1"),
        ("3", "g2", "-2"),
    ]
    assert (results[0]["claim"], results[0]["title"]) == ("UNCLAIMED", "'=cmd")
    participations = table(operator, "participations")
    assert [(row["user id"], row["stake"]) for row in participations] == [("g0", "10"), ("g1", "10"), ("g2", "10")]


def test_the_export_of_the_audit_trail_holds_its_entries(
    operator: Operator, operator_with: Grant, waiting: Callable[[int], list[Withdrawal]]
) -> None:
    (row,) = waiting(1)
    finance = operator_with("approve_withdrawal", name="bob")
    given = {"kind": "withdrawals.approve", "subjects": [row.pk], "reason": "checked", "request_id": "req-1"}
    finished(services.request_acts(operator_id=finance.pk, **given))  # type: ignore[arg-type]
    (entry,) = table(operator, "audit")
    assert (entry["name"], entry["act"], entry["object"]) == ("bob", "withdrawal.approve", str(row.pk))
    assert (entry["reason"], entry["request"]) == ("checked", "req-1")


def test_the_adjustments_export_covers_one_wallet_or_all(
    operator: Operator, studio: StudioCaller, gamer: GamerCaller
) -> None:
    earn(gamer, 70)
    earn(studio.gamer("other"), 30)
    wallet = wallet_of(gamer)
    (row,) = table(operator, "adjustments", about=wallet.pk)
    assert (row["direction"], row["bucket"], row["amount"], row["state"]) == ("CREDIT", "earned", "70", "APPROVED")
    assert (row["requested by"], row["decided by"], row["reason"], row["note"]) == ("901", "902", "a gift", "agreed")
    assert row["wallet"] == f"{wallet.address[:6]}…{wallet.address[-4:]}"
    assert [row["amount"] for row in table(operator, "adjustments")] == ["70", "30"]


@pytest.mark.parametrize("name", ["withdrawals", "adjustments", "ledger", "participations", "results", "audit"])
def test_an_export_holds_the_operators_clients_and_the_range_only(
    operator: Operator, studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller, name: str
) -> None:
    other = other_studio.gamer("stranger")
    fill(other, Bucket.EARNED, 5)
    operator.clients.set([UUID(other_studio.client_id)])  # type: ignore[attr-defined]
    assert ask(operator, name).client_ids == [other_studio.client_id]
    found = {row["client"] for row in table(operator, name)}
    assert found == ({other_studio.client_id} if name == "ledger" else set())
    assert table(operator, name, client_ids=[UUID(studio.client_id)]) == []
    now = database_now()
    assert table(operator, name, since=now - timedelta(days=9), until=now - timedelta(days=8)) == []


def test_a_statement_export_has_only_rows_of_the_clients_and_the_range(
    operator: Operator, studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller
) -> None:
    wallet, now = wallet_of(gamer).pk, database_now()
    assert len(table(operator, "statement", about=wallet, client_ids=[UUID(studio.client_id)])) == 1
    days = {"since": now - timedelta(days=9), "until": now - timedelta(days=8)}
    assert table(operator, "statement", about=wallet, **days) == []
    for limit in ({"client_ids": [UUID(other_studio.client_id)]}, {"client_ids": []}):
        with pytest.raises(Invalid, match="no wallet"):
            ask(operator, "statement", about=wallet, **limit)


@pytest.mark.parametrize("until", [timedelta(0), timedelta(days=-1), timedelta(days=367)])
def test_an_export_range_must_be_in_order_and_at_most_a_year(operator: Operator, until: timedelta) -> None:
    now = database_now()
    with pytest.raises(Invalid, match="range"):
        ask(operator, "ledger", since=now, until=now + until)


@pytest.mark.parametrize(
    ("since", "until"), [("9999-12-31", "9999-12-31"), ("9999-12-30", "9999-12-30"), ("0001-01-01", "9999-12-30")]
)
def test_an_export_of_days_at_the_ends_of_the_calendar_is_no_500(since: str, until: str) -> None:
    browser = Browser()
    browser.force_login(Operator.objects.create_superuser("ann", password="a long enough password"))
    asked = {"do": "export", "name": "ledger", "since": since, "until": until}
    answer = browser.post("/console/jobs/", asked, follow=True)
    assert answer.status_code in (200, 400)
    assert Job.objects.count() == (since == "9999-12-30")


@pytest.mark.parametrize("table", registry.tables(), ids=lambda table: table.name)
def test_every_export_requires_its_permission(operator_with: Grant, table: Any) -> None:
    about = {"about": uuid4()}
    with pytest.raises(Forbidden, match=r"kgen\.export"):
        ask(operator_with(table.permission.partition(".")[2]), table.name, **about)
    with pytest.raises(Forbidden, match=table.permission):
        ask(operator_with("export", name="bob"), table.name, **about)


def test_a_file_is_for_the_operator_who_asked_and_only_when_done(
    operator: Operator, operator_with: Grant, gamer: GamerCaller
) -> None:
    job = ask(operator, "ledger")
    with pytest.raises(RecordNotFound):
        file_of(operator.pk, job.pk)
    job = finished(job)
    assert job.outcome == {"rows": job.done} == {"rows": 1}
    other = operator_with(*EVERYTHING, name="bob")
    with pytest.raises(RecordNotFound):
        file_of(other.pk, job.pk)


def test_a_jobs_file_and_items_are_deleted_after_a_week(operator: Operator, gamer: GamerCaller) -> None:
    job, kept = finished(ask(operator, "ledger")), finished(ask(operator, "ledger"))
    Job.objects.filter(pk=job.pk).update(finished_at=database_now() - timedelta(days=7))
    with pytest.raises(RecordNotFound):
        file_of(operator.pk, job.pk)
    assert services.forget_leftovers() == 2
    assert services.forget_leftovers() == 0
    assert set(JobChunk.objects.values_list("job", flat=True)) == {kept.pk}
    assert content(kept)
    assert not JobItem.objects.exists()


def test_an_export_with_too_many_rows_is_refused(
    operator: Operator, gamer: GamerCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    book_deposits(gamer, 5)
    monkeypatch.setattr(exporting, "MOST_ROWS", 5)
    job = finished(ask(operator, "ledger"))
    assert (job.state, job.outcome["error"]) == (JobState.FAILED, "There are more than 5 rows. Choose a shorter range.")


def test_an_export_reads_twenty_thousand_rows_page_by_page(operator: Operator, gamer: GamerCaller) -> None:
    _many(gamer, 20_000)
    job = ask(operator, "statement", about=wallet_of(gamer).pk)
    with CaptureQueriesContext(connection) as asked:
        job = finished(job)
    assert (job.done, job.total) == (20_001, 20_001)
    # However long the table, no more than a page of it is ever in memory, nor more than a piece of the file.
    reads = [
        query["sql"] for query in asked if 'FROM "wallet_transaction"' in query["sql"] and "COUNT" not in query["sql"]
    ]
    assert len(reads) == 21
    assert all(sql.endswith(f"LIMIT {PAGE_ROWS + 1}") for sql in reads)
    size = lines = 0
    for piece in file_of(operator.pk, job.pk)[1]:
        assert len(piece) <= exporting.CHUNK_BYTES
        size += len(piece)
        lines += piece.count(b"\r\n")
    assert lines == 20_002
    assert size > 1.6 * 2**20


def _many(gamer: GamerCaller, count: int) -> None:
    """So many transactions in a statement, without their postings: they are read, not proven."""
    wallet = wallet_of(gamer)
    made = execute(_MANY, wallet.client_id, wallet.pk, count)
    assert made == count
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE wallet_transaction")


_MANY = """
INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
SELECT gen_random_uuid(), %s, %s, 'DEPOSIT', 'many:' || gen_random_uuid(), 1, clock_timestamp()
  FROM generate_series(1, %s)
"""
