"""An export about one row has that row's lines only; where a table cannot do that, no job is made."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client as Browser
from django.test import RequestFactory

from kgen import audit
from kgen.errors import Invalid
from kgen.jobs import registry
from kgen.jobs.models import Job, JobChunk, JobState
from rewards.services.settling import settle_due
from tests.support.addresses import JOBS
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.jobs import EVERYTHING, ask, finished, table
from tests.support.money import wallet_of
from tests.support.withdrawals import earn, link, withdraw
from users.models import Client, Operator, TrackedEvent

pytestmark = pytest.mark.django_db
# What each table can be narrowed to; None: it cannot be.
NARROWED_BY = {
    "adjustments": "wallet",
    "audit": "row",
    "ledger": None,
    "participations": "tournament",
    "results": "tournament",
    "statement": "wallet",
    "tracked_events": "tracked event",
    "withdrawals": "wallet",
}
ALSO = {("audit", "wallet"), ("audit", "client"), ("tracked_events", "client")}
TABLES = sorted(NARROWED_BY)


@pytest.fixture
def rows(studio: StudioCaller) -> dict[str, UUID]:
    """Two of each kind of row that every table has lines about: ids of the first ones."""
    wallets, tournaments = [], []
    for name in ("first", "second"):
        uid, field = studio.tournament(), [studio.gamer(f"{name}-{number}") for number in range(3)]
        for gamer in field:
            gamer.join(uid).ok()
            gamer.score(uid, 1).ok()
        end(uid)
        gamer = field[0]
        gamer.post(f"/fe/analytics/px-tracker/events/{name}/drop").ok()
        earn(gamer, 100)
        link(gamer, f"+91987650000{len(wallets)}")
        withdraw(gamer)
        wallets.append(wallet_of(gamer).pk)
        tournaments.append(UUID(uid))
        audit.record(operator=None, act="a.b", request=RequestFactory().get("/"), subject=wallet_of(gamer))
    settle_due()
    client = Client.objects.get()
    audit.record(operator=None, act="a.b", request=RequestFactory().get("/"), subject=client)
    return {
        "wallet": wallets[0],
        "tournament": tournaments[0],
        "tracked event": TrackedEvent.objects.get(name="first").pk,
        "row": wallets[0],
        "client": client.pk,
    }


@pytest.fixture
def operator(operator_with: Any) -> Operator:
    found: Operator = operator_with(*EVERYTHING, "see_jobs")
    return found


@pytest.fixture
def browser(operator: Operator) -> Browser:
    found = Browser()
    found.force_login(operator)
    return found


def post(browser: Browser, name: str, **given: Any) -> Any:
    """Ask for an export as the form does."""
    return browser.post(
        JOBS, {"do": "export", "name": name, "since": "2020-01-01", "until": "2020-02-01", "reason": ""} | given
    )


def test_the_parameters_cover_every_export_table() -> None:
    assert sorted(table.name for table in registry.tables()) == TABLES


@pytest.mark.parametrize("name", [name for name in TABLES if NARROWED_BY[name]])
def test_an_export_about_one_row_has_only_lines_of_that_row(
    operator: Operator, rows: dict[str, UUID], name: str
) -> None:
    subject = rows[str(NARROWED_BY[name])]
    narrowed = table(operator, name, about=subject)
    assert narrowed
    if name == "statement":
        return
    everything = table(operator, name)
    assert len(narrowed) < len(everything)
    assert [line for line in everything if line in narrowed] == narrowed
    if NARROWED_BY[name] != "wallet":
        column = {"audit": "object", "tracked_events": "id"}.get(name, "tournament")
        assert {line[column] for line in narrowed} == {str(subject)}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", ["wallet", "tournament", "client", "a made-up id"])
def test_an_export_is_refused_where_its_table_cannot_be_narrowed(
    operator: Operator, browser: Browser, rows: dict[str, UUID], name: str, kind: str
) -> None:
    able = kind == NARROWED_BY[name] or (name, kind) in ALSO
    if able:
        assert ask(operator, name, about=rows[kind]).state == JobState.QUEUED
        return
    subject = rows.get(kind, uuid4())
    words = "cannot be narrowed" if name == "ledger" else f"There is no {registry.table(name).about.name}"  # type: ignore[union-attr]
    with pytest.raises(Invalid, match=words):
        ask(operator, name, about=subject)
    page = post(browser, name, about=str(subject))
    assert page.status_code == 400
    assert page.context["form"].errors.keys() == {"about"}
    shown = page.content.decode()
    assert words in shown
    assert f'value="{subject}"' in shown
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", TABLES)
def test_a_malformed_id_is_refused(browser: Browser, name: str) -> None:
    for malformed in ("7", "none", "0" * 33, "\0"):
        page = post(browser, name, about=malformed)
        assert page.status_code == 400
        assert page.context["form"].errors.keys() == {"about"}
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", [name for name in TABLES if NARROWED_BY[name]])
def test_an_export_about_another_clients_row_is_refused(
    operator: Operator, browser: Browser, rows: dict[str, UUID], other_studio: StudioCaller, name: str
) -> None:
    operator.clients.set([UUID(other_studio.client_id)])  # type: ignore[attr-defined]
    subject = rows[str(NARROWED_BY[name])]
    with pytest.raises(Invalid, match="There is no"):
        ask(operator, name, about=subject)
    assert post(browser, name, about=str(subject)).status_code == 400
    assert not Job.objects.exists()


def test_a_statement_export_without_a_wallet_is_refused_at_the_about_field(browser: Browser) -> None:
    page = post(browser, "statement")
    assert (page.status_code, page.context["form"].errors) == (
        400,
        {"about": ["This export needs the id of a wallet."]},
    )


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("begun", [False, True])
def test_an_older_job_with_an_unsupported_narrowing_fails(operator: Operator, name: str, begun: bool) -> None:
    """Also one that has already written a page."""
    job = ask(operator, "ledger")
    parameters = job.parameters | {"about": str(uuid4())}
    Job.objects.filter(pk=job.pk).update(kind=registry.EXPORT + name, parameters=parameters, total=1 if begun else None)
    job = finished(job)
    assert job.state == JobState.FAILED
    words = "cannot be narrowed" if name == "ledger" else "There is no"
    assert words in job.outcome["error"]
    assert not JobChunk.objects.filter(job=job).exists()


@pytest.mark.parametrize("field", ["client", "client_ids", "tournament", "wallet", "state", "q"])
def test_an_export_form_refuses_an_unknown_field(browser: Browser, field: str) -> None:
    page = post(browser, "ledger", **{field: str(uuid4())})
    assert page.status_code == 400
    assert f"An export cannot be narrowed by {field}." in page.content.decode()
    assert not Job.objects.exists()


@pytest.mark.parametrize("field", ["client", "tournament", "operator_id"])
def test_an_address_with_another_narrowing_gets_a_message(browser: Browser, field: str) -> None:
    shown = browser.get(JOBS, {"name": "ledger", field: str(uuid4())}).content.decode()
    assert f"An export cannot be narrowed by {field}" in shown
    for known in (
        {},
        {"name": "audit", "about": str(uuid4()), "since": "2026-01-01"},
        {"show": "failed", "after": "x"},
    ):
        assert "cannot be narrowed" not in browser.get(JOBS, known).content.decode()
