"""Events that a game reports about its gamer: what they may hold, how many there may be, and how long they stay."""

import csv
import io
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from kgen.clock import database_now, first_id
from kgen.errors import Invalid
from kgen.jobs import registry
from kgen.jobs.tables import ExportScope, read_page
from kgen.webhooks.models import WebhookDelivery, WebhookEvent
from tests.support.http import Answer, Caller, GamerCaller, StudioCaller
from tests.support.rows import snapshot
from tests.support.threads import at_once
from users.models import Client, Gamer, TrackedEvent, TrackedEvents
from users.services import forget_tracked_events
from users.services import tracking as service

DROPPED = {"msg": "event dropped successfully"}


def drop(gamer: GamerCaller, body: Any = None, name: str = "level-up", **more: Any) -> Answer:
    """Report an event."""
    return gamer.post(f"/fe/analytics/px-tracker/events/{name}/drop", body, **more)


@pytest.mark.django_db
def test_an_event_is_stored_by_client_gamer_name_and_day(studio: StudioCaller, gamer: GamerCaller) -> None:
    attributes = {"level": 7, "hero": "asha", "ratio": 0.5, "coins": 10.0, "none": None}
    assert drop(gamer, attributes).ok() == DROPPED
    [event] = TrackedEvent.objects.select_related("gamer")
    assert (str(event.client_id), event.gamer.user_id, event.name) == (studio.client_id, gamer.user_id, "level-up")
    assert event.day == event.dropped_at.date() == database_now().date()
    assert event.attributes == {"level": 7, "hero": "asha", "ratio": 0.5, "coins": 10}
    assert isinstance(event.attributes["coins"], int)


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [b"", b"{}", b'{"a": null}'])
def test_an_event_may_have_no_attributes(gamer: GamerCaller, raw: bytes) -> None:
    assert drop(gamer, raw=raw).ok() == DROPPED
    assert TrackedEvent.objects.get().attributes == {}


GOOD: dict[str, dict[str, Any]] = {
    "32 attributes": {f"a{n}": n for n in range(32)},
    "32 and nulls": {f"a{n}": n for n in range(32)} | {"x": None},
    "a long name": {"é" * 64: 1},
    "a long text": {"a": "é" * 500},
    "an empty text": {"a": ""},
    "the largest numbers": {"a": 2**53 - 1, "b": -(2**53) + 1, "c": 1.5e-300},
    "4,096 bytes": {f"a{n}": "x" * 500 for n in range(8)} | {"b": "x" * 24},
}
BAD: dict[str, Any] = {
    "33 attributes": {f"a{n}": n for n in range(33)},
    "a name too long": {"x" * 65: 1},
    "an empty name": {"": 1},
    "a text too long": {"a": "x" * 501},
    "a bool": {"a": True},
    "a list": {"a": []},
    "an object": {"a": {}},
    "a whole number too large": {"a": 2**53},
    "a whole number too large, as a fraction": {"a": 1e300},
    "4,097 bytes": {f"a{n}": "x" * 500 for n in range(8)} | {"b": "x" * 25},
    "a list as the body": [],
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", GOOD)
def test_attributes_within_the_limits_are_kept_unchanged(gamer: GamerCaller, name: str) -> None:
    drop(gamer, GOOD[name]).ok()
    assert TrackedEvent.objects.get().attributes == {k: v for k, v in GOOD[name].items() if v is not None}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BAD)
def test_other_attributes_are_refused(gamer: GamerCaller, name: str) -> None:
    before = snapshot()
    drop(gamer, BAD[name], check=False).refused(400, "BAD_REQUEST")
    assert snapshot() == before


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b'{"a": NaN}', b'{"a": 1, "a": 2}', b"1"])
def test_what_is_no_clean_json_is_refused(gamer: GamerCaller, raw: bytes) -> None:
    drop(gamer, raw=raw, check=False).refused(400, "BAD_REQUEST")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "name"),
    [("a%2Fb", "a/b"), ("a%20b", "a b"), ("%E0%A4%B8", "स"), ("x" * 128, "x" * 128), ("drop", "drop")],
)
def test_an_event_id_is_any_printable_text(gamer: GamerCaller, path: str, name: str) -> None:
    drop(gamer, name=path).ok()
    assert TrackedEvent.objects.get().name == name


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["x" * 129, "%00", "a%0Ab", "%0A", "%7F", "", "%E2%80%A8"])
def test_other_event_ids_are_refused(gamer: GamerCaller, path: str) -> None:
    drop(gamer, name=path, check=False).refused(400, "BAD_REQUEST")
    assert not TrackedEvent.objects.exists()


