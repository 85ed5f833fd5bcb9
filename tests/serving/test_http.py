"""HTTP over a real socket: malformed requests, unusual ones, and many on one connection."""

import contextlib
import json
import socket
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.addresses import BALANCE
from tests.support.http import GamerCaller, StudioCaller
from tests.support.waiting import eventually
from tests.support.web import ORDINARY, Reply, Web, in_chunks, request
from users.tokens import sign_access

pytestmark = pytest.mark.usefixtures("committed")

HEAD_LIMIT = 64 * 1024
# Java's client sends these with the first request of a connection.
UPGRADE = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABk"}
UPGRADING = b"POST /s2s/session HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"


@pytest.fixture
def score(studio: StudioCaller, gamer: GamerCaller) -> tuple[str, bytes]:
    """Path and body of a score."""
    uid = studio.tournament()
    gamer.join(uid).ok()
    body = {"metadata": {"tournamentId": uid}, "payload": {"score": {"value": 7}}}
    return f"/fe/esports/tournaments/{uid}/score", json.dumps(body).encode()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * (HEAD_LIMIT + 1) + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * HEAD_LIMIT,
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * (4 * HEAD_LIMIT),
        b"GET /" + b"x" * (4 * HEAD_LIMIT),
        b"GET /fe/wallet/balance?" + b"x" * HEAD_LIMIT + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz?" + b"x" * (HEAD_LIMIT - 10) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
        + b"x" * (4 * HEAD_LIMIT),
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"X: y\r\n" * HEAD_LIMIT,
    ],
    ids=[
        "one header",
        "many headers",
        "a header without end",
        "a line without end",
        "a query on the fast path",
        "a query on the ordinary path",
        "a trailer without end",
        "many trailers",
    ],
)
def test_a_head_that_is_too_large_is_refused_and_the_connection_closed(web: Web, head: bytes) -> None:
    wire = web.wire()
    with contextlib.suppress(ConnectionError):
        wire.send(head)
    wire.reply().refused(400, "BAD_REQUEST")
    assert wire.is_closed()


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /s2s/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /s2s/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /s2s/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /s2s/session HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        UPGRADING + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        UPGRADING + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        UPGRADING + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        UPGRADING + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_malformed_http_is_refused_and_the_connection_closed(web: Web, data: bytes) -> None:
    wire = web.wire().send(data)
    wire.reply().refused(400, "BAD_REQUEST")
    assert wire.is_closed()


@pytest.mark.parametrize("path", [BALANCE, "/healthz"], ids=["fast path", "ordinary path"])
@pytest.mark.parametrize(
    "headers",
    [
        "",
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost\r\nTransfer-Encoding: gzip, chunked\r\n",
        "Host: localhost\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "Host: localhost\r\nTransfer-Encoding: chunked, chunked\r\n",
        "Host: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Host: localhost\r\nTransfer-Encoding: gzip, chunked\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c\r\n",
    ],
    ids=["no host", "two hosts", "gzip", "gzip in two lines", "chunks of chunks", "chunks twice", "gzip, h2c", "h2c"],
)
def test_a_head_with_an_ambiguous_host_or_body_length_is_refused(
    web: Web, gamer: GamerCaller, path: str, headers: str
) -> None:
    token = "".join(f"{name}: {value}\r\n" for name, value in gamer.headers.items())
    wire = web.wire().send(f"GET {path} HTTP/1.1\r\n{token}{headers}\r\n".encode() + in_chunks(b"{}"))
    wire.reply().refused(400, "BAD_REQUEST")
    assert wire.is_closed()


@pytest.mark.parametrize("path", [BALANCE, "/healthz"], ids=["fast path", "ordinary path"])
def test_http_1_0_and_unusual_spellings_are_answered(web: Web, gamer: GamerCaller, path: str) -> None:
    token = "".join(f"{name}: {value}\r\n" for name, value in gamer.headers.items())
    assert web.wire().send(f"GET {path} HTTP/1.0\r\n{token}\r\n".encode()).reply().status == 200
    spelled = gamer.headers | {"Transfer-Encoding": "  Chunked "}
    assert web.wire().send(request("GET", path, spelled) + in_chunks(b"")).reply().status == 200


