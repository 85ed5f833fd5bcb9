"""Series in the console: told as they will come, made and changed by the service, with what became of each time."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from esports.models import SeriesOccurrence, TournamentSeries, TournamentTemplate
from esports.prizes import DEFAULT_TABLE, to_wire
from esports.services.series_sweeping import sweep_series
from esports.services.templates import save_template
from kgen.admin_site.roles import Role
from kgen.clock import database_now
from kgen.models import AuditEntry
from tests.support.console import markup
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from tests.support.series import make
from tests.support.time import clock_at
from users.models import Client

pytestmark = pytest.mark.django_db

NEW = "/console/play/series/new/"
WHEN = {
    "name": "Evenings",
    "rule": "0 18 * * *",
    "time_zone": "Asia/Kolkata",
    "first_date": "",
    "last_date": "",
    "schedules_before": "1 h",
    "lobby_before": "",
    "locks_after": "30 min",
    "ends_after": "2 h",
}
WHAT = {
    "title": "Evening cup {date}",
    "mode": "Quick",
    "buy_in_price": "10",
    "tournament_size": "100",
    "min_participants": "3",
    "score_order": "desc",
    "score_operator": "latest",
    "score_source": "",
}
WHOLE = WHEN | WHAT | {"table": "default", "tie_rule": "first_to_reach", "sponsored_amount": "0"}


def at(uid: Any, tail: str = "") -> str:
    return f"/console/play/series/{uid}/{tail}"


def test_the_form_creates_a_series(organiser: Browser, client_row: Client) -> None:
    page = markup(organiser.post(NEW, WHOLE | {"do": "create", "client": str(client_row.pk)}, follow=True))
    assert "The series “Evenings” is made." in page
    row = TournamentSeries.objects.get()
    assert (row.rule, row.time_zone, row.client_id) == ("0 18 * * *", "Asia/Kolkata", client_row.pk)
    offsets = (row.schedules_before_seconds, row.lobby_before_seconds, row.locks_after_seconds, row.ends_after_seconds)
    assert offsets == (3600, 0, 1800, 7200)
    assert row.template["prize_table"] == to_wire(DEFAULT_TABLE)
    assert page.count("18:00 (Asia/Kolkata), 12:30 UTC; entries close 18:30, ends 20:00") == 5
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.object_label) == ("series.create", "Evenings")


def test_the_preview_shows_the_next_occurrences_of_the_typed_rule(organiser: Browser) -> None:
    with clock_at(datetime(2027, 3, 26, 12, tzinfo=UTC)):
        sent = WHEN | {"rule": "30 2 * * *", "time_zone": "Europe/Berlin", "locks_after": "", "ends_after": "1 h"}
        shown = markup(organiser.post("/console/play/preview/series/", sent))
    told = re.findall("<li>([^<]+)</li>", shown)
    assert len(told) == 5
    assert told[0].startswith(
        "Saturday 27 March 2027, 02:30 (Europe/Berlin), 01:30 UTC; entries close 03:30, ends 03:30"
    )
    # The clock is put forward: the time does not come, and the moment of the change stands for it.
    assert told[1].startswith("Sunday 28 March 2027, 03:00 (Europe/Berlin), 01:00 UTC")
    assert told[2].startswith("Monday 29 March 2027, 02:30 (Europe/Berlin), 00:30 UTC")


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"ends_after": "9999999 d"}, "Ends after the start: At most 30 d."),
        ({"lobby_before": "9999999 d 9999999 d"}, "Lobby opens before the start: At most 14 d."),
        ({"ends_after": "10 min"}, "Ends after the start: This must not be less than “entries close after the start”."),
    ],
)
def test_a_refused_form_shows_the_values_as_typed(organiser: Browser, typed: dict[str, str], fault: str) -> None:
    assert fault in markup(organiser.post("/console/play/preview/series/", WHEN | typed))


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"rule": "every day"}, "five fields"),
        ({"rule": "* * * * *"}, "more than 24 times a day"),
        ({"rule": "61 * * * *"}, "Bad minute"),
        ({"ends_after": "10 min"}, "not be less than “entries close after the start”"),
        ({"lobby_before": "2 h"}, "not be less than “lobby opens before the start”"),
        ({"first_date": "2027-02-02", "last_date": "2027-02-01"}, "not be before “first day”"),
        ({"ends_after": "31 d"}, "At most 30 d."),
        ({"ends_after": "9999999 d"}, "At most 30 d."),
        ({"schedules_before": "9999999 d"}, "At most 14 d."),
        ({"settlement_delay": "8 d"}, "At most 7 d."),
        ({"ends_after": "long"}, "Enter a length"),
        ({"first_date": "2027-02-30"}, "Enter a valid date"),
        ({"last_date": "2020-01-01"}, "rule: The rule names no time in the future."),
        ({"tournament_size": "2"}, "There are fewer seats than this."),
        ({"table": "own", "kind": "fixed", "band_reach": ["1"], "band_pays": ["31"]}, "With 3 participants"),
    ],
)
def test_an_impossible_series_is_refused_and_not_made(
    organiser: Browser, client_row: Client, typed: dict[str, Any], fault: str
) -> None:
    answer = organiser.post(NEW, WHOLE | typed | {"do": "create", "client": str(client_row.pk)})
    assert answer.status_code == 400
    assert fault in answer.content.decode()
    assert 'value="Evenings"' in answer.content.decode()
    assert not TournamentSeries.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_series_can_start_from_a_template(organiser: Browser, client_row: Client) -> None:
    table = {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 2, "share_bp": 2550}]}
    terms = {"title": "Weekly cup", "buy_in_price": 25, "tournament_size": 64, "prize_table": table}
    save_template(client_id=client_row.pk, name="Weekly", terms=terms)
    template = TournamentTemplate.objects.get()
    page = markup(organiser.get(NEW, {"client": client_row.pk, "template": template.pk}))
    assert 'value="Weekly cup"' in page
    assert '<option value="own" selected>' in page
    assert 'name="band_pays" value="25.5"' in page


def test_changing_a_series_keeps_the_fields_that_are_not_typed(organiser: Browser, studio: StudioCaller) -> None:
    uid = make(studio, name="Daily", score_operator="best", score_source="server", sponsored_amount=40)
    page = organiser.get(at(uid, "edit/")).content.decode()
    shown = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page))
    assert (shown["rule"], shown["locks_after"], shown["sponsored_amount"]) == ("0 18 * * *", "30 min", "40")
    sent = WHOLE | {"name": "Daily", "rule": "0 19 * * *", "score_operator": "best", "score_source": "server"}
    answer = markup(organiser.post(at(uid, "edit/"), sent | {"do": "change", "sponsored_amount": "40"}, follow=True))
    assert "Give a reason." in answer
    sent |= {"do": "change", "sponsored_amount": "40", "reason": "an hour later"}
    assert "The series is changed." in markup(organiser.post(at(uid, "edit/"), sent, follow=True))
    row = TournamentSeries.objects.get()
    assert (row.rule, row.template["score_source"], row.template["sponsored_amount"]) == ("0 19 * * *", "server", 40)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.reason) == ("series.change", "an hour later")
    assert (entry.before["rule"], entry.after["rule"]) == ("0 18 * * *", "0 19 * * *")


def test_a_series_can_be_paused_resumed_and_deleted(organiser: Browser, studio: StudioCaller) -> None:
    uid = make(studio)
    page = markup(organiser.post(at(uid), {"do": "pause", "reason": "holidays"}, follow=True))
    assert "Nothing while it is paused" in page
    assert not SeriesOccurrence.objects.exists()
    page = markup(organiser.post(at(uid), {"do": "resume", "reason": "back"}, follow=True))
    assert page.count("18:00 (Asia/Kolkata)") == 5
    organiser.post(at(uid), {"do": "delete", "reason": "over"})
    page = markup(organiser.get(at(uid)))
    assert '<span class="kc-mark ">deleted</span>' in page
    assert 'value="pause"' not in page
    told = list(AuditEntry.objects.order_by("pk").values_list("act", "reason"))
    assert told == [("series.pause", "holidays"), ("series.resume", "back"), ("series.delete", "over")]
    refused = organiser.post(at(uid), {"do": "resume", "reason": "x"}, follow=True)
    assert "No such record." in refused.content.decode()


def test_the_page_shows_the_outcome_of_each_occurrence(organiser: Browser, studio: StudioCaller) -> None:
    uid = make(studio, name="Daily")
    first, second, third = SeriesOccurrence.objects.order_by("starts_at")[:3]
    now = database_now()
    SeriesOccurrence.objects.filter(pk=first.pk).update(due_at=now)
    past = {"starts_at": now - timedelta(hours=1), "skipped_at": now, "reason": "Nobody was at work."}
    SeriesOccurrence.objects.filter(pk=second.pk).update(**past)
    SeriesOccurrence.objects.filter(pk=third.pk).update(reason="INSUFFICIENT_BALANCE: too little")
    sweep_series()
    made = SeriesOccurrence.objects.get(pk=first.pk).tournament
    page = markup(organiser.get(at(uid)))
    assert (
        f'<span class="kc-mark good">made</span> <a href="/console/play/tournaments/{made.pk}/">Daily cup</a>' in page
    )
    assert '<span class="kc-mark bad">skipped</span> Nobody was at work.' in page
    assert "Refused so far: INSUFFICIENT_BALANCE: too little" in page


def test_occurrences_are_paged(organiser: Browser, studio: StudioCaller) -> None:
    uid = make(studio)
    row = TournamentSeries.objects.get()
    now = database_now()
    SeriesOccurrence.objects.bulk_create(
        SeriesOccurrence(
            client_id=row.client_id, series=row, starts_at=now - timedelta(days=n), due_at=now, skipped_at=now
        )
        for n in range(1, 71)
    )
    seen, link = 0, at(uid)
    while link:
        page = organiser.get(link).content.decode()
        seen += page.count('<span class="kc-mark bad">skipped</span>')
        found = re.search(r'href="(\?before=[^"]+)" rel="next"', page)
        link = at(uid) + found[1] if found else ""
    assert seen == 70


def test_the_list_of_series_shows_next_start_and_state(organiser: Browser, studio: StudioCaller) -> None:
    uid = make(studio, name="Daily")
    first = SeriesOccurrence.objects.order_by("starts_at").first()
    page = organiser.get("/console/esports/tournamentseries/").content.decode()
    assert first is not None
    assert first.starts_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M") in page
    assert f'href="/console/play/series/{uid}/"' in page
    assert NEW in page


def test_a_viewer_is_offered_no_action(studio: StudioCaller) -> None:
    uid = make(studio)
    viewer = logged_in(operator_in(Role.VIEWER))
    page = viewer.get(at(uid)).content.decode()
    assert 'name="do"' not in page
    assert viewer.get(at(uid, "edit/")).status_code == 403
    assert viewer.post(at(uid), {"do": "pause", "reason": "x"}).status_code == 403
    assert NEW not in viewer.get("/console/esports/tournamentseries/").content.decode()


def test_another_clients_series_is_unknown(studio: StudioCaller, other_studio: StudioCaller) -> None:
    uid = make(studio)
    browser = logged_in(operator_in(Role.ADMIN, Client.objects.get(pk=other_studio.client_id)))
    for tail, sent in (("", {"do": "pause"}), ("edit/", WHOLE | {"do": "change"})):
        assert browser.get(at(uid, tail)).status_code == 404
        assert browser.post(at(uid, tail), sent | {"reason": "x"}).status_code == 404
    sent = WHOLE | {"do": "create", "client": studio.client_id}
    assert browser.post(NEW, sent).status_code == 404
    assert TournamentSeries.objects.get().active


def test_a_series_and_a_template_that_would_be_refused_today_are_marked(
    studio: StudioCaller, organiser: Browser, client_row: Client
) -> None:
    uid = make(studio)
    terms = TournamentSeries.objects.get().template
    template = save_template(client_id=client_row.pk, name="Weekly", terms=terms)
    pages = [at(uid), "/console/esports/tournamenttemplate/"]
    fault = "Multiples of a buy-in of 0 pay nothing"
    assert [fault in markup(organiser.get(page)) for page in pages] == [False, False]
    free = terms | {"buy_in_price": 0}
    TournamentSeries.objects.update(template=free)
    TournamentTemplate.objects.filter(pk=template.pk).update(terms=free)
    assert [fault in markup(organiser.get(page)) for page in pages] == [True, True]
