"""Health checks and metrics: the process, its dependencies, the age of the last runs."""

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

# The duties with a queue of their own, each of which may lack a worker.
OUTSIDE = ("codes", "payouts", "webhooks")
SWEEP = "sweep"
# A duty that is silent for longer needs an operator. One run of an external duty may take a minute.
SWEEP_SILENT_SECONDS, OUTSIDE_SILENT_SECONDS = 30, 90


def read_only(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Decorate a plain view: it answers 405 to methods other than GET and HEAD, instead of Django's CSRF page."""

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

    Without the broker requests are still served, but settled later. A silent sweep needs an operator, not a 503.

    :raises OperationalError: the database is away; the answer is a 503.
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
    """The seconds since each duty's last run. If the sweep's is over 30, beat or the worker is away."""
    now = database_now()
    return {name: round((now - at).total_seconds(), 1) for name, at in Heartbeat.objects.values_list("name", "at")}


@dataclass(frozen=True)
class Run:
    """A duty and the seconds since its last run; None: it has never run."""

    name: str
    age: float | None

    @property
    def is_silent(self) -> bool:
        """Whether the duty has not run for too long and needs an operator."""
        return self.age is None or self.age > (SWEEP_SILENT_SECONDS if self.name == SWEEP else OUTSIDE_SILENT_SECONDS)

    @property
    def missing(self) -> str:
        """The likely cause of its silence, in words."""
        if self.name == SWEEP:
            return "beat, a worker, or the broker is away"
        return "its queue has no worker, or every run fails"


def duty_runs() -> list[Run]:
    """The last runs of the duties that note a heartbeat, the sweep first."""
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
    """This process's metrics for Prometheus. Not public: the proxy must not forward this address."""
    body: Any = prometheus_client.generate_latest()
    return HttpResponse(body, content_type=prometheus_client.CONTENT_TYPE_LATEST)
