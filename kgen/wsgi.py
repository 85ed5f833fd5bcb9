"""The WSGI entry point that granian serves."""

import io
import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kgen.settings")

# The largest body of any call (bulk scores), and one byte that tells "more than that".
CHUNKED_READ_LIMIT = 1024 * 1024 + 1
DRAINED_BLOCKS = 16

_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Serve one request; a chunked body is measured first, because Django reads one only by its length."""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower() and not environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read(CHUNKED_READ_LIMIT)
        # A sender who is cut off in mid-body may never read why: most of what is too much is let through to nowhere.
        for _ in range(DRAINED_BLOCKS if len(body) == CHUNKED_READ_LIMIT else 0):
            if not environ["wsgi.input"].read(CHUNKED_READ_LIMIT):
                break
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
    return _django(environ, start_response)
