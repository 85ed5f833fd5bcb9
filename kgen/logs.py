"""Structured logs: one event a line, with the request's id, and neither secrets nor personal data."""

import logging
import logging.config
from typing import Any

import structlog

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
                "()": structlog.stdlib.ProcessorFormatter,
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
        # Our middleware and handler already say what these would repeat, without the address's personal parts.
        "loggers": {
            "django.request": {"level": "CRITICAL"},
            "django.server": {"level": "CRITICAL"},
            # Its line for every call holds the whole address, which may hold an operator's key.
            "httpx": {"level": "WARNING"},
        },
    }
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return config
