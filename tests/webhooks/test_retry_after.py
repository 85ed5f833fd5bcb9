"""A failed delivery comes again after its wait, and not before the endpoint has asked for it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from kgen.clock import database_now
from kgen.webhooks.models import WebhookDelivery
from kgen.webhooks.retrying import next_wait
from kgen.webhooks.services import AT_ONCE_PER_ENDPOINT, deliver_due
from tests.support.http import StudioCaller
from tests.support.listener import Listener
from tests.support.webhooks import add, send

NOW = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=UTC)


def wait(retry_after: str, *, status: int | None = 503, tries: int = 1) -> float:
    return next_wait(tries=tries, status=status, retry_after=retry_after, now=NOW).total_seconds()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retry_after_of_an_overloaded_server_is_kept(status: int) -> None:
    assert wait("90", status=status) == 90


@pytest.mark.parametrize("status", [None, 301, 400, 404, 408, 500, 501])
def test_retry_after_of_other_answers_does_not_count(status: int | None) -> None:
    assert wait("90", status=status) == 5


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (" 90 ", 90),
        ("3600", 3600),
        ("3601", 3600),
        ("9" * 9, 3600),
        ("9" * 5000, 3600),
        ("0", 5),
        ("4", 5),
        ("Sun, 22 Nov 2026 12:10:00 GMT", 599.5),
        ("Sunday, 22-Nov-26 12:10:00 GMT", 599.5),
        ("Sun Nov 22 12:10:00 2026", 599.5),
        ("Mon, 23 Nov 2026 12:00:00 GMT", 3600),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 5),
    ],
)
def test_seconds_and_http_dates_are_read_and_capped_at_an_hour(value: str, seconds: float) -> None:
    assert wait(value) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "soon", "-90", "+90", "9.5", "1_0", "٩٠", "90, 90", "2026-11-22T12:10:00Z", "Sun, 99 Nov 2026 12:10:00 GMT"],
)
def test_garbage_is_no_retry_after(value: str) -> None:
    assert wait(value) == 5


def test_the_backoff_holds_where_it_is_longer() -> None:
    assert wait("90", tries=4) == 600
    assert wait("3600", tries=50) == 28_800


@pytest.mark.django_db
@pytest.mark.parametrize("as_date", [False, True])
def test_the_next_call_waits_as_long_as_the_endpoint_asks(
    studio: StudioCaller, listener: Listener, as_date: bool
) -> None:
    asked = database_now() + timedelta(minutes=10)
    listener.answers, listener.answer_headers = (
        [429],
        {"Retry-After": format_datetime(asked, True) if as_date else "600"},
    )
    send(studio, add(studio, listener))
    assert deliver_due() == 1
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.last_status) == ("PENDING", 429)
    assert abs(delivery.next_attempt_at - asked) < timedelta(seconds=30)
    WebhookDelivery.objects.update(next_attempt_at=database_now() - timedelta(seconds=1))
    assert deliver_due() == 1
    assert WebhookDelivery.objects.get().state == "DELIVERED", "a success with Retry-After is a success"


@pytest.mark.django_db
def test_garbage_in_the_header_leaves_the_backoff(studio: StudioCaller, listener: Listener) -> None:
    listener.answers, listener.answer_headers = [503], {"Retry-After": "\x7fsoon" + "9" * 6000}
    send(studio, add(studio, listener))
    began = database_now()
    assert deliver_due() == 1
    assert WebhookDelivery.objects.get().next_attempt_at < began + timedelta(seconds=30)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_overloaded_endpoint_gets_no_further_call_in_the_same_run(
    studio: StudioCaller, listener: Listener, status: int
) -> None:
    listener.answers = [status] * 6
    send(studio, add(studio, listener), 6)
    assert deliver_due() <= AT_ONCE_PER_ENDPOINT
    untouched = WebhookDelivery.objects.filter(tries=0, state="PENDING").count()
    assert untouched >= 6 - AT_ONCE_PER_ENDPOINT
