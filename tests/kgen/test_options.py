"""OPTIONS and every other method on every address: the methods that there are, and 405 for the others."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client as DjangoClient
from django.urls import URLPattern, URLResolver, get_resolver

from kgen.api.options import methods_at
from tests.support.addresses import UNKNOWN_UID
from tests.support.http import StudioCaller

pytestmark = pytest.mark.django_db

# The console redirects people who have not logged in, and files belong to WhiteNoise.
PAGES = (f"/{settings.CONSOLE_PATH.rstrip('/')}", settings.STATIC_URL)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
ARGUMENTS = {"uid": UNKNOWN_UID, "user_id": "u", "reference": "r", "id": UNKNOWN_UID, "pk": UNKNOWN_UID}


def addresses() -> Iterator[str]:
    """Each address of the product, with some value for its arguments."""
    resolver = get_resolver()
    names = [name for name in resolver.reverse_dict if isinstance(name, str)]
    for name in names:
        for possibilities, *_ in resolver.reverse_dict.getlist(name):
            for path, parameters in possibilities:
                yield "/" + path % {name: ARGUMENTS.get(name, UNKNOWN_UID) for name in parameters}


def others() -> list[str]:
    """Addresses without a name, and those of the console."""
    plain = [str(entry.pattern) for entry in get_resolver().url_patterns if isinstance(entry, URLPattern)]
    console = f"/{settings.CONSOLE_PATH}"
    return [f"/{path}" for path in plain] + [console, f"{console}login/", f"{console}no/such/page", "/static/any.css"]


PATHS = sorted({*addresses(), *others()})


def test_every_address_is_among_them() -> None:
    assert len(PATHS) > 40
    assert {"/docs", "/schema", "/healthz", "/s2s/session", "/fe/wallet/balance"} <= set(PATHS)
    prefixes = {str(entry.pattern) for entry in get_resolver().url_patterns if isinstance(entry, URLResolver)}
    assert prefixes == {"", settings.CONSOLE_PATH}


@pytest.mark.parametrize("path", PATHS)
def test_options_answers_without_credentials(path: str) -> None:
    answer = DjangoClient(raise_request_exception=False).options(path)
    allowed = answer.headers["Allow"].split(", ")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "OPTIONS" in allowed
    assert len(allowed) > 1
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", [path for path in PATHS if not path.startswith(PAGES)])
def test_every_method_is_served_or_refused_as_options_says(path: str, studio: StudioCaller) -> None:
    client = DjangoClient(raise_request_exception=False)
    allowed = methods_at(path) or []
    for method in METHODS:
        answer = client.generic(method, path)
        if method in allowed:
            # Without credentials or for an unknown thing, but never a wrong method.
            assert answer.status_code not in (405, 500), (method, path)
        else:
            assert answer.status_code == 405, (method, path)
            assert {*answer.headers["Allow"].split(", ")} - {"OPTIONS"} == set(allowed), (method, path)


def test_an_unknown_address_is_not_found() -> None:
    answer = DjangoClient(raise_request_exception=False).options("/no/such/address")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
