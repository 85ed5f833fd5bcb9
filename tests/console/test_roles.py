"""The matrix of roles: documents, database, pages and actions say the same, cell by cell."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver

from kgen.admin_site.admin import action_of
from kgen.admin_site.groups import sync_roles
from kgen.admin_site.pages import PAGES, ConsolePage
from kgen.admin_site.roles import MATRIX, RIGHTS, Role, permissions_of
from kgen.admin_site.scope import clients_of
from kgen.models import AuditEntry
from tests.support import factories
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from users.models import Client, Gamer, Operator

pytestmark = pytest.mark.django_db

# Of the site itself: for everybody who got in, or for nobody yet.
OPEN = {"index", "login", "login_code", "login_enrol", "logout", "password_change", "password_change_done"}
OPEN |= {"autocomplete", "jsi18n", "view_on_site", "search", "app_list", None}
STANDARD = {"changelist", "add", "history", "delete", "change"}
ROLES = list(Role)
NO_ID = "00000000-0000-7000-8000-000000000000"


def granted(group: Group) -> set[str]:
    """What a group may do, as the database has it."""
    return {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.select_related("content_type")}


@pytest.mark.parametrize("role", ROLES)
def test_a_fresh_database_has_every_role_with_its_permissions(role: Role) -> None:
    assert granted(Group.objects.get(name=role.value)) == permissions_of(role)


def test_the_documents_show_the_same_matrix_of_roles() -> None:
    text = (settings.BASE_DIR / "docs/console.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| ([^|]+) \|((?: [x ]? ?\|){5})$", text, flags=re.M)
    shown = {
        name: (title.strip(), [cell.strip() == "x" for cell in cells.split("|")[:5]]) for name, title, cells in rows
    }
    assert shown == {right.permission: (right.name, [role in right.roles for role in Role]) for right in MATRIX}
    assert len(RIGHTS) == len(MATRIX), "each permission stands once"


def test_every_migrate_restores_the_groups_to_the_matrix() -> None:
    group = Group.objects.get(name=Role.VIEWER.value)
    group.permissions.set(Permission.objects.filter(codename="approve_withdrawal"))
    Permission.objects.filter(codename="referee").delete()
    Group.objects.filter(name=Role.FINANCE.value).delete()
    for app in ("kgen", "wallet", "users", "esports", "rewards"):
        sync_roles(apps.get_app_config(app))
        sync_roles(apps.get_app_config(app))
    assert {role: granted(Group.objects.get(name=role.value)) for role in Role} == {
        role: permissions_of(role) for role in Role
    }


def test_migrate_reports_no_unapplied_migration() -> None:
    call_command("migrate", check_unapplied=True, verbosity=0)


def urls(patterns: Any, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern of the console with its whole route."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from urls(pattern.url_patterns, route)
        else:
            yield route, pattern


def standard_views() -> set[str]:
    """The names of the views that every list has."""
    labels = [f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]
    return {f"{label}_{view}" for label in labels for view in STANDARD} | {"auth_user_password_change"}


def test_every_address_has_a_declared_permission() -> None:
    names = {page.name for page in PAGES}
    for route, pattern in urls(admin.site.get_urls()):
        known = pattern.name in OPEN | names | standard_views()
        assert known or route.endswith("<path:object_id>/"), f"{route} is neither a list's nor a ConsolePage"
    for page in PAGES:
        assert page.permission in RIGHTS, page
        for name, what in page.actions().items():
            assert what.permission in RIGHTS, (page, name)
    for model, shown in admin.site._registry.items():
        needed = shown.permission or f"{model._meta.app_label}.view_{model._meta.model_name}"
        assert needed in RIGHTS, model


def test_every_list_declares_its_path_to_the_client() -> None:
    for model, shown in admin.site._registry.items():
        path = shown.client_path
        if path is not None:
            model._default_manager.filter(**{f"{path}__in": [NO_ID]}).exists()
        else:
            assert not hasattr(model, "client_id"), model


@pytest.fixture(params=ROLES)
def role(request: Any) -> Role:
    """Each role."""
    return Role(request.param)


@pytest.fixture
def person(role: Role, played: str) -> Operator:
    """Somebody of the role; there is a tournament with a gamer."""
    return operator_in(role)


def is_open(answer: Any) -> bool:
    """Whether a page let somebody in: it may also say that there is no such row."""
    assert answer.status_code < 500, answer.content[:300]
    assert not (answer.status_code == 302 and "/login/" in answer.headers["Location"]), "logged in all the time"
    return answer.status_code not in (403,)


def test_lists_and_rows_open_for_their_roles_only(role: Role, person: Operator) -> None:
    browser = logged_in(person)
    for model, shown in admin.site._registry.items():
        label = f"{model._meta.app_label}/{model._meta.model_name}"
        needed = shown.permission or f"{model._meta.app_label}.view_{model._meta.model_name}"
        may_see = role in RIGHTS[needed].roles
        may_edit = role in RIGHTS[shown.edit_permission].roles if hasattr(shown, "edit_permission") else False
        row = model._default_manager.first()
        key = row.pk if row is not None else NO_ID if model._meta.pk.get_internal_type() == "UUIDField" else "0"
        expected = {"": may_see or may_edit, f"{key}/change/": may_see or may_edit, "add/": may_edit}
        expected |= {f"{key}/history/": may_see or may_edit, f"{key}/delete/": False}
        for view, allowed in expected.items():
            assert is_open(browser.get(f"/console/{label}/{view}")) is allowed, (label, view, role)
        assert is_open(browser.post(f"/console/{label}/add/", {})) is may_edit, (label, role)
        assert not is_open(browser.post(f"/console/{label}/{key}/delete/", {"post": "yes"})), (label, role)
        if row is not None:
            assert is_open(browser.post(f"/console/{label}/{key}/change/", {})) is may_edit, (label, role)


def test_only_operators_who_manage_operators_set_passwords(role: Role, person: Operator) -> None:
    browser, other = logged_in(person), Operator.objects.create_user("somebody", is_staff=True)
    for set_by in (browser.get, browser.post):
        answer = set_by(f"/console/users/operator/{other.pk}/password/")
        assert is_open(answer) is (role in RIGHTS["users.manage_operators"].roles), role


def test_pages_open_for_their_roles_only(role: Role, person: Operator) -> None:
    browser = logged_in(person)
    for page in PAGES:
        address = "/console/" + filled(page)
        assert is_open(browser.get(address)) is (role in RIGHTS[page.permission].roles), (page, role)
        for name, what in page.actions().items():
            allowed = role in RIGHTS[page.permission].roles & RIGHTS[what.permission].roles
            assert is_open(browser.post(address, {"do": name})) is allowed, (page, name, role)


def filled(page: type[ConsolePage]) -> str:
    """The page's route with its example values, or ids of nothing."""
    return re.sub(
        r"<(?:(\w+):)?(\w+)>",
        lambda found: str(page.example.get(found[2], {"uuid": NO_ID, "int": "0"}.get(found[1] or "", "none"))),
        page.route,
    )


