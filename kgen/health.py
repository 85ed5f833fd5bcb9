"""Health, for those who watch: the process, what it needs, and its numbers."""

from typing import Any

import prometheus_client
from django.http import HttpRequest, HttpResponse
from redis import RedisError

from kgen.api.json import answer
from kgen.clock import database_now
from kgen.models import Heartbeat
from kgen.valkey import valkey


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return answer({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Whether requests can be served: 503 without the database.

    Without the broker everything is still served, only later settled; a silent sweep is a person's business.

    :raises OperationalError: the database is away, which is answered as 503.
    """
    now = database_now()
    beat = Heartbeat.objects.filter(name="sweep").values_list("at", flat=True).first()
    age = None if beat is None else round((now - beat).total_seconds(), 1)
    return answer({"status": "ok", "database": "ok", "broker": _broker(), "last_sweep_age_seconds": age})


def _broker() -> str:
    try:
        valkey().ping()
    except RedisError:
        return "away"
    return "ok"


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' numbers of this process. Not for the public: keep it behind the proxy."""
    body: Any = prometheus_client.generate_latest()
    return HttpResponse(body, content_type=prometheus_client.CONTENT_TYPE_LATEST)