@pytest.mark.django_db
def test_a_suspended_gamer_may_report_and_a_stranger_not(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.post(f"/s2s/gamers/{gamer.user_id}/suspend", {"reason": "r"}).ok()
    drop(gamer).ok()
    path = "/fe/analytics/px-tracker/events/e/drop"
    Caller({"user-jwt-token": "x"}).post(path).refused(401, "UN_AUTHORIZED")


@pytest.mark.django_db
def test_an_idempotency_key_stores_one_event(gamer: GamerCaller) -> None:
    first, again = (drop(gamer, {"a": 1}, key="once") for _ in range(2))
    assert first.ok() == again.ok() == DROPPED
    assert again.headers["Idempotent-Replayed"] == "true"
    assert TrackedEvent.objects.count() == 1
    drop(gamer, {"a": 2}, key="once").refused(422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.django_db
@pytest.mark.parametrize("limit", ["TRACKER_GAMER_PER_DAY", "TRACKER_CLIENT_PER_DAY"])
def test_the_event_after_a_days_limit_waits_for_midnight(gamer: GamerCaller, settings: Any, limit: str) -> None:
    setattr(settings, limit, 3)
    for _ in range(3):
        drop(gamer).ok()
    before = snapshot()
    answer = drop(gamer)
    answer.refused(429, "RATE_LIMITED")
    assert 1 <= int(answer.headers["Retry-After"]) <= 24 * 3600
    assert snapshot() == before
    setattr(settings, limit, 0)
    drop(gamer).ok()


@pytest.mark.django_db
def test_limits_count_one_gamer_one_client_and_one_day(
    studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller, settings: Any
) -> None:
    settings.TRACKER_GAMER_PER_DAY, settings.TRACKER_CLIENT_PER_DAY = 1, 2
    yesterday = database_now() - timedelta(days=1)
    stored = {"client_id": studio.client_id, "gamer": Gamer.objects.get(user_id=gamer.user_id), "name": "e"}
    TrackedEvent.objects.create(day=yesterday.date(), dropped_at=yesterday, attributes={}, **stored)
    TrackedEvents.objects.create(client_id=studio.client_id, day=yesterday.date(), slot=1, count=2)
    drop(gamer).ok()
    drop(gamer).refused(429, "RATE_LIMITED")
    drop(studio.gamer("second")).ok()
    drop(studio.gamer("third")).refused(429, "RATE_LIMITED")
    drop(other_studio.gamer("second")).ok()


@pytest.mark.usefixtures("committed")
def test_events_at_once_are_all_stored_and_counted(studio: StudioCaller, gamer: GamerCaller) -> None:
    assert [answer.status for answer in at_once(12, partial(drop, gamer))] == [200] * 12
    assert TrackedEvent.objects.count() == sum(TrackedEvents.objects.values_list("count", flat=True)) == 12


@pytest.mark.django_db
def test_events_are_removed_after_their_days(gamer: GamerCaller, settings: Any, monkeypatch: Any) -> None:
    drop(gamer).ok()
    [kept] = TrackedEvent.objects.all()
    old = database_now() - timedelta(days=settings.TRACKER_DAYS, seconds=1)
    for number in range(5):
        TrackedEvent.objects.create(
            id=first_id(old - timedelta(seconds=number)),
            client_id=kept.client_id,
            gamer_id=kept.gamer_id,
            name="old",
            day=old.date(),
            dropped_at=old,
            attributes={},
        )
    TrackedEvents.objects.create(client_id=kept.client_id, day=old.date(), slot=1, count=5)
    monkeypatch.setattr(service, "FORGOTTEN_AT_ONCE", 2)
    assert (forget_tracked_events(), forget_tracked_events()) == (5, 0)
    assert list(TrackedEvent.objects.all()) == [kept]
    assert TrackedEvents.objects.count() == 1


@pytest.mark.django_db
def test_the_database_refuses_to_change_an_event(gamer: GamerCaller) -> None:
    drop(gamer).ok()
    with pytest.raises(IntegrityError, match="stay as they were written"), transaction.atomic():
        TrackedEvent.objects.update(name="other")


@pytest.mark.django_db
def test_only_an_endpoint_that_lists_tracker_events_gets_them(studio: StudioCaller, gamer: GamerCaller) -> None:
    every = studio.post("/s2s/webhooks", {"url": "https://all.example/"}).ok(201)["id"]
    drop(gamer).ok()
    assert not WebhookEvent.objects.exists()
    url = "https://tracker.example/"
    listed = studio.post("/s2s/webhooks", {"url": url, "event_types": ["tracker.event"]}).ok(201)["id"]
    drop(gamer, {"level": 7}).ok()
    [delivery] = WebhookDelivery.objects.select_related("event")
    assert str(delivery.endpoint_id) == listed != every
    data = delivery.event.data
    assert (data["user_id"], data["event_id"], data["attributes"]) == (gamer.user_id, "level-up", {"level": 7})


@pytest.mark.django_db
def test_the_export_is_narrowed_by_days_client_and_event(
    studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller, client_row: Client
) -> None:
    drop(gamer, {"level": 7, "text": "=1+1"}).ok()
    drop(other_studio.gamer("x")).ok()
    table, now = registry.table("tracked_events"), database_now()
    day = timedelta(days=1)

    def rows(**scope: Any) -> list[list[str]]:
        page = read_page(table, ExportScope(**{"clients": None, "since": now - day, "until": now + day} | scope), None)
        return list(csv.reader(io.StringIO(b"".join(page.lines).decode())))

    assert len(rows()) == 2
    [only] = rows(about=client_row.pk)
    assert only[3:5] == [gamer.user_id, "level-up"]
    assert rows(clients=[client_row.pk]) == [only]
    assert rows(since=now - 3 * day, until=now - day) == []
    drop(gamer, name="other").ok()
    event = TrackedEvent.objects.get(name="other")
    [other] = rows(about=event.pk)
    assert other[4] == "other"
    for id in (client_row.pk, event.pk):
        table.check_about(id, [client_row.pk])
        with pytest.raises(Invalid):
            table.check_about(id, [])


@pytest.mark.django_db
def test_a_gamers_events_of_a_day_are_counted_by_an_index(gamer: GamerCaller) -> None:
    drop(gamer).ok()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT count(*) FROM users_trackedevent WHERE gamer_id = gen_random_uuid() AND day = now()::date"
        )
        plan = " ".join(line for (line,) in cursor.fetchall())
    assert "tracked_events_of_gamer" in plan
