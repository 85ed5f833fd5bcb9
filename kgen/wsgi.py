"""The WSGI entry point that granian serves."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from kgen.api.json import CHUNKED, CHUNKED_READ_LIMIT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kgen.settings")

_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Serve one request.

    Django reads a body only by its length, which one in chunks does not say: it gets the largest that any call
    takes. The body itself is read where every body is, after the credentials, so that nobody without them can
    keep a thread waiting for it.
    """
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower() and not environ.get("CONTENT_LENGTH"):
        environ[CHUNKED] = True
        environ["CONTENT_LENGTH"] = str(CHUNKED_READ_LIMIT)
    return _django(environ, start_response)
