"""What tests of series need: the body of one, its address, and its occurrences as they are stored."""

from datetime import datetime
from typing import Any

from esports.models import SeriesOccurrence
from kgen.clock import database_now
from tests.support.addresses import SERIES
from tests.support.http import StudioCaller

HOUR = 3600


def at(uid: str) -> str:
    """The address of a series."""
    return f"{SERIES}/{uid}"


def body(**fields: Any) -> dict[str, Any]:
    """The body that makes a series: every day at 18:00 in India, entries for an hour before, two hours long."""
    required = {
        "title": "Daily cup",
        "buy_in_price": 10,
        "tournament_size": 100,
        "rule": "0 18 * * *",
        "time_zone": "Asia/Kolkata",
        "schedules_before_seconds": HOUR,
        "locks_after_seconds": HOUR // 2,
        "ends_after_seconds": 2 * HOUR,
    }
    return required | fields


def make(studio: StudioCaller, **fields: Any) -> str:
    """A series; its uid."""
    return str(studio.post(SERIES, body(**fields)).ok(201)["series_uid"])


def hourly() -> str:
    """A rule of every hour, half an hour away from the present minute, so that none starts while a test looks on."""
    return f"{(database_now().minute + 30) % 60} * * * *"


def stored(uid: str) -> list[SeriesOccurrence]:
    """A series' occurrences in their order."""
    return list(SeriesOccurrence.objects.filter(series=uid).select_related("tournament").order_by("starts_at"))


def starts(uid: str) -> list[datetime]:
    """When they start."""
    return [row.starts_at for row in stored(uid)]
