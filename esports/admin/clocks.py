"""The operator's own time zone, times as they are typed and shown in it, and what will happen in words."""

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
    """The zone that this browser's operator chose last."""
    name = request.COOKIES.get(ZONE_COOKIE, "").replace(".", "/")
    return name if name in time_zones() else None


def zone_of(request: HttpRequest) -> str:
    """The zone in which times are shown to this operator."""
    return remembered_zone(request) or "UTC"


def remember_zone(answer: HttpResponse, name: str) -> None:
    """Let this browser's next forms begin with the zone."""
    # A cookie's value may hold no slash unquoted.
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
    """A moment as a field of a form shows it."""
    wall = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
    return wall.isoformat(timespec="seconds" if wall.second else "minutes")


def is_skipped(wall: datetime, zone: str) -> bool:
    """Whether the clock there never shows this: it was put forward over it."""
    moment = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall


def shown(moment: datetime, zone: str) -> str:
    """A moment in full, as "Fri 4 Dec 2026, 18:00 (Asia/Kolkata)"."""
    return f"{_written(moment, zone)} ({zone})"


def _written(moment: datetime, zone: str) -> str:
    local = moment.astimezone(ZoneInfo(zone))
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}, {_time(local)}"


def _time(local: datetime) -> str:
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _beside(moment: datetime, other: datetime, zone: str) -> str:
    """A moment near another one: the time alone where the day is the same."""
    local, near = moment.astimezone(ZoneInfo(zone)), other.astimezone(ZoneInfo(zone))
    return _time(local) if local.date() == near.date() else _written(moment, zone)


def lasting(seconds: int) -> str:
    """A length in the words in which lengths are typed: "1 d 2 h 30 min"."""
    parts = []
    for name, unit in UNITS:
        count, seconds = divmod(seconds, unit)
        parts += [f"{count} {name}"] if count else []
    return " ".join(parts) or "0 min"


UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def sentence(times: Timetable, *, now: datetime, zone: str, delay_seconds: int) -> str:
    """What will happen and when, on the clock of `zone`.

    As "Entries open now, play starts Fri 4 Dec 2026, 18:00 (Asia/Kolkata), 12:30 UTC, entries close 18:30, ends 20:00,
    prizes are paid right after."
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
    """The same moment in UTC, with its day where it is another one there."""
    local, utc = moment.astimezone(ZoneInfo(zone)), moment.astimezone(UTC)
    return f"{_time(utc) if local.date() == utc.date() else _written(moment, 'UTC')} UTC"


def _payment(ends_at: datetime, delay_seconds: int, zone: str) -> str:
    if not delay_seconds:
        return "prizes are paid right after"
    paid = _beside(ends_at + timedelta(seconds=delay_seconds), ends_at, zone)
    return f"prizes are paid {lasting(delay_seconds)} later, {paid}, so that results can be reviewed"
