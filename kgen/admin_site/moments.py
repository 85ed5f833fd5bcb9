"""Times on pages: written in UTC, and shown in the operator's own zone by console/moments.js."""

import zoneinfo
from datetime import UTC, datetime
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

# Holds the zone that the operator has chosen in a form. Without it the browser's own zone is used.
ZONE_COOKIE = "console_zone"


def moment(value: datetime | None) -> SafeString:
    """A `<time>` in UTC, which the browser rewrites into the operator's zone; a dash for None."""
    if value is None:
        return SafeString("–")
    at = value.astimezone(UTC)
    return format_html('<time datetime="{}" data-moment>{} UTC</time>', at.isoformat(), f"{at:%Y-%m-%d %H:%M:%S}")


def zone_note(request: HttpRequest) -> SafeString:
    """The line that names the zone of a page's times, for console/moments.js to read or fill in."""
    # A cookie's value cannot hold an unquoted slash.
    chosen = request.COOKIES.get(ZONE_COOKIE, "").replace(".", "/")
    known = chosen if chosen in _zones() else ""
    return format_html(
        '<p class="kc-hint">Times in <span data-zone="{}" data-cookie="{}" data-path="{}">UTC</span></p>',
        known,
        ZONE_COOKIE,
        settings.SESSION_COOKIE_PATH,
    )


@cache
def _zones() -> set[str]:
    """The names of the time zones, read from the disk once."""
    return zoneinfo.available_timezones()
