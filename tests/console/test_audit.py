"""The trail: with the effect or not at all, never changed, and free of what must not be kept."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from esports.models import ScoreEvent, Tournament
from kgen import audit
from kgen.admin_site.roles import Role
from kgen.admin_site.trail import difference
from kgen.clock import database_now
from kgen.errors import WrongState
from kgen.jobs.services import request_export
from kgen.models import AuditEntry
from kgen.transactions import transactional
from tests.support import factories
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from tests.support.settling import play
from users.models import Client, Gamer, Operator

pytestmark = pytest.mark.django_db


@transactional
def rename(client: Client, *, refuse: bool = False) -> Client:
    """A service."""
    Client.objects.filter(pk=client.pk).update(name="Renamed", active=False)
    if refuse:
        raise WrongState()
    return client


@pytest.fixture
def ann() -> Operator:
    return operator_in(Role.ADMIN)


def test_an_entry_has_operator_values_before_and_after_and_reason(ann: Operator, client_row: Client) -> None:
    request = RequestFactory().get("/console/", headers={"X-Request-Id": "r-1"})
    with audit.recording(operator=ann, act="client.rename", subject=client_row, reason=" because ", request=request):
        rename(client_row)
    entry = AuditEntry.objects.get()
    assert (entry.operator_id, entry.operator_name, entry.act) == (ann.pk, ann.username, "client.rename")
    assert (entry.object_type, entry.object_id, entry.object_label) == ("users.client", str(client_row.pk), "Renamed")
    assert (entry.client_id, entry.reason, entry.request_id) == (client_row.pk, "because", "r-1")
    assert (entry.before["name"], entry.after["name"]) == (client_row.name, "Renamed")
    assert [row[0] for row in difference(entry.before, entry.after) if row[3]] == ["name", "active"]
    assert entry.at is not None


def test_a_refused_action_leaves_no_entry(ann: Operator, client_row: Client) -> None:
    with (
        pytest.raises(WrongState),
        audit.recording(operator=ann, act="client.rename", subject=client_row),
    ):
        rename(client_row, refuse=True)
    assert not AuditEntry.objects.exists()
    assert Client.objects.get().active


def test_an_effect_without_its_entry_is_rolled_back(ann: Operator, client_row: Client) -> None:
    # An act whose name the trail cannot hold: the entry fails, last in the transaction.
    with pytest.raises(DatabaseError):
        rename_as(ann, "x" * 61, client_row)
    assert Client.objects.get().active
    assert not AuditEntry.objects.exists()


def rename_as(operator: Operator, act: str, client: Client) -> None:
    with audit.recording(operator=operator, act=act, subject=client):
        rename(client)


def test_an_entry_names_the_row_that_was_made(ann: Operator, client_row: Client) -> None:
    with audit.recording(operator=ann, act="client.rename", subject=lambda result: result):
        rename(client_row)
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.object_id) == (None, str(client_row.pk))


def test_an_action_without_a_service_call_raises_an_error(ann: Operator, client_row: Client) -> None:
    with pytest.raises(RuntimeError, match="no trace"), audit.recording(operator=ann, act="a.b", subject=client_row):
        pass


def test_a_service_call_outside_an_action_leaves_no_entry(client_row: Client) -> None:
    rename(client_row)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "sql", ["UPDATE kgen_auditentry SET act = 'x'", "DELETE FROM kgen_auditentry", "TRUNCATE kgen_auditentry"]
)
def test_the_database_refuses_to_change_the_trail(ann: Operator, client_row: Client, sql: str) -> None:
    audit.record_view(operator=ann, what="phone", subject=client_row, request=RequestFactory().get("/"))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert AuditEntry.objects.get().act == "phone.see"


def test_an_entry_holds_no_personal_data(ann: Operator, studio: StudioCaller) -> None:
    profile = {"name": "Asha Rao", "email": "asha@example.com", "phonenumber": "+918000000001", "device_id": "dev-9"}
    studio.gamer("player-77", **profile)
    gamer = Gamer.objects.get()
    audit.record(operator=ann, act="a.b", request=RequestFactory().get("/"), subject=gamer, after=audit.snapshot(gamer))
    kept = str(AuditEntry.objects.values().get())
    assert not [value for value in ("player-77", *profile.values()) if value in kept]
    assert audit.HIDDEN in kept
    changed = Gamer.objects.get()
    changed.email = "other@example.com"
    assert audit.differing(gamer, changed)[1]["email"] == audit.CHANGED  # type: ignore[index]


def test_an_entry_has_no_password_hash(ann: Operator) -> None:
    kept: Any = audit.snapshot(ann, ("groups",))
    assert (kept["password"], kept["email"], kept["username"]) == (audit.HIDDEN, "", ann.username)


def test_a_clients_settings_are_changed_by_their_service_only(browser: Browser, client_row: Client) -> None:
    assert browser.post(f"/console/users/client/{client_row.pk}/change/", {"welcome_bonus": 75}).status_code == 403
    assert Client.objects.get().welcome_bonus == 50
    assert not AuditEntry.objects.exists()


def test_an_operators_roles_and_clients_are_in_the_trail(browser: Browser, client_row: Client) -> None:
    person = operator_in(Role.VIEWER)
    page = f"/console/users/operator/{person.pk}/change/"
    sent = {"username": person.username, "is_active": "on", "clients": [str(client_row.pk)], "groups": []}
    assert browser.post(page, sent).status_code == 302
    entry = AuditEntry.objects.get()
    assert (len(entry.before["groups"]), entry.after["groups"]) == (1, [])
    assert (entry.before["clients"], entry.after["clients"]) == ([], [str(client_row.pk)])


def test_the_trail_can_be_searched_and_filtered(browser: Browser, ann: Operator, client_row: Client) -> None:
    request = RequestFactory().get("/", headers={"X-Request-Id": "a" * 32})
    audit.record(operator=ann, act="client.rename", request=request, subject=client_row)
    audit.record(operator=None, act="operator.login_failed", request=RequestFactory().get("/"))
    for query in (f"q={client_row.pk}", "q=client.rename", f"q={'a' * 32}", f"operator_id={ann.pk}"):
        page = browser.get(f"/console/kgen/auditentry/?{query}").content.decode()
        table = page.partition('id="result_list"')[2]
        assert "client.rename" in table, query
        assert "login_failed" not in table, query
    shown = browser.get(f"/console/kgen/auditentry/{AuditEntry.objects.first().pk}/change/").content.decode()
    assert "client.rename" in shown


EXPORT = re.compile(r'<a class="[^"]+" href="/console/jobs/\?([^"]+)">Export as CSV</a>')


def test_the_trail_offers_an_export_only_under_filters_it_supports(
    browser: Browser, ann: Operator, client_row: Client
) -> None:
    """The export knows days and a row: a list that is narrowed by anything else has no way to it."""
    request = RequestFactory().get("/", headers={"X-Request-Id": str(UUID(int=7))})
    audit.record(operator=ann, act="client.rename", request=request, subject=client_row)
    id, day = str(client_row.pk), f"{database_now():%Y-%m-%d}"
    offered = {
        "": {"name": ["audit"]},
        f"q={id}": {"name": ["audit"], "about": [id]},
        f"q=+{id.upper()}+": {"name": ["audit"], "about": [id]},
        f"at_from={day}&at_to={day}&q=": {"name": ["audit"], "since": [day], "until": [day]},
        "operator_id=&_next=": {"name": ["audit"]},
    }
    for query, expected in offered.items():
        page = browser.get(f"/console/kgen/auditentry/?{query}").content.decode()
        found = EXPORT.search(page)
        assert found, query
        assert parse_qs(unescape(found[1])) == expected, query
    # An act, a request (also one whose id looks like a row's), a row without a UUID, an operator, a moment.
    narrower = ("q=client.rename", f"q={UUID(int=7)}", f"q={ann.pk}", f"operator_id={ann.pk}")
    for query in (*narrower, f"at__gte={day}", f"q={id}&operator_id={ann.pk}"):
        page = browser.get(f"/console/kgen/auditentry/?{query}")
        assert page.status_code == 200, query
        assert not EXPORT.search(page.content.decode()), query
        assert "An export can be narrowed only by days and the id of a row" in page.content.decode(), query


def ways(browser: Browser, path: str = "/console/kgen/auditentry/") -> list[str]:
    """Where the links of the trail's entries lead."""
    page = browser.get(path).content.decode()
    return re.findall(r'<a href="([^"]+)" class="kc-link">', page)


