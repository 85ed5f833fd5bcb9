"""The request id, which links an answer to its log lines and to a support question."""

import random
import re

from django.http import HttpRequest

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def choose_request_id(offered: str | None) -> str:
    """The caller's own id if it is well formed, otherwise a new one."""
    if offered and _WELL_FORMED.fullmatch(offered):
        return offered
    return f"{random.getrandbits(128):032x}"


def request_id_of(request: HttpRequest) -> str:
    """The id of this request; made here for a request that has not passed the middleware."""
    known: str | None = getattr(request, "request_id", None)
    if known is None:
        known = choose_request_id(request.META.get("HTTP_X_REQUEST_ID"))
        request.request_id = known  # type: ignore[attr-defined]
    return known
