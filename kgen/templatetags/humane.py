"""Numbers and lengths of time as people read them."""

from datetime import timedelta

from django import template

register = template.Library()
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@register.filter
def thousands(value: int | None) -> str:
    """A whole number in groups of three; a dash for none."""
    return "–" if value is None else f"{int(value):,}"


@register.filter
def humane(value: int | timedelta) -> str:
    """So many seconds, or a timedelta, in its two largest units: "2 days 3 hours"."""
    left = int(value.total_seconds()) if isinstance(value, timedelta) else value
    parts = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count:,} {name}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "0 seconds"
