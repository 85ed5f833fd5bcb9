"""The entry point below Django: bodies in chunks, whose length nobody said."""

import io
import uuid

from kgen.api.json import CHUNKED_READ_LIMIT
from kgen.wsgi import application
from tests.support.http import StudioCaller
from tests.support.inputs import of_size

LIMIT = 64 * 1024


def chunked(studio: StudioCaller, body: bytes) -> int:
    """The status of a session call whose body came in chunks, its length unsaid."""
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/s2s/session",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_TYPE": "application/json",
        "HTTP_X_CLIENT_ID": studio.client_id,
        "HTTP_X_CLIENT_SECRET": studio.secret,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    application(environ, lambda status, headers: statuses.append(status))
    return int(statuses[0].partition(" ")[0])


def test_a_chunked_body_is_read_and_measured(committed: None, studio: StudioCaller) -> None:
    body = {"user_id": str(uuid.uuid4())}
    assert chunked(studio, of_size(body, LIMIT)) == 200
    assert chunked(studio, of_size(body, LIMIT + 1)) == 413
    assert chunked(studio, of_size(body, CHUNKED_READ_LIMIT + 10)) == 413
    assert chunked(studio, b"") == 400
