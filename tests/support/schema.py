"""Checks answers against the product's own OpenAPI document, so that the two cannot drift apart."""

import json
import re
from functools import cache
from threading import Lock
from typing import Any

import jsonschema
from drf_spectacular.generators import SchemaGenerator

_one_at_a_time = Lock()


def document() -> dict[str, Any]:
    """The OpenAPI document. Tests of many threads share it, and it cannot be made twice at once."""
    with _one_at_a_time:
        return _document()


@cache
def _document() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


@cache
def _routes() -> list[tuple[re.Pattern[str], str]]:
    # Fixed paths first: /active is not an id.
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(_pattern(path), path) for path in paths]


def _pattern(path: str) -> re.Pattern[str]:
    # Only a studio's own names hold slashes.
    text = re.sub(r"\{(user_id|reference)\}", ".+", path)
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", text))


def check_against_schema(method: str, path: str, status: int, headers: dict[str, str], content: bytes) -> None:
    """Fail when an answer is not what /schema says; addresses that it does not know only answer 404 or 405."""
    route = _route(method, path.rstrip("/") if len(path) > 1 else path)
    if route is None:
        return
    answer = document()["paths"][route][method.lower()]["responses"].get(str(status))
    if answer is None:
        # Faults of the body's form are the same everywhere and said once, in the document's text.
        assert status in (404, 405, 413, 415), f"{method} {path}: {status} is not documented"
        return
    media = headers.get("Content-Type", "")
    assert media in answer["content"], f"{method} {path}: {media} is not documented for {status}"
    _validator(route, method.lower(), str(status), media).validate(json.loads(content))


def _route(method: str, path: str) -> str | None:
    for pattern, route in _routes():
        if pattern.fullmatch(path) and method.lower() in document()["paths"][route]:
            return route
    return None


@cache
def _validator(route: str, method: str, status: str, media: str) -> jsonschema.Draft202012Validator:
    """Not `jsonschema.validate`, which looks through the whole document first: tests/house does that once."""
    answer = document()["paths"][route][method]["responses"][status]
    return jsonschema.Draft202012Validator(_resolved(answer["content"][media]["schema"]))


def _resolved(schema: Any) -> Any:
    """A schema with what it refers to in its place: looking up references takes half the time of a check.

    :raises RecursionError: when a schema refers to itself.
    """
    if isinstance(schema, list):
        return [_resolved(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    resolved = {name: _resolved(part) for name, part in schema.items() if name != "$ref"}
    if "$ref" not in schema:
        return resolved
    target: Any = document()
    for step in schema["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {"allOf": [_resolved(target)], **resolved} if resolved else _resolved(target)
