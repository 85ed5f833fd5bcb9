"""The page of a tournament and of a participation: the standing, and what referees do to it."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from esports.models import Participation, Ruling, ScoreEvent, Tournament
from esports.selectors.tournaments import read_tournament
from kgen.admin_site.roles import Role
from kgen.models import AuditEntry
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.console import messages_after, page_of, participation_page, text
from tests.support.http import StudioCaller
from tests.support.organising import at, seat_many
from tests.support.refereeing import void
from tests.support.rows import snapshot
from tests.support.settling import play
from tests.support.time import hourly
from users.models import Client

pytestmark = pytest.mark.django_db


def standing(browser: Browser, uid: str, **query: str) -> list[tuple[str, str, str]]:
    """(rank, user id, score) of the lines of a standing's page."""
    html = browser.get(f"{page_of(uid)}standing/", query).content.decode()
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", html, re.S)[1:]]
    plain = [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in rows]
    return [(row[0], row[1], row[2]) for row in plain if len(row) > 2]


@pytest.fixture
def cup(studio: StudioCaller) -> str:
    """A tournament with five gamers, four of whom have scores."""
    uid = studio.tournament(title="Rainy cup")
    play(studio, uid, {"a": 50, "b": 40, "c": 30, "d": 20, "e": None})
    return uid


def test_the_page_shows_the_facts_and_the_standing(browser: Browser, cup: str) -> None:
    row = Tournament.objects.get(pk=cup)
    shown = text(browser.get(page_of(cup)))
    for fact in ("5 / 100", "50 KCASH, 10 each", str(cup), row.client.name, f"{row.price_pool()} KCASH at this field"):
        assert fact in shown, fact
    assert standing(browser, cup) == [("1", "a", "50"), ("2", "b", "40"), ("3", "c", "30"), ("4", "d", "20")]
    assert standing(browser, cup, part="unscored") == [("–", "e", "–")]
    assert standing(browser, cup, part="disqualified") == []


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ((1, 2, 3, 4, 5), "Nobody sees it before"),
        ((-1, 2, 3, 4, 5), "The lobby opens"),
        ((-2, -1, 3, 4, 5), "The lobby is open and gamers may join until"),
        ((-3, -2, -1, 4, 5), "It is being played: gamers may join until"),
        ((-4, -3, -2, -1, 5), "nobody joins any more: scores count until"),
    ],
)
def test_a_sentence_describes_the_present_status_and_the_next_one(
    browser: Browser, studio: StudioCaller, hours: tuple[int, ...], words: str
) -> None:
    assert words in text(browser.get(page_of(hourly(studio, hours))))


def test_a_sentence_describes_the_outcome_of_the_tournament(browser: Browser, cup: str, studio: StudioCaller) -> None:
    end(cup)
    assert "its settlement is due now" in text(browser.get(page_of(cup)))
    assert settle_due() == 1
    assert "and was settled" in text(browser.get(page_of(cup)))
    empty, rained, reviewed = studio.tournament(), studio.tournament(), studio.tournament(settlement_delay_seconds=7200)
    end(empty)
    assert "fewer than 3 had joined" in text(browser.get(page_of(empty)))
    studio.post(at(rained, "/cancel"), {"reason": "too much rain"}).ok()
    shown = text(browser.get(page_of(rained)))
    assert "too much rain" in shown
    assert "All stakes went back" in shown
    play(studio, reviewed, dict.fromkeys("xyz", 1))
    end(reviewed)
    assert "results may be reviewed for 2 hours before they are settled" in text(browser.get(page_of(reviewed)))


def test_a_title_with_markup_is_shown_as_text(browser: Browser, studio: StudioCaller) -> None:
    uid = studio.tournament(title="<script>alert(1)</script>", description='"><img src=x>')
    page = browser.get(page_of(uid)).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_live_part_follows_the_scores_and_stops_at_the_end(
    browser: Browser, studio: StudioCaller, cup: str
) -> None:
    page = browser.get(page_of(cup)).content.decode()
    assert f'data-address="{page_of(cup)}standing/?"' in page
    assert 'data-live="yes"' in page
    studio.gamer("d").score(cup, 99).ok()
    assert standing(browser, cup)[0] == ("1", "d", "99")
    end(cup)
    piece = browser.get(f"{page_of(cup)}standing/", headers={"X-Console-Live": "1"}).content.decode()
    assert 'data-live="yes" data-open="no"' in piece, "its settlement is due: that is awaited too"
    assert ">COMPLETED</span>" in piece
    assert "<html" not in piece
    assert settle_due() == 1
    piece = browser.get(f"{page_of(cup)}standing/", headers={"X-Console-Live": "1"}).content.decode()
    assert 'data-live="no"' in piece
    assert "and was settled" in piece
    assert "live-switch" not in browser.get(page_of(cup)).content.decode()


