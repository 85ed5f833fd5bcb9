"""The log tells what happened and never a secret or anything personal."""

import errno
import io
import json
import logging
import logging.config
from collections import deque
from collections.abc import Iterator

import pytest
import structlog
from django.conf import settings as product

from kgen import logs
from kgen.logs import REDACTED, log_request, logging_config, write_gathered
from tests.support.http import Caller, StudioCaller

pytestmark = pytest.mark.django_db

PERSON = {
    "name": "Ann Personal",
    "username": "annie-user",
    "email": "ann@personal.example",
    "phonenumber": "+919876543210",
    "playertag": "tag-of-ann",
    "location": "Annville",
    "device_id": "device-of-ann",
}
USER_ID = "ann's own id"


def write_to(text: io.StringIO, *, as_json: bool) -> None:
    """Set the product's log up at its most talkative, and have it written there."""
    logging_config(level="DEBUG", as_json=as_json)
    logging.getLogger("kgen.request").setLevel(logging.DEBUG)
    [handler] = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(text)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the product writes to its log, as JSON."""
    root, requests, text = logging.getLogger(), logging.getLogger("kgen.request"), io.StringIO()
    handlers, level = root.handlers[:], requests.level
    write_to(text, as_json=True)
    yield text
    logging.config.dictConfig(product.LOGGING)
    root.handlers[:] = handlers
    requests.setLevel(level)


def test_a_session_call_is_one_line_without_secrets_or_personal_data(studio: StudioCaller, log: io.StringIO) -> None:
    answer = studio.post("/s2s/session", {"user_id": USER_ID} | PERSON, headers={"X-Request-Id": "the-id"})
    session = answer.ok()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [line] = [line for line in lines if line["event"] == "request"]
    assert line == line | {
        "event": "request",
        "method": "POST",
        "route": "s2s/session",
        "status": 200,
        "request_id": "the-id",
        "level": "info",
    }
    assert set(line) == {"event", "method", "route", "status", "ms", "request_id", "level", "logger", "timestamp"}
    assert_silent(log, studio, session["access_token"], session["refresh_token"])


def assert_silent(log: io.StringIO, studio: StudioCaller, *more: str) -> None:
    """Nothing that must not be written was."""
    written = log.getvalue()
    assert written
    secrets = [studio.secret, USER_ID, "ann%27s", "ann's", *PERSON.values(), product.SECRET_KEY, *more]
    assert [secret for secret in secrets if secret in written] == []


def test_no_log_line_holds_a_body(studio: StudioCaller, log: io.StringIO) -> None:
    gamer = studio.gamer(USER_ID, **PERSON)
    access, refresh = gamer.session["access_token"], gamer.session["refresh_token"]
    path = "/s2s/wallet/ann%27s%20own%20id/balance"
    studio.get(path).ok()
    gamer.get("/fe/wallet/balance?email=ann@personal.example").ok()
    Caller({"user-jwt-token": access + "x"}).get("/fe/wallet/balance").refused(401, "UN_AUTHORIZED")
    Caller(studio.headers | {"x-client-secret": studio.secret + "x"}).get(path).refused(401, "UN_AUTHORIZED")
    Caller().post("/fe/users/auth/token/refresh", {"refresh_token": refresh}).ok()
    Caller().post("/fe/users/auth/token/refresh", {"refresh_token": refresh + "x"}).refused(401, "UN_AUTHORIZED")
    studio.post("/s2s/session", {"user_id": USER_ID, "email": ["ann@personal.example"]}).refused(400, "BAD_REQUEST")
    studio.post("/s2s/gamers/ann%27s%20own%20id/suspend", {"reason": "Ann Personal cheats"}).ok()
    studio.deposit(USER_ID, 1, "paid by ann@personal.example").ok(201)
    Caller().get("/nope/ann@personal.example?name=Ann%20Personal").refused(404, "NOT_FOUND")
    assert len(log.getvalue().splitlines()) >= 10
    assert_silent(log, studio, access, refresh, studio.secret + "x")


def test_each_request_is_logged_with_its_own_id(studio: StudioCaller, log: io.StringIO) -> None:
    ids = [studio.post(path).headers["X-Request-Id"] for path in ("/s2s/session", "/nope")]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    logged = {line["request_id"]: (line["route"], line["status"]) for line in lines if line["event"] == "request"}
    assert logged == {ids[0]: ("s2s/session", 400), ids[1]: (None, 404)}


@pytest.mark.parametrize("as_json", [True, False])
def test_secret_fields_are_redacted_in_every_log_call(as_json: bool, log: io.StringIO) -> None:
    write_to(log, as_json=as_json)
    fields = dict.fromkeys(REDACTED, "do-not-write")
    structlog.get_logger("somewhere").info("event", kept="kept", **fields)
    written = log.getvalue()
    assert "do-not-write" not in written
    assert written.count("[redacted]") == len(REDACTED)
    assert "kept" in written
    assert {"access_token", "refresh_token", "client_secret", "password", "otp", "phone", "email", "name"} <= REDACTED


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_local_variables(as_json: bool, log: io.StringIO) -> None:
    write_to(log, as_json=as_json)
    local_secret = "-".join(["in", "a", "local"])
    try:
        raise RuntimeError("the bug")
    except RuntimeError:
        structlog.get_logger("somewhere").exception("internal error")
    assert "the bug" in log.getvalue()
    assert local_secret not in log.getvalue()


class FullDisk(io.StringIO):
    """Takes nothing more."""

    def write(self, text: str) -> int:
        """As a file does where there is no room."""
        raise OSError(errno.ENOSPC, "no space left on device")


def test_log_lines_are_written_together_and_a_full_disk_stops_no_call(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_gathered", deque())
    for number in range(2):
        log_request(f"id-{number}", method="GET", route="x", status=200, seconds=0.001)
    assert log.getvalue() == ""
    write_gathered()
    assert [json.loads(line)["request_id"] for line in log.getvalue().splitlines()] == ["id-0", "id-1"]
    # pytest has handlers of its own beside ours.
    ours = next(one for one in logging.getLogger().handlers if isinstance(one.formatter, logs.Formatter))
    assert isinstance(ours, logging.StreamHandler)
    ours.setStream(FullDisk())
    log_request("id-2", method="GET", route="x", status=200, seconds=0.001)
    write_gathered()
