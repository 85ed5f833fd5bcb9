"""Bodies sent in chunks, of which nobody knows the length beforehand."""

import io
from typing import Any

import pytest

from kgen.api.json import CHUNKED_READ_LIMIT
from kgen.wsgi import application
from tests.support.http import StudioCaller

pytestmark = pytest.mark.usefixtures("committed")

BLOCKS_DRAINED = 16


def send(studio: StudioCaller, body: bytes, secret: str | None = None) -> tuple[int, int]:
    """Send a bulk of scores in chunks: the answer's status, and how much was taken off the wire."""
    wire, statuses = io.BytesIO(body), []

    def start(status: str, *_: Any) -> None:
        statuses.append(int(status.split()[0]))

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/s2s/esports/tournaments/x/scores",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
        "HTTP_TRANSFER_ENCODING": "Chunked",
        "HTTP_X_CLIENT_ID": studio.client_id,
        "HTTP_X_CLIENT_SECRET": secret or studio.secret,
        "wsgi.input": wire,
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }
    for _ in application(environ, start):
        pass
    return statuses[0], wire.tell()


def test_a_body_is_read_as_it_is(studio: StudioCaller) -> None:
    body = b'{"scores": [{"user_id": "a", "value": 1}]}'
    assert send(studio, body) == (404, len(body))


@pytest.mark.parametrize("blocks", [1, 3])
def test_one_that_is_too_long_is_read_to_its_end_so_that_its_sender_reads_the_refusal(
    studio: StudioCaller, blocks: int
) -> None:
    size = blocks * CHUNKED_READ_LIMIT
    assert send(studio, b"x" * size) == (413, size)


def test_one_without_end_is_cut_off(studio: StudioCaller) -> None:
    status, taken = send(studio, b"x" * (40 * CHUNKED_READ_LIMIT))
    assert (status, taken) == (413, (1 + BLOCKS_DRAINED) * CHUNKED_READ_LIMIT)


def test_nothing_is_read_of_a_stranger(studio: StudioCaller) -> None:
    assert send(studio, b"x" * 100, secret="wrong") == (401, 0)