def test_a_result_under_review_is_not_polled(browser: Browser, studio: StudioCaller) -> None:
    reviewed = studio.tournament(settlement_delay_seconds=7200)
    play(studio, reviewed, dict.fromkeys("xyz", 1))
    end(reviewed)
    assert 'data-live="no"' in browser.get(page_of(reviewed)).content.decode()


def test_a_cancelled_tournament_shows_its_refunds_and_no_pool(browser: Browser, studio: StudioCaller, cup: str) -> None:
    assert "Prize pool" in text(browser.get(page_of(cup)))
    studio.post(at(cup, "/cancel"), {"reason": "rain"}).ok()
    shown = text(browser.get(page_of(cup)))
    assert "Refunded 50 KCASH of stakes; no prizes" in shown
    assert "The tournament is cancelled: there are no prizes." in shown
    assert "at this field" not in shown
    assert "at the present field" not in shown
    row = Tournament.objects.get(pk=cup)
    listed = browser.get("/console/esports/tournament/").content.decode()
    assert f">{row.price_pool()} KCASH<" not in listed


def test_the_standings_are_paged_with_their_ranks(
    browser: Browser, studio: StudioCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("esports.admin.tournament.LINES", 3)
    uid = studio.tournament()
    play(studio, uid, {f"g{n}": 100 - n for n in range(8)} | {f"none{n}": None for n in range(4)})
    for part, expected in (
        ("ranked", [(str(n + 1), f"g{n}", str(100 - n)) for n in range(8)]),
        ("unscored", [("–", f"none{n}", "–") for n in range(4)]),
    ):
        lines, query = [], {"part": part}
        while True:
            lines += standing(browser, uid, **query)
            html = browser.get(f"{page_of(uid)}standing/", query).content.decode()
            following = re.search(r'cursor=([^"&]+)" rel="next"', html)
            if not following:
                break
            query["cursor"] = following[1]
        assert lines == expected


def test_an_invalid_cursor_gets_a_readable_refusal(browser: Browser, cup: str) -> None:
    answer = browser.get(page_of(cup), {"cursor": "x"})
    assert answer.status_code == 400
    assert "cursor is not a cursor of this list" in answer.content.decode()


def test_the_page_finds_a_gamer_by_user_id(browser: Browser, cup: str) -> None:
    assert f'href="{participation_page(cup, "c")}"' in browser.get(page_of(cup), {"q": " c "}).content.decode()
    for name in ("nobody", "\x00", "c" * 300):
        assert "No gamer of that user id" in text(browser.get(page_of(cup), {"q": name})), name


def test_the_page_needs_as_many_queries_for_many_gamers_as_for_few(
    browser: Browser, studio: StudioCaller, cup: str
) -> None:
    def queries(part: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(page_of(cup), {"part": part}).status_code == 200
        return len(captured)

    queries("ranked")
    few = queries("ranked"), queries("unscored")
    seat_many(cup, 40)
    for name in ("f", "g", "h"):
        studio.gamer(name).join(cup).ok()
        studio.gamer(name).score(cup, 1).ok()
    assert (queries("ranked"), queries("unscored")) == few
    assert max(few) < 15


def test_actions_are_shown_to_operators_who_may_use_them(as_role: Any, cup: str) -> None:
    own = as_role(Role.ORGANISER).get(page_of(cup)).content.decode()
    for name in ("clone", "extend", "end", "cancel"):
        assert f"{page_of(cup)}{name}/" in own
    seen_by_others = as_role(Role.VIEWER).get(page_of(cup)).content.decode()
    assert not re.findall(rf"{page_of(cup)}(clone|extend|end|cancel)/", seen_by_others)
    end(cup)
    over = as_role(Role.ADMIN).get(page_of(cup)).content.decode()
    assert f"{page_of(cup)}clone/" in over
    assert not re.findall(rf"{page_of(cup)}(extend|end|cancel)/", over)


def test_pages_of_other_clients_are_unknown(
    as_role: Any, cup: str, studio: StudioCaller, other_studio: StudioCaller
) -> None:
    browser = as_role(Role.ADMIN, Client.objects.get(pk=other_studio.client_id))
    before = snapshot()
    for path in (page_of(cup), f"{page_of(cup)}standing/", participation_page(cup, "a")):
        assert browser.get(path).status_code == 404, path
    answer = browser.post(participation_page(cup, "a"), {"do": "disqualify", "reason": "not mine"})
    assert answer.status_code == 404
    assert {name: rows for name, rows in snapshot().items() if "session" not in name} == {
        name: rows for name, rows in before.items() if "session" not in name
    }


def test_scores_show_their_totals_and_the_voided_ones(browser: Browser, studio: StudioCaller) -> None:
    uid = studio.tournament(score_operator="best")
    ann = play(studio, uid, {"ann": 10})["ann"]
    ann.score(uid, 40, "second").ok()
    ann.score(uid, 25, "third").ok()
    void(uid, "ann", 1, reason="speed hack")
    shown = text(browser.get(participation_page(uid, "ann")))
    assert "40 40 gamer second voided" in shown
    assert "speed hack" in shown
    assert "25 40 gamer third" in shown
    assert "Score 25, reached" in shown
    html = browser.get(participation_page(uid, "ann")).content.decode()
    svg = html[html.index('<svg class="kt-chart"') : html.index("</svg>", html.index('<svg class="kt-chart"'))]
    assert (svg.count('class="dot"'), svg.count('class="void"'), svg.count('class="now"')) == (2, 1, 1)
    assert "The standing over 3 scores, between 10 and 40" in svg


def test_one_score_makes_no_chart(browser: Browser, cup: str) -> None:
    assert "<svg class=" not in browser.get(participation_page(cup, "a")).content.decode()
    assert "No score was accepted" in text(browser.get(participation_page(cup, "e")))


def test_scores_are_paged_newest_first(browser: Browser, studio: StudioCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esports.admin.participation.SCORES", 2)
    uid = studio.tournament()
    ann = play(studio, uid, {"ann": 1001})["ann"]
    for value in (1002, 1003, 1004, 1005):
        ann.score(uid, value).ok()
    path, seen = participation_page(uid, "ann"), []
    query: str | None = ""
    while query is not None:
        html = browser.get(f"{path}{query}").content.decode()
        seen.append(re.findall(r'<td class="kc-amount">(1,00\d)</td>\s*<td class="kc-amount">', html))
        following = re.search(r'href="(\?cursor=[^"]+)" rel="next"', html)
        query = following[1] if following else None
    assert seen == [["1,005", "1,004"], ["1,003", "1,002"], ["1,001"]]


def test_disqualifying_and_reinstating_update_the_standings(as_role: Any, cup: str) -> None:
    browser = as_role(Role.ORGANISER)
    path = participation_page(cup, "a")
    assert "Disqualified" in messages_after(browser, path, "disqualify", "used a bot")
    assert standing(browser, cup) == [("1", "b", "40"), ("2", "c", "30"), ("3", "d", "20")]
    assert standing(browser, cup, part="disqualified") == [("–", "a", "50")]
    ruling = Ruling.objects.get()
    assert (ruling.act, ruling.reason) == ("DISQUALIFY", "used a bot")
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.reason, entry.object_id) == (
        "participation.disqualify",
        "used a bot",
        str(ruling.participation_id),
    )
    assert (entry.before["disqualified_at"], bool(entry.after["disqualified_at"])) == (None, True)
    shown = text(browser.get(path))
    assert "by tournament-manager: used a bot" in shown
    assert "Reinstated" in messages_after(browser, path, "reinstate", "was a friend")
    assert standing(browser, cup)[0] == ("1", "a", "50")
    assert AuditEntry.objects.filter(act="participation.reinstate", reason="was a friend").count() == 1


def test_voiding_a_score_updates_the_standing(as_role: Any, studio: StudioCaller, cup: str) -> None:
    browser = as_role(Role.ORGANISER)
    studio.gamer("d").score(cup, 99).ok()
    event = ScoreEvent.objects.get(value=99)
    assert "Voided: the score of 99 counts no more" in messages_after(
        browser, participation_page(cup, "d"), "void", event=event.pk
    )
    assert standing(browser, cup)[3] == ("4", "d", "20")
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.object_id, entry.reason) == ("score.void", str(event.pk), "bot")


@pytest.mark.parametrize("number", ["", "x", "0", "٣", "9" * 30])
def test_voiding_a_score_of_another_participation_is_refused(browser: Browser, cup: str, number: str) -> None:
    assert "no such score" in messages_after(browser, participation_page(cup, "a"), "void", event=number)
    other = ScoreEvent.objects.get(value=40)
    assert "no such score" in messages_after(browser, participation_page(cup, "a"), "void", event=other.pk)
    assert not ScoreEvent.objects.filter(voided_at__isnull=False).exists()
    assert not AuditEntry.objects.exists()


def test_a_ruling_needs_a_reason(browser: Browser, cup: str) -> None:
    assert "Give a reason" in messages_after(browser, participation_page(cup, "a"), "disqualify", "  ")
    assert not Ruling.objects.exists()


@pytest.mark.parametrize("ending", ["settled", "cancelled"])
def test_a_ruling_after_settlement_or_cancellation_is_refused(
    browser: Browser, studio: StudioCaller, cup: str, ending: str
) -> None:
    path, event = participation_page(cup, "a"), ScoreEvent.objects.get(value=50)
    if ending == "settled":
        end(cup)
        assert settle_due() == 1
    else:
        studio.post(at(cup, "/cancel"), {"reason": "rain"}).ok()
    page = browser.get(path).content.decode()
    assert "no further ruling is possible" in page
    assert 'value="disqualify"' not in page
    assert 'value="void"' not in page
    before = list(Participation.objects.order_by("pk").values())
    for do, more in (("disqualify", {}), ("void", {"event": event.pk})):
        assert f"The tournament is {ending}." in messages_after(browser, path, do, **more)
    assert list(Participation.objects.order_by("pk").values()) == before
    assert not AuditEntry.objects.exists()


def test_the_last_ranked_gamer_is_disqualified_by_two_operators(as_role: Any, studio: StudioCaller) -> None:
    uid = studio.tournament(settlement_delay_seconds=3600)
    play(studio, uid, {"a": 5, "b": None, "c": None})
    end(uid)
    first, second = as_role(Role.ORGANISER), as_role(Role.ADMIN)
    assert "another operator has to disqualify too" in messages_after(
        first, participation_page(uid, "a"), "disqualify", "a bot"
    )
    assert "another operator has to disqualify too" in messages_after(
        first, participation_page(uid, "a"), "disqualify", "a bot"
    )
    assert "Disqualified" in messages_after(second, participation_page(uid, "a"), "disqualify", "a bot indeed")
    assert list(Ruling.objects.order_by("id").values_list("act", flat=True)) == ["PROPOSE", "DISQUALIFY"]
    seen = read_tournament(Tournament.objects.get(pk=uid).pk)
    assert seen is not None
    assert seen.status.value == "COMPLETED"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT, Role.FINANCE])
