"""One HTTP call to a provider: bounded in time and size, without redirects, with a definite or unclear outcome."""

import time
from functools import cache
from typing import Any

import httpx

from users.sms.message import NotSent, PerhapsSent

# Limits of each step of a call and of the whole answer: together less than the cool-down (settings).
TIMEOUT = httpx.Timeout(3.0, read=4.0)
BODY_SECONDS = 4.0
ANSWER_LIMIT = 64 * 1024
# The request was not sent, or not completely.
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def post(url: str, **request: Any) -> bytes:
    """POST and return the body of a 2xx answer.

    :raises NotSent: no connection, or the provider refused (3xx, 4xx).
    :raises PerhapsSent: anything else.
    """
    try:
        with _client().stream("POST", url, **request) as response:
            _check(response.status_code)
            return _read(response)
    except _BEFORE_SENDING as error:
        raise NotSent(type(error).__name__) from None
    except httpx.HTTPError as error:
        raise PerhapsSent(type(error).__name__) from None


@cache
def _client() -> httpx.Client:
    """The client of this process, for all threads. It keeps no connections: a stale one would fail unclearly."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False, limits=httpx.Limits(max_keepalive_connections=0))


def _check(status: int) -> None:
    if 300 <= status < 500:
        raise NotSent(f"status {status}")
    if not 200 <= status < 300:
        raise PerhapsSent(f"status {status}")


def _read(response: httpx.Response) -> bytes:
    """Read the answer's body. Cuts off an answer that is too slow or too large."""
    body, deadline = b"", time.monotonic() + BODY_SECONDS
    for part in response.iter_bytes():
        body += part
        if len(body) > ANSWER_LIMIT or time.monotonic() > deadline:
            raise PerhapsSent("endless answer")
    return body