def test_a_connection_serves_many_requests_one_by_one_and_pipelined(web: Web, gamer: GamerCaller) -> None:
    wire = web.wire()
    for _ in range(3):
        assert wire.send(request("GET", BALANCE, gamer.headers)).reply().status == 200
    paths = ["/healthz", BALANCE, "/nope", BALANCE, "/healthz"]
    wire.send(b"".join(request("GET", path, gamer.headers) for path in paths))
    assert [wire.reply().status for _ in paths] == [200, 200, 404, 200, 200]
    wire.send(request("GET", BALANCE, gamer.headers | {"Connection": "close"}))
    assert wire.reply().headers["connection"] == "close"
    assert wire.is_closed()


def test_pipelined_responses_keep_their_order_when_the_fast_path_gives_up(web: Web, gamer: GamerCaller) -> None:
    wire = web.wire()
    # A valid token of a session that does not exist: only the lane finds out.
    stranger = {"user-jwt-token": stranger_token()}
    callers = [gamer.headers, stranger, gamer.headers, stranger, gamer.headers]
    wire.send(b"".join(request("GET", BALANCE, headers) for headers in callers))
    assert [wire.reply().status for _ in callers] == [200, 401, 200, 401, 200]
    for headers, status in ((stranger, 401), (gamer.headers, 200)):
        assert wire.send(request("GET", BALANCE, headers)).reply().status == status


def stranger_token() -> str:
    """An access token with our signature, of a gamer that does not exist."""
    nobody = str(uuid.uuid4())
    return sign_access({"sub": nobody, "sid": nobody, "iss": nobody}, now=datetime.now(UTC))


def test_clients_that_disconnect_at_once_do_not_affect_other_clients(
    web: Web, gamer: GamerCaller, score: tuple[str, bytes]
) -> None:
    path, body = score
    for _ in range(20):
        web.wire().send(request("POST", path, gamer.headers, body)).close()
    eventually(lambda: web.ask("GET", BALANCE, gamer.headers).status == 200)
    assert not web.lines("Traceback")


def test_head_answers_like_get_without_a_body(web: Web, gamer: GamerCaller) -> None:
    wire = web.wire()
    answer = wire.send(request("HEAD", BALANCE, gamer.headers)).reply(to_head=True)
    assert answer.status == 200
    assert int(answer.headers["content-length"]) > 100
    assert wire.send(request("GET", "/healthz")).reply().status == 200, "no byte of a body follows the head"


def test_expect_100_continue_is_answered_unless_the_body_is_too_large(
    web: Web, gamer: GamerCaller, score: tuple[str, bytes]
) -> None:
    path, body = score
    wire = web.wire()
    said = {"Expect": "100-continue", "Content-Length": str(len(body)), "Content-Type": "application/json"}
    wire.send(request("POST", path, gamer.headers | said))
    assert wire.reply().status == 100
    assert wire.send(body).reply().status == 200
    said["Content-Length"] = str(10 * 1024 * 1024)
    refused = wire.send(request("POST", path, gamer.headers | said)).reply()
    refused.refused(413, "PAYLOAD_TOO_LARGE")


