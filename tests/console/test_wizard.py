"""The wizard: typed in four steps, told in a sentence, computed as the service computes, published once."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from esports.models import Tournament, TournamentDraft, TournamentTemplate
from esports.prizes import DEFAULT_TABLE, to_wire
from esports.services.templates import save_template
from kgen.admin_site.roles import Role
from kgen.clock import database_now
from kgen.models import AuditEntry
from tests.support.http import StudioCaller
from tests.support.operators import logged_in, operator_in
from tests.support.organising import escrow, sponsor
from tests.support.time import clock_at
from users.models import Client

pytestmark = pytest.mark.django_db

KOLKATA = "Asia/Kolkata"
WHAT = {
    "title": "Friday cup",
    "mode": "Quick",
    "buy_in_price": "10",
    "tournament_size": "100",
    "min_participants": "3",
    "score_order": "desc",
    "score_operator": "best",
    "score_source": "",
}
PRIZES = {"table": "default", "tie_rule": "split", "sponsored_amount": "0"}
TERMS = {"title": "Cup", "buy_in_price": 10, "tournament_size": 100}
OWN = {"table": "own", "tie_rule": "first_to_reach", "sponsored_amount": "0"}


def wall(**delta: float) -> str:
    """A time so far from now on India's clock, as it is typed."""
    return f"{(database_now() + timedelta(**delta)).astimezone(ZoneInfo(KOLKATA)):%Y-%m-%dT%H:%M}"


def when(**typed: str) -> dict[str, str]:
    """The second step: starts in a day, an hour long."""
    return {"time_zone": KOLKATA, "starts_at": wall(days=1), "ends_at": wall(days=1, hours=1)} | typed


def page_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


class Wizard:
    """An organiser in the wizard."""

    def __init__(self, browser: Browser, client: Client, **begun: str) -> None:
        self.browser = browser
        answer: Any = browser.post("/console/play/wizard/", {"do": "begin", "client": str(client.pk)} | begun)
        assert answer.status_code == 302, answer.content[:500]
        self.at = answer.headers["Location"].removesuffix("what/")

    def keep(self, step: str, fields: dict[str, Any], **more: str) -> Any:
        return self.browser.post(f"{self.at}{step}/", {"do": "save"} | fields | more)

    def fill(self, what: dict[str, Any] = WHAT, prizes: dict[str, Any] = PRIZES, **typed: str) -> None:
        for step, fields in (("what", what), ("when", when(**typed)), ("prizes", prizes)):
            answer = self.keep(step, fields)
            assert answer.status_code == 302, (step, re.findall(r"errorlist.*?</ul>", answer.content.decode()))

    def review(self) -> str:
        return page_of(self.browser.get(f"{self.at}review/"))

    def publish(self) -> Any:
        return self.browser.post(f"{self.at}review/", {"do": "publish"}, follow=True)


@pytest.fixture
def wizard(organiser: Browser, client_row: Client) -> Wizard:
    """An organiser at the first step."""
    return Wizard(organiser, client_row)


def test_a_tournament_is_typed_reviewed_and_published_once(wizard: Wizard) -> None:
    wizard.fill()
    sentence = wizard.review()
    assert "Entries open now, play starts " in sentence
    assert f"({KOLKATA}), " in sentence
    assert "prizes are paid right after." in sentence
    page = wizard.publish().content.decode()
    assert "Friday cup is published." in page
    made = Tournament.objects.get()
    assert (made.title, made.buy_in_price, made.seats.size, made.tie_rule) == ("Friday cup", 10, 100, "split")
    assert (made.score_operator, made.score_source) == ("best", "any")
    assert made.prize_table == to_wire(DEFAULT_TABLE)
    assert made.starts_at.astimezone(ZoneInfo(KOLKATA)).strftime("%Y-%m-%dT%H:%M") == wall(days=1)
    assert made.schedules_at <= database_now()
    assert (made.locks_at, made.ends_at - made.starts_at) == (made.ends_at, timedelta(hours=1))
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.object_id, entry.object_label) == ("tournament.create", str(made.pk), "Friday cup")
    again = wizard.publish()
    assert f"/console/play/tournaments/{made.pk}/" in again.redirect_chain[-1][0]
    assert "The draft is published already." in again.content.decode()
    assert Tournament.objects.count() == 1
    assert AuditEntry.objects.count() == 1


