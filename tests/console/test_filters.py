"""What an address may filter a list by: what the list means to be filtered by, and nothing that it masks."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client as Browser

from kgen.admin_site.roles import Role
from kgen.models import AuditEntry
from tests.support import factories
from tests.support.addresses import TRAIL
from tests.support.operators import logged_in, operator_in
from users.models import Client

pytestmark = pytest.mark.django_db

LISTS = {model._meta.label_lower: model for model in admin.site._registry}
# Columns that are masked, or that nobody is shown.
SECRET = {
    "users.phonechallenge": ("phone", "number_range", "auth_code", "digest"),
    "users.gamer": ("email", "device_hash", "kgen_account"),
    "users.operator": ("password",),
    "wallet.wallet": ("address",),
    "wallet.withdrawal": ("destination",),
}


@pytest.mark.parametrize("label", LISTS)
def test_a_list_refuses_filters_on_columns_without_a_filter(browser: Browser, label: str) -> None:
    model: Any = LISTS[label]
    shown = admin.site._registry[model]
    meant = {each[0] if isinstance(each, tuple) else each for each in shown.list_filter}
    meant |= {*shown.linked, shown.timed} | {getattr(each, "parameter_name", None) for each in shown.list_filter}
    names = {name for field in model._meta.fields for name in (field.name, field.attname)}
    address = f"/console/{label.replace('.', '/')}/"
    for name in names - meant:
        for lookup in (name, f"{name}__exact", f"{name}__startswith", f"{name}__isnull"):
            assert browser.get(address, {lookup: "1"}).status_code == 400, lookup
    for name in SECRET.get(label, ()):
        assert name not in meant


@pytest.mark.parametrize("label", LISTS)
def test_a_list_refuses_filters_on_columns_of_related_tables(browser: Browser, label: str) -> None:
    address = f"/console/{label.replace('.', '/')}/"
    for relation in LISTS[label]._meta.get_fields():
        if not relation.is_relation or relation.related_model is None:
            continue
        for column in relation.related_model._meta.fields:
            # A relation that is filtered by is so by its key, which is all that it has in common with its row.
            if not column.primary_key:
                lookup = f"{relation.name}__{column.name}__startswith"
                assert browser.get(address, {lookup: "1"}).status_code == 400, lookup


def test_a_wrong_filter_in_an_address_gets_a_message(browser: Browser) -> None:
    for query in ("at_from=x", "at_to=9999-12-31", "_next=x", "nonsense=1", "at__gte=x"):
        page = browser.get(f"{TRAIL}?{query}", follow=True)
        assert "This list cannot read" in page.content.decode(), query
    assert "This list cannot read" not in browser.get(TRAIL).content.decode()


@pytest.mark.parametrize("id", ["²", "١", "-1", "9" * 30, "\0", "x"])
def test_an_unknown_operator_filters_nothing(browser: Browser, id: str) -> None:
    AuditEntry.objects.create(act="gamer.note", object_label="the only one")
    page = browser.get(TRAIL, {"operator_id": id}, follow=True)
    assert page.status_code == 200
    assert "the only one" in page.content.decode()


def test_the_trails_filter_names_no_operator_of_other_games(client_row: Client) -> None:
    operator_in(Role.SUPPORT, factories.ClientFactory())
    operator_in(Role.ORGANISER)
    mine = operator_in(Role.FINANCE, client_row)
    page = logged_in(mine).get(TRAIL)
    (spec,) = [spec for spec in page.context["cl"].filter_specs if spec.title == "operator"]
    assert {name for _, name in spec.lookup_choices} == {"tournament-manager", "finance1"}


@pytest.mark.parametrize("id", ["0" * 31 + "a", "01a20519-99e2-706d-93c7-49443c50e67f", "r-1", "edge.req_1"])
def test_the_trail_finds_a_request_by_an_id_of_any_form(browser: Browser, id: str) -> None:
    AuditEntry.objects.create(act="gamer.note", object_label="another")
    wanted = AuditEntry.objects.create(act="gamer.note", request_id=id)
    assert browser.get(TRAIL, {"q": id}).context["cl"].result_list == [wanted]


def test_the_trail_finds_a_row_by_its_id_in_either_case(browser: Browser) -> None:
    id = "01a20519-99e2-706d-93c7-49443c50e67f"
    wanted = AuditEntry.objects.create(act="gamer.note", object_id=id)
    assert browser.get(TRAIL, {"q": id.upper()}).context["cl"].result_list == [wanted]
