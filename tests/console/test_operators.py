"""Operators manage each other without ever getting a right that they lack."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client as Browser

from kgen.admin_site.roles import Role
from kgen.models import AuditEntry
from tests.support.operators import PASSWORD, logged_in, operator_in
from users.models import Client, Operator
from users.selectors.operators import grantable_groups, may_manage

pytestmark = pytest.mark.django_db
LIST = "/console/users/operator/"
OTHER = "quite another password"


@pytest.fixture
def admin() -> Operator:
    return operator_in(Role.ADMIN)


@pytest.fixture
def root() -> Operator:
    return Operator.objects.create_superuser("root", password=PASSWORD)


def act(browser: Browser, name: str, *rows: Operator) -> str:
    sent = {"action": name, "_selected_action": [row.pk for row in rows], "reason": "x"}
    return browser.post(LIST, sent, follow=True).content.decode()


def fields(operator: Operator, **changed: Any) -> dict[str, Any]:
    groups = list(operator.groups.values_list("pk", flat=True))
    return {"username": operator.username, "is_active": "on", "groups": groups, "clients": []} | changed


@pytest.mark.parametrize("beyond", ["superuser", "switched off superuser", "more rights"])
def test_an_admin_cannot_take_over_an_account_with_more_rights(admin: Operator, root: Operator, beyond: str) -> None:
    if beyond == "switched off superuser":
        Operator.objects.filter(pk=root.pk).update(is_active=False)
    if beyond == "more rights":
        Operator.objects.filter(pk=root.pk).update(is_superuser=False)
        root.user_permissions.add(Permission.objects.get(codename="add_logentry"))
    browser = logged_in(admin)
    password = {"password1": OTHER, "password2": OTHER, "usable_password": "true"}
    assert browser.post(f"{LIST}{root.pk}/password/", password).status_code == 403
    assert browser.get(f"{LIST}{root.pk}/password/").status_code == 403
    assert browser.post(f"{LIST}{root.pk}/change/", fields(root, username="mine")).status_code == 403
    for name in ("reset_second_factor", "switch_off", "switch_on"):
        assert "has rights that you lack" in act(browser, name, root)
    stored = Operator.objects.get(pk=root.pk)
    assert (stored.username, stored.check_password(PASSWORD)) == ("root", True)
    assert not AuditEntry.objects.exists()


def test_an_admin_cannot_give_a_role_with_rights_they_lack(admin: Operator) -> None:
    strong = Group.objects.create(name="auditors")
    strong.permissions.add(Permission.objects.get(codename="add_logentry"))
    assert strong not in grantable_groups(admin)
    browser, viewer = logged_in(admin), operator_in(Role.VIEWER)
    page = browser.get(f"{LIST}{viewer.pk}/change/").content.decode()
    assert "auditors" not in page.partition('id="operator_form"')[2]
    answer = browser.post(f"{LIST}{viewer.pk}/change/", fields(viewer, groups=[strong.pk]))
    assert "not one of the available choices" in answer.content.decode()
    sent = {"username": "mole", "password1": OTHER, "password2": OTHER, "usable_password": "true"}
    browser.post(f"{LIST}add/", sent | {"groups": [strong.pk]})
    assert not Operator.objects.filter(username="mole").exists()
    assert not viewer.groups.filter(pk=strong.pk).exists()
    # Sent or not, nobody is made a superuser here.
    support = Group.objects.get(name=Role.SUPPORT.value)
    more = {"is_superuser": "on", "user_permissions": [Permission.objects.get(codename="add_logentry").pk]}
    browser.post(f"{LIST}add/", sent | {"groups": [support.pk]} | more)
    browser.post(f"{LIST}{viewer.pk}/change/", fields(viewer) | more)
    made = Operator.objects.get(username="mole")
    assert list(made.groups.all()) == [support]
    for operator in (made, Operator.objects.get(pk=viewer.pk)):
        assert (operator.is_superuser, operator.user_permissions.count()) == (False, 0)


def test_a_limited_admin_cannot_manage_an_unlimited_operator(client_row: Client, admin: Operator) -> None:
    limited = operator_in(Role.ADMIN, client_row)
    assert not may_manage(limited, admin)
    assert may_manage(admin, limited)
    limited.is_superuser = True
    assert not may_manage(limited, admin)
    assert logged_in(limited).post(f"{LIST}{admin.pk}/password/", {}).status_code in (403, 404)


def test_an_admins_changes_to_operators_are_in_the_trail(admin: Operator, client_row: Client) -> None:
    browser, viewer = logged_in(admin), operator_in(Role.VIEWER)
    theirs = logged_in(viewer)
    password = {"password1": OTHER, "password2": OTHER, "usable_password": "true"}
    assert browser.post(f"{LIST}{viewer.pk}/password/", password).status_code == 302
    assert Operator.objects.get(pk=viewer.pk).check_password(OTHER)
    assert theirs.get("/console/").status_code == 302, "the session ended with the password"
    support = Group.objects.get(name=Role.SUPPORT.value)
    browser.post(f"{LIST}{viewer.pk}/change/", fields(viewer, groups=[support.pk], clients=[client_row.pk]))
    viewer = Operator.objects.get(pk=viewer.pk)
    assert [list(viewer.groups.all()), list(viewer.clients.all())] == [[support], [client_row]]
    theirs = logged_in(viewer)
    assert theirs.get("/console/").status_code == 200
    act(browser, "switch_off", viewer)
    assert theirs.get("/console/").status_code == 302
    act(browser, "switch_on", viewer)
    entries = AuditEntry.objects.filter(object_id=str(viewer.pk)).order_by("id")
    assert [entry.act for entry in entries] == [
        "operator.set_password",
        "operator.change",
        "operator.switch_off",
        "operator.switch_on",
    ]
    change = entries[1]
    assert change.before is not None
    assert change.after is not None
    assert (change.before["clients"], change.after["clients"]) == ([], [str(client_row.pk)])
    assert OTHER not in str(list(AuditEntry.objects.values()))


def test_an_operator_cannot_switch_off_themselves_or_the_last_superuser(root: Operator, admin: Operator) -> None:
    assert "cannot switch yourself off" in act(logged_in(admin), "switch_off", admin)
    own = logged_in(admin).post(f"{LIST}{admin.pk}/change/", fields(admin, is_active=""))
    assert "cannot switch yourself off" in own.content.decode()
    assert "cannot switch yourself off" in act(logged_in(root), "switch_off", root)
    second = Operator.objects.create_superuser("second", password=PASSWORD)
    assert "done" in act(logged_in(second), "switch_off", root)
    assert set(Operator.objects.filter(is_active=True).values_list("username", flat=True)) == {"admin", "second"}


def test_a_changed_password_leaves_an_entry(admin: Operator) -> None:
    browser = logged_in(admin)
    sent = {"old_password": "wrong", "new_password1": OTHER, "new_password2": OTHER}
    assert browser.post("/console/password_change/", sent).status_code == 200
    assert not AuditEntry.objects.exists()
    assert browser.post("/console/password_change/", sent | {"old_password": PASSWORD}).status_code == 302
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.operator_id, entry.object_id) == ("operator.change_password", admin.pk, str(admin.pk))
    assert Operator.objects.get(pk=admin.pk).check_password(OTHER)