def test_going_back_keeps_the_typed_values(wizard: Wizard) -> None:
    answer = wizard.keep("what", WHAT | {"tournament_size": "2"})
    assert answer.status_code == 400
    assert "There are fewer seats than this." in answer.content.decode()
    answer = wizard.keep("when", {"time_zone": KOLKATA, "ends_at": "nonsense"}, go="back")
    assert answer.headers["Location"].endswith("/what/")
    page = wizard.browser.get(f"{wizard.at}what/").content.decode()
    assert 'value="Friday cup"' in page
    assert wizard.browser.get(f"{wizard.at}review/").headers["Location"].endswith("/what/")
    assert not Tournament.objects.exists()


def test_the_wizard_remembers_the_time_zone(wizard: Wizard, client_row: Client) -> None:
    wizard.keep("when", when())
    other = Wizard(wizard.browser, client_row)
    page = other.browser.get(f"{other.at}when/").content.decode()
    assert f'<option value="{KOLKATA}" selected>' in page


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"ends_at": ""}, "This field is required"),
        ({"ends_at": "2020-01-01T10:00", "starts_at": ""}, "must be in the future"),
        ({"locks_at": "2199-01-01T00:00"}, "5 years away"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
        ({"settlement_delay": "soon"}, "Enter a length"),
        ({"settlement_delay": "8 d"}, "At most 7 d"),
        ({"starts_at": "2027-03-28T02:30", "time_zone": "Europe/Berlin", "ends_at": "2027-03-29T00:00"}, "put forward"),
    ],
)
def test_invalid_times_are_refused_at_their_field(wizard: Wizard, typed: dict[str, str], fault: str) -> None:
    answer = wizard.keep("when", when() | typed)
    assert answer.status_code == 400
    assert fault in answer.content.decode().replace("&#x27;", "'")


def test_a_past_end_is_reported_once_and_not_for_omitted_times(organiser: Browser) -> None:
    typed = {"time_zone": KOLKATA, "ends_at": "2019-01-01T10:00"}
    sentence = page_of(organiser.post("/console/play/preview/times/", typed))
    assert "Ends: The end must be in the future." in sentence
    assert "Entries open:" not in sentence
    assert "Play starts:" not in sentence


def test_refusals_use_the_field_names_of_the_form(wizard: Wizard) -> None:
    answer = wizard.keep("what", WHAT | {"score_min": "10", "score_max": "5"})
    assert answer.status_code == 400
    assert "“lowest score” must not exceed “highest score”." in page_of(answer)


def test_the_sentence_describes_the_typed_times(organiser: Browser) -> None:
    with clock_at(datetime(2026, 12, 1, 6, tzinfo=UTC)):
        typed = {"time_zone": KOLKATA, "starts_at": "2026-12-04T18:00", "locks_at": "2026-12-04T18:30"}
        typed |= {"ends_at": "2026-12-05T01:00", "settlement_delay": "1 d 2 h"}
        sentence = page_of(organiser.post("/console/play/preview/times/", typed))
        assert (
            "Entries open now, play starts Fri 4 Dec 2026, 18:00 (Asia/Kolkata), 12:30 UTC, entries close 18:30, "
            "ends Sat 5 Dec 2026, 01:00, prizes are paid 1 d 2 h later, Sun 6 Dec 2026, 03:00" in sentence
        )
        refused = page_of(organiser.post("/console/play/preview/times/", typed | {"locks_at": "2026-12-04T10:00"}))
    assert "must not be before “play starts”" in refused


