"""The connection to Valkey (or Redis). Valkey holds only derived data, so its absence is no error."""

import threading
import time
from functools import cache

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

# No calls to Valkey for this long after a failure, so that requests do not wait for a dead server.
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 0.5


class CircuitBreaker:
    """Remembers a failure of Valkey for PAUSE_SECONDS. One instance serves the whole process."""

    def __init__(self) -> None:
        self.until = 0.0
        self.lock = threading.Lock()

    def is_on(self) -> bool:
        """Whether Valkey has failed within PAUSE_SECONDS."""
        return time.monotonic() < self.until

    def start(self, error: Exception) -> None:
        """Begin a pause, because Valkey failed with `error`."""
        with self.lock:
            if not self.is_on():
                log.warning("valkey is away", error=type(error).__name__)
            self.until = time.monotonic() + PAUSE_SECONDS


pause = CircuitBreaker()


@cache
def valkey() -> "redis.Redis":
    """This process's connection pool."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        health_check_interval=30,
        decode_responses=True,
    )


def key(*parts: object) -> str:
    """A key with this installation's prefix, which separates it from others on a shared server."""
    return ":".join([settings.CACHE_PREFIX, *map(str, parts)])
