"""The undocumented parts of uvicorn that kgen uses, each by name: a release that changes one fails here."""

import ast
import asyncio
import inspect
import re
import socket
import tomllib
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from kgen.serving import protocol
from kgen.serving.protocol import FastCycle, FastPathProtocol
from tests.support.launcher import CHECKOUT

# Of a connection, read or written by FastPathProtocol and FastCycle.
OF_A_CONNECTION = {
    "_start_asgi_task",
    "_unset_keepalive_if_required",
    "access_log",
    "access_logger",
    "app",
    "connection_lost",
    "connection_made",
    "connections",
    "cycle",
    "cycle.body",
    "cycle.keep_alive",
    "cycle.response_complete",
    "cycle.response_started",
    "expect_100_continue",
    "flow",
    "flow.pause_reading",
    "flow.write_paused",
    "headers",
    "logger",
    "loop",
    "loop.call_later",
    "loop.time",
    "on_body",
    "on_header",
    "on_headers_complete",
    "on_message_begin",
    "on_message_complete",
    "on_response_complete",
    "parser",
    "parser.feed_data",
    "parser.get_http_version",
    "parser.get_method",
    "parser.set_dangerous_leniencies",
    "parser.should_keep_alive",
    "parser.should_upgrade",
    "pause_writing",
    "pipeline",
    "resume_writing",
    "scope",
    "server_state.default_headers",
    "transport",
    "transport.abort",
    "transport.close",
    "transport.is_closing",
    "transport.write",
    "url",
}
# Of a cycle, read or written by HttpToolsProtocol: FastCycle has them too.
OF_A_CYCLE = {"body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete"}
CYCLE_PARAMETERS = [
    "scope",
    "transport",
    "flow",
    "logger",
    "access_logger",
    "access_log",
    "default_headers",
    "message_event",
    "expect_100_continue",
    "keep_alive",
    "on_response",
]
# Methods of HttpToolsProtocol that FastPathProtocol overrides, with their parameters.
OVERRIDDEN = {
    "_start_asgi_task": ["self", "cycle", "app"],
    "connection_lost": ["self", "exc"],
    "connection_made": ["self", "transport"],
    "data_received": ["self", "data"],
    "eof_received": ["self"],
    "on_body": ["self", "body"],
    "on_header": ["self", "name", "value"],
    "on_headers_complete": ["self"],
    "on_message_begin": ["self"],
    "on_message_complete": ["self"],
    "pause_writing": ["self"],
    "resume_writing": ["self"],
}


def dotted(node: ast.expr) -> str:
    """`self.flow.write_paused`, or "" for what is no chain of names."""
    if isinstance(node, ast.Call):
        return "self" if ast.unparse(node) == "super()" else ""
    if isinstance(node, ast.Attribute):
        return f"{before}.{node.attr}" if (before := dotted(node.value)) else ""
    return node.id if isinstance(node, ast.Name) else ""


def used_of_a_connection() -> set[str]:
    """The attributes of uvicorn's connection in the source of our module."""
    found = set()
    for one in ast.parse(inspect.getsource(protocol)).body:
        if isinstance(one, ast.ClassDef):
            roots = {"FastPathProtocol": ["self"], "FastCycle": ["self.protocol", "protocol"]}.get(one.name, [])
            names = {dotted(node) for node in ast.walk(one) if isinstance(node, ast.Attribute)}
            found |= {name.removeprefix(f"{root}.") for name in names for root in roots if name.startswith(f"{root}.")}
    ours = vars(FastPathProtocol).keys() - vars(HttpToolsProtocol).keys() - {"cycle"}
    return {name for name in found if name.partition(".")[0] not in ours}


# Methods of bytes, of our Application and of FastCycle; a step on the way to an attribute that is listed.
OTHERS = {
    "url.isascii",
    "url.partition",
    "app.ordinary",
    "app.routes",
    "app.routes.find",
    "cycle.start",
    "server_state",
}


def test_the_list_of_used_parts_is_complete() -> None:
    assert used_of_a_connection() - OTHERS | {"app"} == OF_A_CONNECTION


def test_uvicorns_connection_has_every_used_part() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def connect() -> HttpToolsProtocol:
        state = ServerState()
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none")
        ours, theirs = socket.socketpair()
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: HttpToolsProtocol(config, state, {}), sock=ours
        )
        theirs.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n")
        while connection.cycle is None:
            await asyncio.sleep(0)
        for name in sorted(OF_A_CONNECTION):
            attrgetter(name)(connection)
        assert isinstance(connection.headers, list)
        assert isinstance(connection.url, bytes)
        assert isinstance(connection.scope, dict)
        assert len(connection.pipeline) == 0
        assert connection in connection.connections
        theirs.close()
        await asyncio.gather(*state.tasks)
        return connection

    assert asyncio.run(connect()).parser is None, "lost connections have no parser: _check_time ends by it"


def test_overridden_methods_have_the_parameters_of_uvicorns() -> None:
    overridden = {name for name in vars(FastPathProtocol).keys() & vars(HttpToolsProtocol) if name[:2] != "__"}
    assert overridden == OVERRIDDEN.keys()
    for name, parameters in OVERRIDDEN.items():
        for owner in (HttpToolsProtocol, FastPathProtocol):
            assert list(inspect.signature(getattr(owner, name)).parameters) == parameters, name


def test_the_cycle_has_every_attribute_that_uvicorn_reads() -> None:
    read = set(re.findall(r"cycle\.(\w+)", inspect.getsource(HttpToolsProtocol))) - {"run_asgi"}
    assert read == OF_A_CYCLE
    assert read <= {*vars(FastCycle), *FastCycle.__init__.__code__.co_names}
    assert list(inspect.signature(RequestResponseCycle).parameters) == CYCLE_PARAMETERS


def test_one_module_uses_undocumented_parts_and_the_minor_release_is_pinned() -> None:
    imports = re.compile(r"^ *(?:from|import) uvicorn.*$", re.MULTILINE)
    sources = {path: path.read_text() for app in ("kgen", "users") for path in (CHECKOUT / app).rglob("*.py")}
    using = {
        path.relative_to(CHECKOUT): imports.findall(text) for path, text in sources.items() if imports.search(text)
    }
    assert using.pop(Path("kgen/serving/worker.py")) == ["import uvicorn"]
    assert list(using) == [Path("kgen/serving/protocol.py")]
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    major, minor, *_ = map(int, version("uvicorn").split("."))
    assert f"uvicorn>={major}.{minor},<{major}.{minor + 1}" in project["dependencies"]