def preview(browser: Browser, client: Client, fields: dict[str, Any], **terms: Any) -> str:
    base = {"client": str(client.pk), "buy_in_price": 10, "tournament_size": 14, "min_participants": 3}
    return page_of(browser.post("/console/play/preview/prizes/", base | terms | fields))


def test_the_forecast_shows_the_curve_and_the_rounded_prizes(organiser: Browser, client_row: Client) -> None:
    shown = preview(organiser, client_row, PRIZES | {"sample_field": "14", "scoring_percent": "50"})
    # Of 14: ranks 1 | 2–4 | 5 win 4 ×, 1.5 ×, 1 ×.
    cells = re.findall(r'<td>([^<]*)</td><td class="kc-amount">(\d+)</td><td class="kc-amount">(\d+)</td></tr>', shown)
    assert cells == [("1", "40", "40"), ("2 to 4", "15", "45"), ("5", "10", "10")]
    assert '<td>Remainder: the house&#x27;s</td><td></td><td class="kc-amount">45</td>' in shown.replace(
        "'s", "&#x27;s"
    )
    # With half of them ranked the same five win; with one, the first alone.
    row = r'14 <span class="kp-quiet">\(the sample\)</span></td>' + r'<td class="kc-amount">(\d+)</td>' * 3
    assert re.search(row, shown).groups() == ("45", "45", "100")  # type: ignore[union-attr]
    assert shown.count("<polyline") == 3
    assert "expected: 50 % do" in shown


def test_an_insolvent_table_is_refused_with_the_field_that_breaks_it(
    organiser: Browser, wizard: Wizard, client_row: Client
) -> None:
    bands = OWN | {"kind": "fixed", "band_reach": ["1", "3"], "band_pays": ["50", "20"]}
    assert "With 3 participants the prizes exceed" in preview(organiser, client_row, bands)
    enough = {"sponsored_amount": "60"}
    assert "prizes exceed" not in preview(organiser, client_row, bands | enough)
    wizard.keep("what", WHAT)
    answer = wizard.keep("prizes", bands)
    assert answer.status_code == 400
    assert "With 3 participants" in answer.content.decode()
    assert wizard.keep("prizes", bands | enough).status_code == 302


@pytest.mark.parametrize(
    ("kind", "reach", "pays", "bands"),
    [
        (
            "multiples",
            ["0.5", "10", ""],
            ["6", "1.25", ""],
            [{"percent_bp": 50, "multiple_bp": 60_000}, {"percent_bp": 1000, "multiple_bp": 12_500}],
        ),
        (
            "shares",
            ["1", "4"],
            ["50", "33.33"],
            [
                {"from_rank": 1, "to_rank": 1, "share_bp": 5000},
                {"from_rank": 2, "to_rank": 4, "share_bp": 3333},
            ],
        ),
        ("fixed", ["2"], ["5"], [{"from_rank": 1, "to_rank": 2, "amount": 5}]),
    ],
)
def test_typed_bands_are_stored_exactly(
    wizard: Wizard, kind: str, reach: list[str], pays: list[str], bands: list[dict[str, int]]
) -> None:
    wizard.fill(prizes=OWN | {"kind": kind, "band_reach": reach, "band_pays": pays})
    wizard.publish()
    assert Tournament.objects.get().prize_table == {"kind": kind, "bands": bands}


