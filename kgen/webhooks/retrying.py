"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

from django.utils.http import parse_http_date_safe

WAITS_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800)
# The answers whose Retry-After counts: too many requests, or a server that is overloaded or away for now.
OVERLOADED = frozenset({429, 502, 503, 504})
# The longest wait that an endpoint can ask for.
LONGEST_RETRY_AFTER = timedelta(hours=1)
# The digits of an hour in seconds are far fewer; int() of thousands of digits raises.
_MOST_DIGITS = 9


def next_wait(*, tries: int, status: int | None, retry_after: str, now: datetime) -> timedelta:
    """The time until the next try: the backoff after so many tries, or what `retry_after` asks for if that is longer.

    `retry_after` is the header's value: seconds or an HTTP date. It counts only for OVERLOADED, for LONGEST_RETRY_AFTER
    at most, and not at all if it is neither.
    """
    backoff = timedelta(seconds=WAITS_SECONDS[min(tries, len(WAITS_SECONDS)) - 1])
    if status not in OVERLOADED:
        return backoff
    return max(backoff, min(_asked_for(retry_after.strip(), now), LONGEST_RETRY_AFTER))


def _asked_for(value: str, now: datetime) -> timedelta:
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value)) if len(value) <= _MOST_DIGITS else LONGEST_RETRY_AFTER
    seconds = parse_http_date_safe(value)
    return timedelta(0) if seconds is None else datetime.fromtimestamp(seconds, UTC) - now