def test_a_hot_call_works_in_chunks_in_pieces_and_with_an_encoded_path(
    web: Web, gamer: GamerCaller, score: tuple[str, bytes]
) -> None:
    path, body = score
    chunked = gamer.headers | {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    wire = web.wire()
    assert wire.send(request("POST", path, chunked) + in_chunks(body, 7)).reply().status == 200
    spelled = path.replace("score", "%73core")
    assert wire.send(request("POST", spelled, gamer.headers, body)).reply().status == 200
    assert wire.send(request("POST", f"{path}/", gamer.headers, body)).reply().status == 200
    whole = request("POST", path, gamer.headers, body)
    for at in range(0, len(whole), 40):
        wire.send(whole[at : at + 40])
    assert wire.reply().status == 200
    slash = path.replace("/score", "%2Fscore")
    assert wire.send(request("POST", slash, gamer.headers, body)).reply().status == 200


def test_repeated_credentials_are_refused(web: Web, gamer: GamerCaller) -> None:
    name, value = next(iter(gamer.headers.items()))
    twice = request("GET", BALANCE, gamer.headers | {name.upper(): value})
    web.wire().send(twice).reply().refused(401, "UN_AUTHORIZED")


@pytest.mark.parametrize("path", [BALANCE, "/fe/wallet/transactions"], ids=["fast path", "ordinary path"])
def test_an_unknown_host_is_refused_on_both_paths(web: Web, gamer: GamerCaller, path: str) -> None:
    web.ask("GET", path, gamer.headers | {"Host": "evil.example"}).refused(400, "BAD_REQUEST")


@pytest.mark.parametrize("path", [BALANCE, "/fe/wallet/transactions"], ids=["fast path", "ordinary path"])
def test_a_valid_request_id_is_kept_and_an_invalid_one_replaced(web: Web, gamer: GamerCaller, path: str) -> None:
    own = uuid.uuid4().hex
    assert web.ask("GET", path, gamer.headers | {"X-Request-Id": own}).headers["x-request-id"] == own
    for odd in ("a b", "x" * 65, "é", ""):
        given = web.ask("GET", path, gamer.headers | {"X-Request-Id": odd}).headers["x-request-id"]
        assert given != odd
        assert len(given) == 32


def test_trailers_are_not_headers(web: Web, gamer: GamerCaller) -> None:
    wire = web.wire()
    token = "".join(f"{name}: {value}\r\n" for name, value in gamer.headers.items()).encode()
    wire.send(request("GET", BALANCE, {"Transfer-Encoding": "chunked"}) + b"0\r\n" + token + b"\r\n")
    wire.reply().refused(401, "UN_AUTHORIZED")
    chunked = gamer.headers | {"Transfer-Encoding": "chunked", "X-Request-Id": "mine"}
    late = b"1;odd=yes\r\nx\r\n0;last\r\nX-Request-Id: late\r\nuser-jwt-token: forged\r\n\r\n"
    answer = wire.send(request("GET", BALANCE, chunked) + late).reply()
    assert (answer.status, answer.headers["x-request-id"]) == (200, "mine")
    assert wire.send(request("GET", BALANCE, gamer.headers)).reply().status == 200


def test_requests_before_garbage_are_answered(web: Web, gamer: GamerCaller) -> None:
    for path in (BALANCE, "/healthz"):
        wire = web.wire().send(request("GET", path, gamer.headers) * 2 + b"\x00garbage\r\n\r\n")
        assert [wire.reply().status, wire.reply().status] == [200, 200]
        assert wire.is_closed()


def test_pipelined_requests_beyond_the_limit_are_refused(web: Web) -> None:
    most = 100
    wire = web.wire().send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50 * most)
    # One is served while the others wait.
    assert [wire.reply().status for _ in range(most + 1)] == [200] * (most + 1)
    assert wire.is_closed()


@pytest.mark.parametrize("path", [BALANCE, "/healthz"], ids=["fast path", "ordinary path"])
def test_a_client_that_has_closed_its_side_still_gets_its_responses(web: Web, gamer: GamerCaller, path: str) -> None:
    wire = web.wire().send(request("GET", path, gamer.headers) * 3)
    wire.socket.shutdown(socket.SHUT_WR)
    assert [wire.reply().status for _ in range(3)] == [200] * 3
    assert wire.is_closed()


@pytest.mark.parametrize("begun", [b"", b"GET /hea", request("POST", "/s2s/session", {"Content-Length": "9"}) + b"{"])
def test_a_client_that_closes_its_side_within_a_request_is_disconnected(web: Web, begun: bytes) -> None:
    wire = web.wire().send(begun)
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.is_closed()