@pytest.mark.parametrize(
    ("kind", "reach", "pays", "fault"),
    [
        ("multiples", ["1.005"], ["6"], "Band 1: “1.005” is not a number"),
        ("multiples", ["1", "x"], ["6", "1"], "Band 2: “x” is not a number"),
        ("multiples", ["60", "60"], ["0.1", "0.1"], "more than 100 %"),
        ("multiples", ["NaN"], ["1"], "is not a number"),
        ("multiples", ["1e999999"], ["1"], "is not a number"),
        ("fixed", ["3", "2"], ["5", "4"], "Band 2 must reach down to rank 4"),
        ("fixed", [""], [""], "at least one band"),
        ("shares", ["1"], ["101"], "is not a number from 0.01 to 100"),
    ],
)
def test_a_malformed_band_is_named(wizard: Wizard, kind: str, reach: list[str], pays: list[str], fault: str) -> None:
    wizard.keep("what", WHAT)
    answer = wizard.keep("prizes", OWN | {"kind": kind, "band_reach": reach, "band_pays": pays})
    assert answer.status_code == 400
    assert fault in answer.content.decode()


def test_a_named_prize_table_is_copied_into_the_tournament(wizard: Wizard, client_row: Client) -> None:
    table = {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 9000}]}
    client_row.prizetable_set.create(name="Winner takes most", table=table)
    wizard.fill(prizes=PRIZES | {"table": "named:Winner takes most"})
    wizard.publish()
    assert Tournament.objects.get().prize_table == table | {"name": "Winner takes most"}


def test_publishing_books_the_sponsorship_and_over_the_limit_is_refused(
    wizard: Wizard, studio: StudioCaller, client_row: Client
) -> None:
    Client.objects.filter(pk=client_row.pk).update(sponsorship_limit=500)
    wizard.fill(prizes=PRIZES | {"sponsored_amount": "501"})
    assert "Friday cup is published." not in wizard.publish().content.decode()
    assert not Tournament.objects.exists()
    assert not AuditEntry.objects.exists()
    wizard.keep("prizes", PRIZES | {"sponsored_amount": "500"})
    wizard.publish()
    assert (escrow(str(Tournament.objects.get().pk)), sponsor(studio)) == (500, -500)


def test_a_saved_template_starts_another_tournament(wizard: Wizard, client_row: Client) -> None:
    wizard.fill(what=WHAT | {"title": "Cup of {date}"}, settlement_delay="30 min")
    sent = {"do": "template", "name": " Weekly "}
    page = wizard.browser.post(f"{wizard.at}review/", sent, follow=True).content.decode()
    assert "The template “Weekly” is saved." in page
    template = TournamentTemplate.objects.get()
    assert not {"starts_at", "ends_at", "schedules_at"} & template.terms.keys()
    assert template.terms["settlement_delay_seconds"] == 1800
    assert AuditEntry.objects.get().act == "template.save"
    start = wizard.browser.get(f"/console/play/wizard/?client={client_row.pk}").content.decode()
    assert "Weekly" in start
    second = Wizard(wizard.browser, client_row, template=str(template.pk))
    second.keep("when", when(settlement_delay="30 min"))
    assert second.keep("prizes", PRIZES).status_code == 302
    second.publish()
    made = Tournament.objects.get()
    assert made.title == f"Cup of {wall(days=1)[:10]}"
    assert made.settlement_delay_seconds == 1800
    wizard.browser.post(f"{wizard.at}review/", sent)
    assert TournamentTemplate.objects.count() == 1


def test_templates_are_removed_with_a_reason(organiser: Browser, wizard: Wizard) -> None:
    wizard.fill()
    wizard.browser.post(f"{wizard.at}review/", {"do": "template", "name": "Weekly"})
    row = TournamentTemplate.objects.get()
    sent = {"action": "remove", "_selected_action": [str(row.pk)], "reason": "not played any more"}
    organiser.post("/console/esports/tournamenttemplate/", sent)
    assert not TournamentTemplate.objects.exists()
    assert AuditEntry.objects.filter(act="template.delete", reason="not played any more").exists()


def test_only_the_drafts_operator_can_open_a_draft(wizard: Wizard, as_role: Any) -> None:
    other = as_role(Role.ADMIN)
    assert other.get(f"{wizard.at}what/").status_code == 404
    assert other.post(f"{wizard.at}what/", {"do": "save"} | WHAT).status_code == 404
    wizard.browser.post(f"{wizard.at}what/", {"do": "discard", "sure": "yes"})
    assert not TournamentDraft.objects.exists()