def test_an_entry_links_to_its_subject(browser: Browser, ann: Operator, studio: StudioCaller, played: str) -> None:
    client, gamer = Client.objects.get(), Gamer.objects.get()
    for row in (client, gamer, Tournament.objects.get(), gamer.wallet, ann):
        audit.record(operator=ann, act="a.b", request=RequestFactory().get("/"), subject=row)
    expected = [
        f"/console/users/operator/{ann.pk}/change/",
        f"/console/wallet/wallet/{gamer.wallet_id}/change/",
        f"/console/play/tournaments/{played}/",
        f"/console/people/gamers/{gamer.pk}/",
        f"/console/studios/clients/{client.pk}/",
    ]
    assert ways(browser) == expected
    assert [browser.get(link).status_code for link in expected] == [200] * 5
    first = AuditEntry.objects.earliest("id")
    assert ways(browser, f"/console/kgen/auditentry/{first.pk}/change/") == expected[-1:]


def test_an_entry_about_a_hidden_or_deleted_row_has_no_link(ann: Operator, client_row: Client) -> None:
    request = RequestFactory().get("/")
    audit.record(operator=None, act="operator.login_failed", request=request)
    audit.record(operator=ann, act="client.gone", request=request, subject=client_row, before={"id": "1"}, after=None)
    audit.record(operator=ann, act="operator.change", request=request, subject=ann)
    finance = logged_in(operator_in(Role.FINANCE))
    assert ways(finance) == []
    audit.record(operator=ann, act="client.rename", request=request, subject=client_row)
    assert ways(finance) == [f"/console/studios/clients/{client_row.pk}/"]
    finance_of_none = logged_in(operator_in(Role.FINANCE, factories.ClientFactory()))
    assert ways(finance_of_none) == []