def test_a_request_with_upgrade_is_answered_as_http_1_1(web: Web, gamer: GamerCaller, score: tuple[str, bytes]) -> None:
    path, body = score
    whole = request("POST", path, gamer.headers | UPGRADE, body)
    wire = web.wire().send(whole * 3 + request("GET", BALANCE, gamer.headers))
    assert [wire.reply().status for _ in range(4)] == [200] * 4
    for at in range(0, len(whole), 40):
        wire.send(whole[at : at + 40])
    assert wire.reply().status == 200
    chunked = gamer.headers | UPGRADE | {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    assert wire.send(request("POST", path, chunked) + in_chunks(body, 7)).reply().status == 200


@pytest.mark.parametrize("more", [{}, {"Idempotency-Key": "for the ordinary path"}], ids=["fast path", "ordinary path"])
def test_a_request_with_upgrade_keeps_its_head_and_its_length(
    web: Web, gamer: GamerCaller, score: tuple[str, bytes], more: dict[str, str]
) -> None:
    path, body = score
    within = request("GET", BALANCE, gamer.headers | {"X-Request-Id": "within"})
    padded = body[:-1] + b', "more": ' + json.dumps(within.decode()).encode() + b"}"
    given = gamer.headers | UPGRADE | more | {"X-Request-Id": "own", "Content-Type": "application/json"}
    for whole in (
        request("POST", path, given, padded),
        request("POST", path, given | {"Transfer-Encoding": "chunked"}) + in_chunks(padded, 50),
    ):
        # The head arrives alone, the body with the next request behind it.
        head, _, rest = whole.partition(b"\r\n\r\n")
        wire = web.wire().send(head + b"\r\n\r\n")
        wire.send(rest + request("GET", BALANCE, gamer.headers | {"X-Request-Id": "next"}))
        replies = [wire.reply(), wire.reply()]
        assert [(reply.status, reply.headers["x-request-id"]) for reply in replies] == [(200, "own"), (200, "next")]


@pytest.mark.parametrize("path", [BALANCE, "/healthz"], ids=["fast path", "ordinary path"])
@pytest.mark.parametrize("connection", ["Upgrade, close", "close, Upgrade"])
def test_a_request_with_upgrade_and_close_is_answered_before_the_connection_closes(
    web: Web, gamer: GamerCaller, path: str, connection: str
) -> None:
    wire = web.wire().send(request("GET", path, gamer.headers | UPGRADE | {"Connection": connection}))
    reply = wire.reply()
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    assert wire.is_closed()


@pytest.mark.parametrize("headers", [{"Upgrade": "websocket"}, {"Upgrade": "h2c"}], ids=str)
def test_no_connection_is_upgraded(web: Web, gamer: GamerCaller, headers: dict[str, Any]) -> None:
    answer = web.ask("GET", BALANCE, gamer.headers | headers | {"Connection": "Upgrade"})
    assert answer.status == 200


def test_a_user_id_may_hold_a_slash_and_blanks_in_a_path(web: Web, studio: StudioCaller) -> None:
    studio.gamer("team/7 ✓")
    answer = web.ask("GET", "/s2s/wallet/team%2F7%20%E2%9C%93/balance", studio.headers)
    assert answer.json["bonus_balance"] == 50


# --- Unusual requests that the fast path takes too


def is_fast(reply: Reply) -> bool:
    """Whether the fast path wrote the response: the ordinary path adds the request's id last."""
    names = list(reply.headers)
    return names.index("x-request-id") < names.index("x-content-type-options")


def test_the_order_of_headers_tells_the_paths_apart(web: Web, gamer: GamerCaller) -> None:
    assert is_fast(web.ask("GET", BALANCE, gamer.headers))
    assert not is_fast(web.ask("GET", BALANCE, gamer.headers | ORDINARY))


PLAIN = {"Content-Type": "application/json"}
UNUSUAL: dict[str, dict[str, str]] = {
    "charset": {"Content-Type": 'application/json; charset="UTF-8"'},
    "key": {"Idempotency-Key": "k"},
    "expect": {"Expect": "100-Continue"},
    "blanks": {"Content-Type": " application/json \t"},
    "proxy": {"Via": "1.1 a", "X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.2", "X-Real-IP": "10.0.0.1"},
    "browser": {"Origin": "https://game.example", "Sec-Fetch-Mode": "cors", "Accept-Encoding": "gzip, br"},
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_head_takes_the_fast_path(web: Web, gamer: GamerCaller, score: tuple[str, bytes], name: str) -> None:
    path, body = score
    wire = web.wire().send(request("POST", path, gamer.headers | PLAIN | UNUSUAL[name], body))
    reply = wire.reply()
    if name == "expect":
        assert (reply.status, reply.headers) == (100, {})
        reply = wire.reply()
    assert (reply.status, is_fast(reply)) == (200, True)


def test_a_client_that_waits_for_100_sends_its_body_after_it(
    web: Web, gamer: GamerCaller, score: tuple[str, bytes]
) -> None:
    path, body = score
    head, _, _ = request("POST", path, gamer.headers | {"Expect": "100-continue"}, body).partition(b"\r\n\r\n")
    wire = web.wire().send(head + b"\r\n\r\n")
    assert wire.reply().status == 100
    reply = wire.send(body).reply()
    assert (reply.status, is_fast(reply)) == (200, True)
    wire.send(request("GET", BALANCE, gamer.headers))
    assert wire.reply().status == 200


def test_another_expectation_takes_the_ordinary_path(web: Web, gamer: GamerCaller) -> None:
    assert not is_fast(web.ask("GET", BALANCE, gamer.headers | {"Expect": "x"}))


def test_repeated_harmless_headers_take_the_fast_path(web: Web, gamer: GamerCaller) -> None:
    plain = request("GET", BALANCE, gamer.headers)
    harmless = plain.replace(b"\r\n\r\n", b"\r\nVia: 1.1 a\r\nvia: 1.1 b\r\nAccept: a\r\nAccept: b\r\n\r\n")
    reply = web.wire().send(harmless).reply()
    assert (reply.status, is_fast(reply)) == (200, True)
    significant = plain.replace(b"\r\n\r\n", b"\r\nX-Request-Id: a\r\nX-Request-Id: b\r\n\r\n")
    assert not is_fast(web.wire().send(significant).reply())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_in_chunks_takes_the_fast_path(
    web: Web, gamer: GamerCaller, score: tuple[str, bytes], size: int
) -> None:
    path, body = score
    head = request("POST", path, gamer.headers | PLAIN | {"Transfer-Encoding": "chunked"})
    wire = web.wire()
    for _ in range(3):
        reply = wire.send(head + in_chunks(body, size)).reply()
        assert (reply.status, is_fast(reply)) == (200, True)


@pytest.mark.parametrize("length", [16 * 1024, 16 * 1024 + 1, 60 * 1024])
def test_a_long_body_in_chunks_goes_over_to_the_ordinary_path(
    web: Web, gamer: GamerCaller, score: tuple[str, bytes], length: int
) -> None:
    path, body = score
    padded = body[:-1] + b', "padding": "' + b"x" * (length - len(body) - 15) + b'"}'
    assert len(padded) == length
    head = request("POST", path, gamer.headers | PLAIN | {"Transfer-Encoding": "chunked"})
    wire = web.wire().send(head + in_chunks(padded, 4000) + request("GET", BALANCE, gamer.headers))
    reply = wire.reply()
    assert (reply.status, is_fast(reply)) == (200, length <= 16 * 1024)
    assert wire.reply().status == 200


def test_a_body_in_chunks_over_the_limit_is_refused(web: Web, gamer: GamerCaller, score: tuple[str, bytes]) -> None:
    path, body = score
    head = request("POST", path, gamer.headers | PLAIN | {"Transfer-Encoding": "chunked"})
    web.wire().send(head + in_chunks(body + b" " * 70_000, 9000)).reply().refused(413, "PAYLOAD_TOO_LARGE")


def test_http_1_0_keeps_its_connection_where_both_sides_say_so(
    web: Web, gamer: GamerCaller, score: tuple[str, bytes]
) -> None:
    path, body = score
    kept = gamer.headers | {"Connection": "Keep-Alive"}
    wire = web.wire()
    for whole in (request("POST", path, kept, body), request("GET", BALANCE, kept)):
        reply = wire.send(whole.replace(b"HTTP/1.1", b"HTTP/1.0")).reply()
        assert (reply.status, is_fast(reply), reply.headers["connection"]) == (200, True, "keep-alive")
    reply = wire.send(request("GET", BALANCE, gamer.headers).replace(b"HTTP/1.1", b"HTTP/1.0")).reply()
    assert (reply.status, is_fast(reply), reply.headers["connection"]) == (200, True, "close")
    assert wire.is_closed()


def test_http_1_0_that_leaves_the_fast_path_is_answered_and_closed(web: Web, gamer: GamerCaller) -> None:
    whole = request("GET", f"{BALANCE}?a=1&a=1", gamer.headers | {"Connection": "keep-alive"})
    wire = web.wire().send(whole.replace(b"HTTP/1.1", b"HTTP/1.0"))
    wire.reply().refused(400, "BAD_REQUEST")
    assert wire.is_closed()