def test_only_a_referee_sees_and_uses_the_rulings(as_role: Any, cup: str, role: Role) -> None:
    browser = as_role(role)
    page = browser.get(participation_page(cup, "a")).content.decode()
    assert 'value="disqualify"' not in page
    assert 'value="void"' not in page
    assert browser.post(participation_page(cup, "a"), {"do": "disqualify", "reason": "x"}).status_code == 403
    assert not Ruling.objects.exists()


def test_the_page_shows_that_a_gamer_has_left(browser: Browser, studio: StudioCaller, cup: str) -> None:
    path = participation_page(cup, "e")
    studio.gamer("e").leave(cup).ok()
    shown = text(browser.get(path))
    assert "The gamer has left: no further ruling is possible" in shown
    assert "The gamer has left." in messages_after(browser, path, "disqualify")
    assert ", left" in text(browser.get(page_of(cup), {"q": "e"}))


def test_the_page_keeps_the_zone_chosen_in_a_form(browser: Browser, cup: str) -> None:
    assert '<span data-zone="" ' in browser.get(page_of(cup)).content.decode()
    browser.cookies["console_zone"] = "Asia.Kolkata"
    assert '<span data-zone="Asia/Kolkata" ' in browser.get(page_of(cup)).content.decode()
    browser.cookies["console_zone"] = '"><b>'
    assert '<span data-zone="" ' in browser.get(page_of(cup)).content.decode()
