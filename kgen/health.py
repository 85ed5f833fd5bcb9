"""Health, for those who watch: the process, what it needs, and its numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import prometheus_client
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from redis import RedisError

from kgen.api.json import answer
from kgen.clock import database_now
from kgen.errors import MethodNotAllowed
from kgen.models import Heartbeat
from kgen.valkey import valkey

# The duties that have a queue each, and so may lack a worker each.
OUTSIDE = ("codes", "payouts", "webhooks")
SWEEP = "sweep"
# Longer silence than this is a person's business. A run of the duties outside takes up to a minute by itself.
SWEEP_SILENT_SECONDS, OUTSIDE_SILENT_SECONDS = 30, 90


def read_only(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A plain view that answers 405 to whatever is not GET or HEAD, instead of Django's page about CSRF."""

    @csrf_exempt
    @wraps(view)
    def read(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(allow=["GET", "HEAD"])
        return view(request)

    return read


@read_only
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return answer({"status": "ok"})


@read_only
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether requests can be served: 503 without the database.

    Without the broker everything is still served, only later settled; a silent sweep is a person's business.

    :raises OperationalError: the database is away, which is answered as 503.
    """
    ages = run_ages_seconds()
    return answer(
        {
            "status": "ok",
            "database": "ok",
            "broker": _broker(),
            "last_sweep_age_seconds": ages.get(SWEEP),
            "last_run_age_seconds": {queue: ages.get(queue) for queue in OUTSIDE},
        }
    )


def run_ages_seconds() -> dict[str, float]:
    """How long ago each duty that notes it last came through. A sweep's over 30: beat or the worker is away."""
    now = database_now()
    return {name: round((now - at).total_seconds(), 1) for name, at in Heartbeat.objects.values_list("name", "at")}


@dataclass(frozen=True)
class Run:
    """When a duty last came through, in seconds from now; None: never."""

    name: str
    age: float | None

    @property
    def is_silent(self) -> bool:
        """Whether somebody has to look after it."""
        return self.age is None or self.age > (SWEEP_SILENT_SECONDS if self.name == SWEEP else OUTSIDE_SILENT_SECONDS)

    @property
    def missing(self) -> str:
        """What is away where it is silent."""
        if self.name == SWEEP:
            return "beat, a worker, or the broker is away"
        return "its queue has no worker, or it fails each time"


def duty_runs() -> list[Run]:
    """The duties that note when they came through, the sweep first."""
    ages = run_ages_seconds()
    return [Run(name, ages.get(name)) for name in (SWEEP, *OUTSIDE)]


def _broker() -> str:
    try:
        valkey().ping()
    except RedisError:
        return "away"
    return "ok"


@read_only
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' numbers of this process. Not for the public: keep it behind the proxy."""
    body: Any = prometheus_client.generate_latest()
    return HttpResponse(body, content_type=prometheus_client.CONTENT_TYPE_LATEST)
