"""Structured logs: one event per line, with the request id, without secrets and personal data."""

import contextlib
import logging
import logging.config
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

_encode = msgspec.json.Encoder().encode

# Fields that are never logged: credentials, codes, and data that identifies a person.
REDACTED = frozenset(
    [
        "access_token",
        "refresh_token",
        "token",
        "client_secret",
        "secret",
        "password",
        "otp",
        "authorization",
        "phone",
        "phone_number",
        "phonenumber",
        "email",
        "name",
        "username",
        "playertag",
        "user_id",
    ]
)


def redact(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace the values of fields that must not be logged."""
    for name in REDACTED & event.keys():
        event[name] = "[redacted]"
    return event


_requests = logging.getLogger("kgen.request")


# Log lines of requests that wait for `write_gathered`; None: each line is written at once.
_gathered: deque[tuple[float, dict[str, Any]]] | None = None


def log_request(request_id: str, *, method: str | None, route: str | None, status: int, seconds: float) -> None:
    """Log a request by its route, never by its path, which may contain a gamer's user id.

    Bypasses structlog's processors: on a hot call they would be a third of all the work.
    """
    if not _requests.isEnabledFor(logging.INFO):
        return
    fields = {
        "request_id": request_id,
        "method": method,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    if _gathered is not None:
        _gathered.append((time.time(), fields))
        return
    record = logging.LogRecord(_requests.name, logging.INFO, "", 0, "request", None, None)
    record.request_fields = fields
    _requests.handle(record)


def gather_requests() -> None:
    """Gather the lines of requests from now on for `write_gathered`, which the caller runs many times a second.

    Saves a hot call a log record and a system call. A killed process loses the gathered lines, which are only lines
    of requests.
    """
    global _gathered
    _gathered = deque()


def write_gathered() -> None:
    """Write the gathered lines."""
    waiting = []
    with contextlib.suppress(IndexError):
        while _gathered:
            waiting.append(_gathered.popleft())
    if waiting:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and isinstance(handler.formatter, Formatter):
                lines = [handler.formatter.request_line(at, fields) for at, fields in waiting]
                # On a full disk lines are lost, as with every logging handler; the server goes on.
                with handler.lock or contextlib.nullcontext(), contextlib.suppress(OSError, ValueError):
                    handler.stream.write("\n".join([*lines, ""]))
                    handler.flush()


_SHOWN = ("method", "ms", "request_id", "route", "status")


class Formatter(structlog.stdlib.ProcessorFormatter):
    """structlog's formatter, with a fast path for the lines of requests."""

    def __init__(self, *args: Any, as_json: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """A log record as one line."""
        fields: dict[str, Any] | None = getattr(record, "request_fields", None)
        return super().format(record) if fields is None else self.request_line(record.created, fields)

    def request_line(self, moment: float, fields: dict[str, Any]) -> str:
        """A request's fields as one line."""
        at = datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
        if self.as_json:
            event = {"event": "request", **fields, "level": "info", "logger": _requests.name, "timestamp": at}
            return _encode(event).decode()
        return f"{at} [info     ] request [{_requests.name}] " + " ".join(f"{name}={fields[name]}" for name in _SHOWN)


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """Set up structlog and the standard library's logging with the same format; returns the dictConfig."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    renderer: Any = structlog.dev.ConsoleRenderer(
        # The default shows local variables, which may hold secrets.
        colors=False,
        exception_formatter=structlog.dev.plain_traceback,
    )
    if as_json:
        renderer = structlog.processors.JSONRenderer()
    config: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": Formatter,
                "as_json": as_json,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *([structlog.processors.format_exc_info] if as_json else []),
                    renderer,
                ],
                "foreign_pre_chain": shared,
            }
        },
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stdout"], "level": level},
        # Our own request lines replace these, whose paths may contain personal data.
        "loggers": {
            "django.request": {"level": "CRITICAL"},
            "django.server": {"level": "CRITICAL"},
            # httpx logs the whole address of every call, which may contain an API key.
            "httpx": {"level": "WARNING"},
        },
    }
    # No format shows these, and logging would collect them for every record.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return config
