"""The operator's time zone, times as forms and pages show them in it, and a timetable as a sentence."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from esports.lifecycle import Timetable
from esports.series import time_zones
from kgen.admin_site.moments import ZONE_COOKIE

REMEMBERED_SECONDS = 365 * 24 * 3600
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def remembered_zone(request: HttpRequest) -> str | None:
    """The zone that the operator of this browser chose last; None without a choice."""
    name = request.COOKIES.get(ZONE_COOKIE, "").replace(".", "/")
    return name if name in time_zones() else None


def zone_of(request: HttpRequest) -> str:
    """The zone in which this operator sees times; UTC by default."""
    return remembered_zone(request) or "UTC"


def remember_zone(answer: HttpResponse, name: str) -> None:
    """Remember the zone in a cookie, for the browser's next forms."""
    # A slash in a cookie's value would need quotes.
    answer.set_cookie(
        ZONE_COOKIE,
        name.replace("/", "."),
        max_age=REMEMBERED_SECONDS,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def typed(moment: datetime, zone: str) -> str:
    """A moment as the value of a form field."""
    wall = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
    return wall.isoformat(timespec="seconds" if wall.second else "minutes")


def is_skipped(wall: datetime, zone: str) -> bool:
    """Whether clocks in the zone skip this time, because they are put forward over it."""
    moment = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall


def shown(moment: datetime, zone: str) -> str:
    """A moment with date and zone, as in "Fri 4 Dec 2026, 18:00 (Asia/Kolkata)"."""
    return f"{_written(moment, zone)} ({zone})"


def _written(moment: datetime, zone: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}, {_time(local)}"


def _time(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _beside(moment: datetime, other: datetime, zone: str) -> str:
    """A moment near another one: only the time if both are on the same day."""
    local, near = moment.astimezone(ZoneInfo(zone)), other.astimezone(ZoneInfo(zone))
    return _time(local) if local.date() == near.date() else _written(moment, zone)


def lasting(seconds: int) -> str:
    """A length in the format of form fields: "1 d 2 h 30 min"."""
    parts = []
    for name, unit in UNITS:
        count, seconds = divmod(seconds, unit)
        parts += [f"{count} {name}"] if count else []
    return " ".join(parts) or "0 min"


UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def sentence(times: Timetable, *, now: datetime, zone: str, delay_seconds: int) -> str:
    """The timetable as a sentence, with times in `zone`.

    As in "Entries open now, play starts Fri 4 Dec 2026, 18:00 (Asia/Kolkata), 12:30 UTC, entries close 18:30, ends
    20:00, prizes are paid right after."
    """
    start, opened = times.starts_at, times.schedules_at
    parts = [f"Entries open {'now' if opened <= now else shown(opened, zone)}"]
    if times.moves_to_lobby_at != start and times.moves_to_lobby_at > now:
        parts.append(f"the lobby opens {_beside(times.moves_to_lobby_at, max(opened, now), zone)}")
    if start <= now:
        parts.append("play starts at once")
    else:
        parts.append(f"play starts {shown(start, zone)}, {_beside_utc(start, zone)}")
    near = max(start, now)
    if times.locks_at == times.ends_at:
        parts.append(f"entries stay open until it ends {_beside(times.ends_at, near, zone)}")
    else:
        parts.append(f"entries close {'at once' if times.locks_at <= now else _beside(times.locks_at, near, zone)}")
        parts.append(f"ends {_beside(times.ends_at, near, zone)}")
    return f"{', '.join(parts)}, {_payment(times.ends_at, delay_seconds, zone)}."


def _beside_utc(moment: datetime, zone: str) -> str:
    """A moment in UTC, with its date if that differs from the date in `zone`."""
    local, utc = moment.astimezone(ZoneInfo(zone)), moment.astimezone(UTC)
    return f"{_time(utc) if local.date() == utc.date() else _written(moment, 'UTC')} UTC"


def _payment(ends_at: datetime, delay_seconds: int, zone: str) -> str:
    if not delay_seconds:
        return "prizes are paid right after"
    paid = _beside(ends_at + timedelta(seconds=delay_seconds), ends_at, zone)
    return f"prizes are paid {lasting(delay_seconds)} later, {paid}, so that results can be reviewed"
