"""The OpenAPI document is whole and without warnings; its page stands on its own."""

import re
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
from drf_spectacular.generators import SchemaGenerator

from kgen.api.schema import known_errors

DRAFT = "https://json-schema.org/draft/2020-12/schema"
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The document as /schema gives it."""
    answer = Client().get("/schema", headers={"accept": "application/json"})
    assert answer.status_code == 200
    return dict(answer.json())


def operations(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All operations by method and path."""
    return {f"{m} {path}": item[m] for path, item in schema["paths"].items() for m in METHODS & item.keys()}


def test_the_schema_is_made_without_a_warning() -> None:
    reset_generator_stats()
    SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS, dict(GENERATOR_STATS._warn_cache) | dict(GENERATOR_STATS._error_cache)


def test_choices_have_readable_names(schema: dict[str, Any]) -> None:
    enums = {name for name, part in schema["components"]["schemas"].items() if "enum" in part}
    assert {"TransactionTypeEnum", "WithdrawalStatusEnum", "DeliveryStateEnum"} <= enums
    assert [name for name in enums if re.search(r"[0-9a-f]{3}Enum$", name)] == []


def test_the_components_are_valid_json_schema(schema: dict[str, Any]) -> None:
    for part in schema["components"]["schemas"].values():
        assert jsonschema_rs.meta.is_valid(part | {"$schema": DRAFT})


def test_the_schema_is_openapi_3_1(schema: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d+", schema["openapi"])
    assert len(operations(schema)) >= 45


def test_every_operation_says_what_it_does_under_a_name_of_its_own(schema: dict[str, Any]) -> None:
    listed = operations(schema)
    assert [name for name, operation in listed.items() if len(operation.get("summary", "")) < 10] == []
    assert len({operation["operationId"] for operation in listed.values()}) == len(listed)
    assert all(operation["tags"] for operation in listed.values())


def test_every_operation_lists_its_refusals_as_problems(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema).items():
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert {"400", "401", "429", "503"} <= refusals.keys(), name
        for status, answer in refusals.items():
            problem = {"$ref": "#/components/schemas/ProblemOut"}
            assert answer["content"] == {"application/problem+json": {"schema": problem}}, (name, status)
            codes = re.findall(r"`([A-Z_]+)`", answer["description"])
            assert codes, (name, status)
            assert {str(known_errors()[code].status) for code in codes} == {status}, name
        assert any(status < "300" for status in operation["responses"]), name


def test_every_post_takes_an_idempotency_key_but_sessions_codes_hooks_and_reads(schema: dict[str, Any]) -> None:
    without = {
        name
        for name, operation in operations(schema).items()
        if name.startswith("post ") and "Idempotency-Key" not in {p["name"] for p in operation.get("parameters", [])}
    }
    codes = {f"post /fe/users/auth/otp/{call}" for call in ("register", "resend", "verify")}
    sessions = {"post /s2s/session", "post /api/v1/session", "post /fe/users/auth/token/refresh"}
    reads = {f"post /{side}/esports/tournaments/{{uid}}/leaderboard/query" for side in ("fe", "s2s")}
    assert without == sessions | codes | reads | {"post /hooks/payouts"}


def test_credentials_follow_the_address(schema: dict[str, Any]) -> None:
    schemes = schema["components"]["securitySchemes"]
    assert (schemes["gamer"]["name"], schemes["clientId"]["name"]) == ("user-jwt-token", "x-client-id")
    # What proves these calls is in the body, or is the gateway's signature of it.
    without = {"post /fe/users/auth/token/refresh", "post /hooks/payouts"}
    for name, operation in operations(schema).items():
        wanted = [{"gamer": []}, {"bearer": []}] if " /fe/" in name else [{"clientId": [], "clientSecret": []}]
        assert operation.get("security", []) == ([] if name in without else wanted), name


def test_every_error_code_is_listed(schema: dict[str, Any]) -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \| (.+) \|$", schema["info"]["description"], flags=re.M)
    assert {code: int(status) for status, code, _ in rows} == {c: e.status for c, e in known_errors().items()}
    assert len({detail for _, _, detail in rows}) == len(rows), "each says something of its own"


class Page(HTMLParser):
    """Collects what a page loads, and the code that stands in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline_scripts = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note addresses and scripts."""
        self.loaded += [value for name, value in attrs if name in ("src", "href") and value]
        self.inline_scripts += tag == "script" and "src" not in dict(attrs)


@pytest.mark.django_db  # closing a file's answer lets Django look after its connections; the page asks for nothing
def test_the_page_loads_only_from_here_and_without_inline_scripts() -> None:
    answer = Client().get("/docs")
    html = answer.content.decode()
    page = Page(html)
    assert "//" not in html.replace("/*", "").replace("<!--", "")
    assert page.inline_scripts == 0
    assert len(page.loaded) == 5
    for address in page.loaded:
        loaded = Client().get(address)
        assert loaded.status_code == 200, address
        assert b"".join(loaded), address


def test_the_page_shows_the_schema_under_the_policy_of_the_whole_site() -> None:
    page, other = Client().get("/docs"), Client().get("/healthz")
    policy = page.headers["Content-Security-Policy"]
    assert policy == other.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    assert "unsafe-eval" not in policy
    script = Client().get("/docs?script=")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert 'url: "/schema"' in script.content.decode()
    assert '"validatorUrl": null' in script.content.decode()
    assert "//" not in re.sub(r"^\s*//.*$", "", script.content.decode(), flags=re.M)


def test_the_schema_names_no_host(schema: dict[str, Any]) -> None:
    assert "servers" not in schema
    assert "://" not in Client().get("/schema").content.decode()
