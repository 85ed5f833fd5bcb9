"""The connection to Valkey (or Redis). It holds only what can be made again, so its absence is no error."""

import threading
import time
from functools import cache

import redis
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

# After a failure Valkey is not asked for this long, so that a dead one costs nothing a request.
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 0.5


class CircuitBreaker:
    """Remembers a failure for a moment. One for all users of Valkey in a process."""

    def __init__(self) -> None:
        self.until = 0.0
        self.lock = threading.Lock()

    def is_on(self) -> bool:
        """Whether Valkey failed just now."""
        return time.monotonic() < self.until

    def start(self, error: Exception) -> None:
        """Valkey failed."""
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
    """A key of ours: nobody else's on a shared server begins so."""
    return ":".join([settings.CACHE_PREFIX, *map(str, parts)])