def test_discarding_a_draft_first_shows_the_values_that_will_be_lost(wizard: Wizard) -> None:
    path = f"{wizard.at}what/"
    assert "The draft is empty." in page_of(wizard.browser.post(f"{wizard.at}review/", {"do": "discard"}))
    wizard.keep("what", WHAT)
    asked = page_of(wizard.browser.post(path, {"do": "discard"}))
    assert "<dt>Title</dt><dd>Friday cup</dd>" in asked
    assert f'href="{path}"' in asked
    assert TournamentDraft.objects.count() == 1
    answer = wizard.browser.post(path, {"do": "discard", "sure": "yes"})
    assert (answer.status_code, TournamentDraft.objects.count()) == (302, 0)


def test_the_wizard_offers_the_operators_clients_only(client_row: Client, other_studio: StudioCaller) -> None:
    other = Client.objects.get(pk=other_studio.client_id)
    browser = logged_in(operator_in(Role.ORGANISER, client_row))
    page = browser.get("/console/play/wizard/").content.decode()
    assert client_row.name in page
    assert str(other.pk) not in page
    assert browser.post("/console/play/wizard/", {"do": "begin", "client": str(other.pk)}).status_code == 404
    sent = {"client": str(other.pk), "buy_in_price": 1, "tournament_size": 9, "min_participants": 3} | PRIZES
    assert browser.post("/console/play/preview/prizes/", sent).status_code == 404
    assert not TournamentDraft.objects.exists()


def test_old_drafts_are_deleted(organiser: Browser, client_row: Client) -> None:
    for _ in range(22):
        Wizard(organiser, client_row)
    assert TournamentDraft.objects.count() == 20
    TournamentDraft.objects.update(updated_at=database_now() - timedelta(days=8))
    Wizard(organiser, client_row)
    assert TournamentDraft.objects.count() == 1


def test_a_kept_draft_leaves_out_characters_that_cannot_be_stored(wizard: Wizard) -> None:
    assert wizard.keep("what", WHAT | {"title": "A\0B", "description": "x" * 9000}).status_code == 400
    assert TournamentDraft.objects.get().fields["title"] == ["AB"]


def test_an_unknown_prize_table_name_is_refused(organiser: Browser, client_row: Client) -> None:
    sent = {"client": str(client_row.pk), "name": "Broken", "table": '{"kind": "fixed", "bands": []}'}
    page = organiser.post("/console/esports/prizetable/add/", sent).content.decode()
    assert "bands must be a list of 1 to 100 bands." in page
    assert not client_row.prizetable_set.exists()
    for table in ('{"kind": ' + "9" * 5000 + "}", "[" * 100_000):
        assert (
            "valid JSON" in organiser.post("/console/esports/prizetable/add/", sent | {"table": table}).content.decode()
        )
    good = {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 1, "share_bp": 9000}]}
    organiser.post("/console/esports/prizetable/add/", sent | {"table": json.dumps(good)})
    assert client_row.prizetable_set.get().table == good
    assert AuditEntry.objects.get().act == "prizetable.add"


def test_the_wizard_pages_need_a_bounded_number_of_queries(wizard: Wizard, client_row: Client) -> None:
    wizard.fill()
    for number in range(15):
        save_template(client_id=client_row.pk, name=f"T{number}", terms=TERMS)
        Wizard(wizard.browser, client_row)
    paths = (f"{wizard.at}review/", f"{wizard.at}prizes/", f"/console/play/wizard/?client={client_row.pk}")
    for path in paths:
        with CaptureQueriesContext(connection) as queries:
            assert wizard.browser.get(path).status_code == 200
        assert len(queries) <= 20, [query["sql"] for query in queries]