def test_an_entry_with_an_invalid_key_has_no_link(browser: Browser) -> None:
    for kind in ("users.gamer", "esports.scoreevent", "wallet.withdrawal", "gone.model", ""):
        AuditEntry.objects.create(act="x.y", object_type=kind, object_id="a/b", after={"participation_id": 7})
    assert ways(browser) == []


def test_entries_about_scores_and_jobs_link_to_their_pages(
    browser: Browser, ann: Operator, studio: StudioCaller
) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 50})
    event = ScoreEvent.objects.get()
    request, me = RequestFactory().get("/"), Operator.objects.get(username="ann")
    audit.record(operator=ann, act="score.void", request=request, subject=event, after=audit.snapshot(event))
    now = database_now()
    for operator in (ann, me):
        job = request_export(operator_id=operator.pk, name="withdrawals", since=now - timedelta(days=1), until=now)
        audit.record(operator=operator, act="export.request", request=request, subject=job, after=audit.snapshot(job))
    # A job is shown to nobody but who asked for it.
    assert ways(browser) == [f"/console/jobs/{job.pk}/", f"/console/play/participations/{event.participation_id}/"]


def test_the_links_of_entries_need_no_query_per_entry(browser: Browser, ann: Operator, client_row: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/console/kgen/auditentry/").status_code == 200
        return len(captured)

    audit.record(operator=ann, act="a.b", request=RequestFactory().get("/"), subject=client_row)
    queries()
    few = queries()
    for _ in range(20):
        audit.record(operator=ann, act="a.b", request=RequestFactory().get("/"), subject=client_row)
    assert queries() == few


def test_a_limited_operator_reads_entries_of_its_clients_only(
    ann: Operator, client_row: Client, other_studio: Any
) -> None:
    for client in Client.objects.all():
        audit.record(operator=ann, act="client.rename", request=RequestFactory().get("/"), subject=client)
    page = logged_in(operator_in(Role.FINANCE, client_row)).get("/console/kgen/auditentry/").content.decode()
    assert page.count("client.rename") == 1
