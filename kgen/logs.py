"""Structured logs: one event a line, with the request's id, and neither secrets nor personal data."""

import contextlib
import logging
import logging.config
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

_encode = msgspec.json.Encoder().encode

# What must never be written, whoever passes it along: credentials, codes, and what names a person.
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


def log_request(request_id: str, *, method: str | None, route: str | None, status: int, seconds: float) -> None:
    """The one line of a request: by its route and never by its path, which may hold a studio's name for a person.

    Written without structlog's chain of processors: for a hot call that would be a third of all the work.
    """
    if _requests.isEnabledFor(logging.INFO):
        fields = {
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        record = logging.LogRecord(_requests.name, logging.INFO, "", 0, "request", None, None)
        record.request_fields = fields
        _requests.handle(record)


_SHOWN = ("method", "ms", "request_id", "route", "status")


class Formatter(structlog.stdlib.ProcessorFormatter):
    """structlog's, with a short way for the lines of requests."""

    def __init__(self, *args: Any, as_json: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields: dict[str, Any] | None = getattr(record, "request_fields", None)
        if fields is None:
            return super().format(record)
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        if self.as_json:
            event = {"event": "request", **fields, "level": "info", "logger": record.name, "timestamp": at}
            return _encode(event).decode()
        return f"{at} [info     ] request [{record.name}] " + " ".join(f"{name}={fields[name]}" for name in _SHOWN)


class Lines(logging.StreamHandler[Any]):
    """Writes each line at once; where `gathers` is set, those of requests wait for a few more of them.

    Whoever sets it must call `flush_lines` many times a second. A system call less for each request; what a process
    that is killed has gathered since is lost, but never a line that tells of more than a request.
    """

    gathers = False
    _may_wait = False

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        self._may_wait = self.gathers and hasattr(record, "request_fields")
        super().emit(record)

    def flush(self) -> None:
        """Called after each line, with the handler's lock held."""
        if not self._may_wait:
            super().flush()


def flush_lines() -> None:
    """Write what was gathered."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Lines):
            with handler.lock or contextlib.nullcontext():
                handler._may_wait = False
                handler.flush()


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """Set up structlog and the standard library's logging to print alike; returns the dictConfig used."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    renderer: Any = structlog.dev.ConsoleRenderer(
        # Its default shows local variables, which may be anybody's secrets.
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
        "handlers": {"stdout": {"()": Lines, "formatter": "structured"}},
        "root": {"handlers": ["stdout"], "level": level},
        # Our middleware and handler already say what these would repeat, without the address's personal parts.
        "loggers": {
            "django.request": {"level": "CRITICAL"},
            "django.server": {"level": "CRITICAL"},
            # Its line for every call holds the whole address, which may hold an operator's key.
            "httpx": {"level": "WARNING"},
        },
    }
    # No line shows them, and each is asked for with every record.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return config