def test_actions_are_offered_to_their_roles_only(role: Role, person: Operator) -> None:
    request = RequestFactory().get("/console/")
    request.user = person
    for model, shown in admin.site._registry.items():
        every = shown._get_base_actions()
        offered = set(shown.get_actions(request))
        assert offered == {action.name for action in every if role in RIGHTS[action_of(action).permission].roles}, model


def test_the_sidebar_shows_only_pages_that_the_role_may_open(role: Role, person: Operator) -> None:
    browser = logged_in(person)
    links = re.findall(r'href="(/console/[^"?]+/)"', browser.get("/console/").content.decode())
    assert "/console/esports/tournament/" in links
    assert ("/console/kgen/auditentry/" in links) is (role in RIGHTS["kgen.see_audit"].roles)
    assert all(browser.get(link).status_code == 200 for link in set(links) if "logout" not in link)


@pytest.fixture
def two_games(studio: StudioCaller, other_studio: StudioCaller) -> tuple[Client, Client]:
    """A game with a gamer and a tournament each."""
    for caller in (studio, other_studio):
        caller.gamer("ann").join(caller.tournament()).ok()
    return Client.objects.get(pk=studio.client_id), Client.objects.get(pk=other_studio.client_id)


@pytest.mark.parametrize("label", ["users/client", "users/gamer", "esports/tournament", "wallet/wallet"])
def test_a_limited_operator_sees_the_rows_of_its_clients_only(two_games: tuple[Client, Client], label: str) -> None:
    mine, other = two_games
    browser = logged_in(operator_in(Role.ADMIN, mine))
    model = apps.get_model(label.replace("/", "."))
    column = "pk" if label == "users/client" else "client_id"
    seen, hidden = model.objects.get(**{column: mine.pk}), model.objects.get(**{column: other.pk})
    page = browser.get(f"/console/{label}/").content.decode()
    assert f"/{seen.pk}/change/" in page
    assert str(hidden.pk) not in page
    assert browser.get(f"/console/{label}/{seen.pk}/change/", follow=True).status_code == 200
    refused = browser.get(f"/console/{label}/{hidden.pk}/change/", follow=True).content.decode()
    assert "doesn’t exist" in refused


def test_a_limited_operator_acts_on_its_clients_only(two_games: tuple[Client, Client]) -> None:
    mine, other = two_games
    browser = logged_in(operator_in(Role.ADMIN, mine))
    for client in two_games:
        sent = {"do": "issue", "newest": client.secrets.get().pk, "reason": "lost"}
        browser.post(f"/console/studios/clients/{client.pk}/", sent)
    assert (mine.secrets.count(), other.secrets.count()) == (2, 1)
    gamers = {str(gamer.pk): gamer.client_id for gamer in Gamer.objects.all()}
    browser.post(
        "/console/users/gamer/", {"_selected_action": list(gamers), "action": "unlink_phone", "reason": "lost"}
    )
    acted = AuditEntry.objects.filter(act="gamer.unlink_phone").values_list("object_id", flat=True)
    assert [gamers[id] for id in acted] == [mine.pk]


def test_a_limited_operator_manages_neither_operators_nor_rails(client_row: Client) -> None:
    person = operator_in(Role.ADMIN, client_row)
    assert clients_of(person) == {client_row.pk}
    browser: Browser = logged_in(person)
    for label in ("users/operator", "wallet/payoutrail"):
        page = browser.get(f"/console/{label}/").content.decode()
        assert "/change/" not in page.partition('id="changelist"')[2], label
    assert browser.get("/console/users/operator/add/").status_code == 403


def test_an_operator_without_a_limit_sees_all_clients() -> None:
    factories.ClientFactory()
    assert clients_of(operator_in(Role.VIEWER)) is None
