"""Stores the events that games report, and forgets old ones."""

import random
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from kgen.api.json import encode, moment
from kgen.clock import database_now, first_id
from kgen.errors import TooMany
from kgen.transactions import transactional
from kgen.webhooks.events import emit
from users.models import Gamer, TrackedEvents
from users.selectors.tracking import tracked_events_to_forget
from users.tracking import Attributes

COUNTER_SLOTS = 64
FORGOTTEN_AT_ONCE = 5000
# A run of the duty removes at most this many batches, so that other duties get their turn.
BATCHES_A_RUN = 20
_DAY_SECONDS = 24 * 3600


class _Dropped(NamedTuple):
    """The row of `_DROP`: the time, and whether the gamer's and the client's day have room."""

    at: datetime
    gamer_has_room: bool
    client_has_room: bool


@transactional
def drop_event(*, gamer: Gamer, name: str, attributes: Attributes) -> None:
    """Store an event and emit it to the endpoints that list its type.

    Concurrent calls may exceed a day's limit by their number.

    :raises TooMany: the gamer or the client has reached its limit of events today.
    """
    limits = (settings.TRACKER_GAMER_PER_DAY, settings.TRACKER_CLIENT_PER_DAY)
    values: dict[str, Any] = {
        "client": gamer.client_id,
        "gamer": gamer.pk,
        "name": name,
        "attributes": encode(attributes).decode(),
        "gamer_limit": limits[0],
        "client_limit": limits[1],
        "slot": random.randrange(COUNTER_SLOTS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_DROP, values)
        dropped = _Dropped(*cursor.fetchone())
    if not dropped.gamer_has_room:
        raise _too_many("gamer", limits[0], dropped.at)
    if not dropped.client_has_room:
        raise _too_many("client", limits[1], dropped.at)
    data = {"gamer_id": str(gamer.pk), "user_id": gamer.user_id, "event_id": name, "attributes": attributes}
    emit(gamer.client_id, "tracker.event", data | {"dropped_at": moment(dropped.at)})


def _too_many(whose: str, limit: int, now: datetime) -> TooMany:
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    wait_seconds = max(1, round((midnight - now).total_seconds()))
    policy = (f"tracker-{whose}", limit, _DAY_SECONDS)
    return TooMany(f"This {whose} has reached its limit of events today.", retry_after=wait_seconds, policy=policy)


def forget_tracked_events() -> int:
    """Duty: remove events older than KGEN_TRACKER_DAYS, in batches of a transaction each. Returns how many."""
    total = 0
    for _ in range(BATCHES_A_RUN):
        count = _forget_batch()
        total += count
        if count < FORGOTTEN_AT_ONCE:
            break
    return total


@transactional
def _forget_batch() -> int:
    now = database_now()
    # Counters matter on their own day only.
    TrackedEvents.objects.filter(day__lt=now.date() - timedelta(days=1)).delete()
    due = tracked_events_to_forget(first_id(now - timedelta(days=settings.TRACKER_DAYS)))
    rows = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [rows])
    return len(rows)


# One statement checks the limits, counts and stores. `present` is read once, so that day and time agree. The gamer's
# events of the day are counted by their index, as far as the limit; the client's are counted in slots.
_DROP = """
WITH present AS MATERIALIZED (
    SELECT clock_timestamp() AS at, (clock_timestamp() AT TIME ZONE 'UTC')::date AS day
), room AS MATERIALIZED (
    SELECT at, day,
           %(gamer_limit)s = 0 OR %(gamer_limit)s > (
               SELECT count(*) FROM (
                   SELECT FROM users_trackedevent mine
                    WHERE mine.gamer_id = %(gamer)s AND mine.day = present.day LIMIT %(gamer_limit)s) counted
           ) AS gamer_has_room,
           %(client_limit)s = 0 OR %(client_limit)s > (
               SELECT coalesce(sum(count), 0) FROM users_trackedevents theirs
                WHERE theirs.client_id = %(client)s AND theirs.day = present.day
           ) AS client_has_room
      FROM present
), counted AS (
    INSERT INTO users_trackedevents AS slot (client_id, day, slot, count)
    SELECT %(client)s, day, %(slot)s, 1 FROM room WHERE gamer_has_room AND client_has_room
        ON CONFLICT (client_id, day, slot) DO UPDATE SET count = slot.count + 1
), stored AS (
    INSERT INTO users_trackedevent (id, client_id, gamer_id, name, day, dropped_at, attributes)
    SELECT uuidv7(), %(client)s, %(gamer)s, %(name)s, day, at, %(attributes)s::jsonb
      FROM room WHERE gamer_has_room AND client_has_room
)
SELECT at, gamer_has_room, client_has_room FROM room
"""
_FORGET = "DELETE FROM users_trackedevent WHERE id = ANY(%s::uuid[])"
