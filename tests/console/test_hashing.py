"""Passwords: hashed two at once at most, never for who is locked, and whoever finds no place may come again."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.test import Client as Browser

from kgen.admin_site import guards
from kgen.admin_site.hashing import AT_ONCE, BoundedHasher, place_to_hash
from kgen.admin_site.login import REFUSED
from kgen.errors import Unavailable
from kgen.models import AuditEntry, LoginGuard
from tests.support.operators import PASSWORD, logged_in
from users.models import Operator

pytestmark = pytest.mark.django_db
OTHER = "another long password"


@pytest.fixture
def ann() -> Operator:
    return Operator.objects.create_superuser("ann", password=PASSWORD)


@pytest.fixture
def bob() -> Operator:
    return Operator.objects.create_user("bob", password=PASSWORD, is_staff=True)


@pytest.fixture
def all_places_taken(ann: Operator, bob: Operator) -> Iterator[None]:
    """Elsewhere in this process as many passwords are hashed as may be."""
    with ExitStack() as places:
        for _ in range(AT_ONCE):
            places.enter_context(place_to_hash())
        yield


def log_in(name: str = "ann", password: str = PASSWORD, **more: Any) -> Any:
    return Browser(**more).post("/console/login/", {"username": name, "password": password, "next": "/console/"})


def change_own(ann: Operator, old: str = PASSWORD) -> Any:
    sent = {"old_password": old, "new_password1": OTHER, "new_password2": OTHER}
    return logged_in(ann).post("/console/password_change/", sent)


def set_others(ann: Operator) -> Any:
    bob = Operator.objects.get(username="bob")
    sent = {"password1": OTHER, "password2": OTHER, "usable_password": "true"}
    return logged_in(ann).post(f"/console/users/operator/{bob.pk}/password/", sent)


def add_operator(ann: Operator) -> Any:
    sent = {"username": "carol", "password1": OTHER, "password2": OTHER, "usable_password": "true"}
    return logged_in(ann).post("/console/users/operator/add/", sent)


HASHING: dict[str, Callable[[Operator], Any]] = {
    "a login": lambda ann: log_in(),
    "a login with a wrong password": lambda ann: log_in(password="wrong"),
    "a login with an unknown name": lambda ann: log_in("nobody"),
    "one's own password": change_own,
    "one's own password after a wrong one": lambda ann: change_own(ann, "wrong"),
    "an operator's password": set_others,
    "a new operator": add_operator,
}


def stored() -> list[tuple[str, str]]:
    return list(Operator.objects.order_by("pk").values_list("username", "password"))


@pytest.mark.parametrize("name", HASHING)
@pytest.mark.usefixtures("all_places_taken")
def test_a_form_without_a_free_hashing_slot_gets_503_and_changes_nothing(ann: Operator, name: str) -> None:
    before = stored()
    answer = HASHING[name](ann)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Try again" in answer.content.decode()
    assert (stored(), AuditEntry.objects.count()) == (before, 0)


@pytest.mark.parametrize("name", HASHING)
def test_each_hash_frees_its_slot(ann: Operator, bob: Operator, name: str) -> None:
    for _ in range(AT_ONCE + 1):
        assert HASHING[name](ann).status_code in (200, 302)
        ann.set_password(PASSWORD)
        ann.save()
    with ExitStack() as places:
        for _ in range(AT_ONCE):
            places.enter_context(place_to_hash())
        with pytest.raises(Unavailable):
            places.enter_context(place_to_hash())


def test_a_failed_hash_frees_its_slot() -> None:
    for _ in range(AT_ONCE + 1):
        with pytest.raises(ValueError, match="salt"):
            BoundedHasher().encode(PASSWORD, "$")
    BoundedHasher().encode(PASSWORD, "salt", 1)


@pytest.mark.usefixtures("all_places_taken")
def test_a_login_without_a_free_hashing_slot_counts_as_no_try() -> None:
    for _ in range(guards.TRIES_OF_NAME + 1):
        assert log_in().status_code == 503
    assert set(LoginGuard.objects.values_list("tries", "locked_until")) == {(0, None)}


def test_a_locked_name_is_refused_before_hashing(ann: Operator) -> None:
    for _ in range(guards.TRIES_OF_NAME):
        assert REFUSED in log_in(password="wrong").content.decode()
    with place_to_hash(), place_to_hash():
        locked = log_in()
    assert (locked.status_code, REFUSED in locked.content.decode()) == (200, True)
    assert AuditEntry.objects.order_by("-id")[0].act == "operator.login_locked"


def test_a_locked_address_is_refused_before_hashing(ann: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kgen.admin_site.login.TRIES_OF_ADDRESS", 2)
    for name in ("a", "b"):
        log_in(name)
    with place_to_hash(), place_to_hash():
        locked = log_in()
        elsewhere = log_in(REMOTE_ADDR="192.0.2.7")
    assert (locked.status_code, REFUSED in locked.content.decode()) == (200, True)
    assert elsewhere.status_code == 503
