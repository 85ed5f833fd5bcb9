"""The settlement's page: what it foresees is what the ledger then has, its record is verified, prizes are held."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from console import settlement as page_module
from esports.models import Participation, Tournament
from esports.selectors.tournaments import read_tournament
from kgen.admin_site.roles import Role
from kgen.jobs.models import Job, JobState
from kgen.models import AuditEntry
from rewards.models import HoldStep, Reward, Settlement
from rewards.selectors import SettlementPreview, settlement_preview, settlement_sums
from rewards.services.settling import settle_due
from tests.support.addresses import CLAIM
from tests.support.clock import end
from tests.support.console import messages_after, prize_of, text
from tests.support.http import StudioCaller
from tests.support.jobs import finished
from tests.support.money import execute, prove
from tests.support.operators import logged_in, operator_in
from tests.support.organising import allow_sponsorship, at, escrow, sponsor
from tests.support.refereeing import disqualify, participation_of
from tests.support.settling import TWO_WIN, play
from users.models import Client
from wallet.models import Posting

pytestmark = pytest.mark.django_db

SCORES = {"a": 5, "b": 5, "c": 5, "d": 4, "e": 3, "f": None}


def address(uid: str) -> str:
    """The address of a tournament's settlement."""
    return f"/console/play/tournaments/{uid}/settlement/"


def shown_postings(browser: Browser, uid: str) -> list[tuple[str, str, str]]:
    """The postings as the page has them, with the total as its last line."""
    html = browser.get(address(uid)).content.decode()
    table = html[html.index('id="postings"') :]
    table = table[: table.index("</table>")]
    found = re.findall(r'<td>(\w+)</td><td>(\w+)</td><td class="kc-amount">([\d,]+)</td>', table)
    total = re.findall(r"<strong>([\d,]+)</strong>", table)
    return [*found, ("total", "", total[0])]


def booked(uid: str) -> list[tuple[str, str, str]]:
    """The settlement's postings as the ledger has them, with their total."""
    rows = Posting.objects.filter(transaction__reference=f"settlement:{uid}").order_by("id")
    found = list(rows.values_list("source__kind", "destination__kind", "amount"))
    return [*((a, b, f"{amount:,}") for a, b, amount in found), ("total", "", f"{sum(row[2] for row in found):,}")]


@pytest.fixture
def cup(studio: StudioCaller) -> str:
    """A sponsored tournament with scores."""
    allow_sponsorship(studio, 1000)
    uid = studio.tournament(title="Cup", prize_table=TWO_WIN, sponsored_amount=1000, tournament_size=100)
    play(studio, uid, SCORES)
    return uid


@pytest.fixture
def settled(cup: str) -> str:
    """It, settled."""
    end(cup)
    assert settle_due() == 1
    return cup


@pytest.mark.parametrize("fields", [{}, {"tie_rule": "split"}, {"prize_table": TWO_WIN, "sponsored_amount": 50}])
def test_the_settlement_books_the_previewed_postings(
    browser: Browser, studio: StudioCaller, fields: dict[str, Any]
) -> None:
    uid = studio.tournament(**fields)
    play(studio, uid, SCORES)
    disqualify(uid, "b")
    foreseen, came_in = shown_postings(browser, uid), escrow(uid)
    assert foreseen[-1] == ("total", "", f"{came_in:,}")
    assert f"In escrow now {came_in:,} KCASH" in text(browser.get(address(uid)))
    end(uid)
    assert shown_postings(browser, uid) == foreseen
    assert settle_due() == 1
    assert booked(uid) == foreseen
    assert shown_postings(browser, uid) == foreseen


def test_the_preview_has_the_hash_of_the_later_record(browser: Browser, cup: str) -> None:
    shown = browser.get(address(cup)).content.decode()
    end(cup)
    assert settle_due() == 1
    assert Settlement.objects.get().sha256 in shown
    assert f'id="sha256">{Settlement.objects.get().sha256}<' in browser.get(address(cup)).content.decode()


def test_the_preview_of_a_large_field_has_the_same_sums(
    browser: Browser, cup: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = read_tournament(UUID(cup))
    assert seen is not None
    whole, sums = settlement_preview(seen), settlement_sums(seen)
    assert sums == SettlementPreview(whole.shares, None, whole.postings, 0, 10, 1000)
    before = shown_postings(browser, cup)
    monkeypatch.setattr(page_module, "QUICK_FIELD", 5)
    assert shown_postings(browser, cup) == before
    assert "shown in sums only" in text(browser.get(address(cup)))


def test_the_preview_of_a_cancellation_shows_its_refunds(browser: Browser, studio: StudioCaller) -> None:
    allow_sponsorship(studio, 9)
    uid = studio.tournament(sponsored_amount=9)
    play(studio, uid, {"a": 5, "b": 4})
    said = "2 stakes of 10 KCASH would go back, and the sponsorship of 9 KCASH"
    assert said in text(browser.get(address(uid)))
    studio.post(at(uid, "/cancel"), {"reason": "rain"}).ok()
    assert "all stakes were refunded" in text(browser.get(address(uid)))
    assert (escrow(uid), sponsor(studio)) == (0, 0)


def test_the_record_shows_every_rank_and_its_reward(
    browser: Browser, settled: str, studio: StudioCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "LINES", 2)
    studio.gamer("a").post(CLAIM).ok()
    seen: list[tuple[str, ...]] = []
    query: str | None = ""
    while query is not None:
        html = browser.get(f"{address(settled)}{query}").content.decode()
        table = html[html.index('aria-label="Ranks and prizes"') :]
        for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)[1:]:
            seen.append(
                tuple(" ".join(re.sub(r"<[^>]+>", " ", td).split()) for td in re.findall(r"<td.*?</td>", row, re.S))
            )
        following = re.search(r'href="(\?cursor=[^"]+)" rel="next"', html)
        query = following[1] if following else None
    assert seen == [
        ("1", "a", "5", "31", "Claimed"),
        ("2", "b", "5", "31", "Unclaimed"),
        ("3", "c", "5", "0", "–"),
        ("4", "d", "4", "0", "–"),
        ("5", "e", "3", "0", "–"),
    ]


def test_verifying_a_record_is_in_the_trail_with_the_operator(as_role: Any, settled: str) -> None:
    browser = as_role(Role.FINANCE)
    assert "not yet from here" in text(browser.get(address(settled)))
    said = messages_after(browser, address(settled), "verify")
    assert "It holds: 5 ranks, 62 in prizes and the hash were recomputed" in said
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.object_id, entry.before) == ("settlement.verify", settled, entry.after)
    assert "by finance: it holds" in text(browser.get(address(settled)))


@pytest.mark.parametrize(
    ("tampering", "words"),
    [
        ("UPDATE rewards_settlement SET sha256 = repeat('0', 64) WHERE tournament_id = %s", "hash: recorded 000"),
        ("UPDATE esports_participation SET prize = 40 WHERE tournament_id = %s AND final_rank = 1", "rank 1: booked"),
        (
            "UPDATE esports_scoreevent SET value = 99 WHERE participation_id IN (SELECT id FROM esports_participation"
            " WHERE tournament_id = %s AND final_rank = 5)",
            "It does not hold",
        ),
    ],
)
def test_a_record_that_does_not_verify_is_reported(browser: Browser, settled: str, tampering: str, words: str) -> None:
    execute(tampering, settled)
    said = messages_after(browser, address(settled), "verify")
    assert words in said
    assert "nothing differs" not in said
    assert not AuditEntry.objects.exists()
    assert "not yet from here" in text(browser.get(address(settled)))


@pytest.mark.parametrize("limit", ["QUICK_FIELD", "QUICK_SCORES"])
def test_a_large_record_is_verified_by_a_job(settled: str, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(page_module, limit, 4)
    browser = logged_in(operator_in(Role.ORGANISER))
    answer = browser.post(address(settled), {"do": "verify"})
    job = finished(Job.objects.get())
    assert answer.headers["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.state, job.outcome["done"], job.outcome["refused"]) == (JobState.DONE, 1, 0)
    entries = list(AuditEntry.objects.order_by("id").values_list("act", "object_id"))
    assert entries == [("settlement.verify_later", str(job.pk)), ("settlement.verify", settled)]
    assert "by tournament-manager: it holds" in text(browser.get(address(settled)))


def test_the_verification_job_reports_the_difference(settled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "QUICK_FIELD", 4)
    execute("UPDATE esports_participation SET prize = 40 WHERE tournament_id = %s AND final_rank = 1", settled)
    # A viewer may not see jobs, and comes back to the page.
    answer = logged_in(operator_in(Role.VIEWER)).post(address(settled), {"do": "verify"})
    assert answer.headers["Location"] == address(settled)
    job = finished(Job.objects.get())
    assert job.outcome["refused"] == 1
    assert "rank 1: booked" in job.outcome["refusals"][0]["detail"]


def test_a_tournament_without_a_settlement_cannot_be_verified(browser: Browser, cup: str) -> None:
    assert browser.post(address(cup), {"do": "verify"}).status_code == 404


def test_the_page_exports_the_results(as_role: Any, settled: str) -> None:
    assert 'value="export"' not in as_role(Role.VIEWER).get(address(settled)).content.decode()
    browser = as_role(Role.FINANCE)
    html = browser.get(address(settled)).content.decode()
    form = html[html.index('action="/console/jobs/"') :]
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))
    answer = browser.post("/console/jobs/", sent)
    job = finished(Job.objects.get())
    assert answer.headers["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.kind, job.state, job.outcome["rows"]) == ("export.results", JobState.DONE, 5)


def test_the_tournament_page_links_to_the_export_of_participations(as_role: Any, cup: str) -> None:
    browser = as_role(Role.FINANCE)
    html = browser.get(f"/console/play/tournaments/{cup}/").content.decode()
    form = html[html.index('action="/console/jobs/"') :]
    browser.post("/console/jobs/", dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[: form.index("</form>")])))
    assert finished(Job.objects.get()).outcome["rows"] == 6


def test_an_operator_holds_and_releases_a_prize(as_role: Any, settled: str, studio: StudioCaller) -> None:
    browser, path = as_role(Role.ORGANISER), prize_of(settled, "a")
    assert "Held: it can neither be claimed nor expire" in messages_after(browser, path, "hold", "odd scores")
    assert studio.gamer("a").post(CLAIM).ok()["claimed"] == 0
    entry = AuditEntry.objects.get()
    reward = Reward.objects.get(gamer__user_id="a")
    assert (entry.act, entry.reason, entry.object_id) == ("reward.hold", "odd scores", str(reward.pk))
    assert (entry.before["status"], entry.after["status"]) == ("UNCLAIMED", "HELD")
    assert "by tournament-manager: odd scores" in text(browser.get(path))
    assert "Released" in messages_after(browser, path, "release", "is fine")
    assert studio.gamer("a").post(CLAIM).ok()["amount"] == 31
    prove()


def test_a_held_prize_is_forfeited_to_the_house(as_role: Any, settled: str) -> None:
    browser, path = as_role(Role.FINANCE), prize_of(settled, "a")
    messages_after(browser, path, "hold", "odd")
    assert "it went to the house for good" in messages_after(browser, path, "forfeit", "was a bot")
    reward = Reward.objects.get(gamer__user_id="a")
    moved = Posting.objects.get(transaction__reference=f"forfeit:{reward.pk}")
    assert (moved.source.kind, moved.destination.kind, moved.amount) == ("rewards_payable", "house", 31)
    assert [step.reason for step in HoldStep.objects.order_by("id")] == ["odd", "was a bot"]
    assert AuditEntry.objects.filter(act="reward.forfeit", reason="was a bot").count() == 1
    page = browser.get(path).content.decode()
    assert "No further action is possible" in page
    assert "Forfeited" in browser.get(address(settled)).content.decode()
    prove()


def test_a_refused_hold_is_readable_and_changes_nothing(browser: Browser, settled: str, studio: StudioCaller) -> None:
    path = prize_of(settled, "a")
    messages_after(browser, path, "forfeit", "not held")
    assert Reward.objects.get(gamer__user_id="a").status == "UNCLAIMED"
    studio.gamer("a").post(CLAIM).ok()
    said = messages_after(browser, path, "hold", "too late")
    assert Reward.objects.get(gamer__user_id="a").status == "CLAIMED"
    assert said.startswith("reward ")
    assert 'value="hold"' not in browser.get(path).content.decode()
    assert not AuditEntry.objects.exists()
    assert not HoldStep.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SUPPORT])
def test_only_an_operator_with_the_right_can_hold_a_reward(as_role: Any, settled: str, role: Role) -> None:
    browser, path = as_role(role), prize_of(settled, "a")
    assert 'value="hold"' not in browser.get(path).content.decode()
    assert browser.post(path, {"do": "hold", "reason": "x"}).status_code == 403
    assert Reward.objects.get(gamer__user_id="a").status == "UNCLAIMED"


def test_pages_of_other_clients_are_unknown(as_role: Any, settled: str, other_studio: StudioCaller) -> None:
    browser = as_role(Role.ADMIN, Client.objects.get(pk=other_studio.client_id))
    for path, do in ((address(settled), "verify"), (prize_of(settled, "a"), "hold")):
        assert browser.get(path).status_code == 404
        assert browser.post(path, {"do": do, "reason": "x"}).status_code == 404
    assert not AuditEntry.objects.exists()


def test_a_gamer_without_a_prize_has_no_prize_page(browser: Browser, settled: str) -> None:
    assert browser.get(prize_of(settled, "e")).status_code == 404
    page = browser.get(f"/console/play/participations/{participation_of(settled, 'a').pk}/").content.decode()
    assert prize_of(settled, "a") in page
    page = browser.get(f"/console/play/participations/{participation_of(settled, 'e').pk}/").content.decode()
    assert prize_of(settled, "e") not in page


@pytest.mark.parametrize("is_settled", [False, True])
def test_the_page_needs_as_many_queries_for_many_gamers_as_for_few(
    browser: Browser, studio: StudioCaller, is_settled: bool
) -> None:
    def queries(gamers: int) -> int:
        uid = studio.tournament()
        play(studio, uid, {f"{uid[-4:]}-{n}": n for n in range(gamers)})
        if is_settled:
            end(uid)
            settle_due()
        browser.get(address(uid))
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address(uid)).status_code == 200
        return len(captured)

    few = queries(4)
    assert few == queries(25)
    assert few < 20
    assert Participation.objects.count() == 29
    assert Tournament.objects.filter(settled_at__isnull=not is_settled).count() == 2


def test_holding_many_prizes_leaves_an_entry_in_the_trail_for_each(
    as_role: Any, settled: str, studio: StudioCaller, other_studio: StudioCaller
) -> None:
    studio.gamer("b").post(CLAIM).ok()
    rewards = {row.gamer.user_id: row for row in Reward.objects.select_related("gamer")}
    browser = as_role(Role.ORGANISER)
    sent = {"action": "hold", "reason": "ring", "_selected_action": [str(row.pk) for row in rewards.values()]}
    answer = browser.post("/console/rewards/reward/", sent, follow=True)
    assert f"{rewards['a']}: done" in text(answer)
    assert f"{rewards['b']}:" in text(answer)
    assert dict(Reward.objects.values_list("gamer__user_id", "status")) == {"a": "HELD", "b": "CLAIMED"}
    assert AuditEntry.objects.get().object_id == str(rewards["a"].pk)
    for query, expected in (({"status__exact": "HELD"}, {"a"}), ({"q": settled}, {"a", "b"}), ({"q": "x"}, set())):
        page = browser.get("/console/rewards/reward/", query).content.decode()
        assert {name for name, row in rewards.items() if str(row.pk) in page} == expected, query
    limited = as_role(Role.ADMIN, Client.objects.get(pk=other_studio.client_id))
    limited.post("/console/rewards/reward/", sent | {"action": "release"})
    assert Reward.objects.get(pk=rewards["a"].pk).status == "HELD"


def test_settlements_are_found_by_tournament_and_hash(browser: Browser, settled: str) -> None:
    def found(term: str) -> bool:
        return f"/{settled}/change/" in browser.get("/console/rewards/settlement/", {"q": term}).content.decode()

    record = Settlement.objects.get()
    assert found(settled)
    assert found(record.sha256.upper())
    assert found("")
    assert not found(record.sha256[:60])
    assert not found("00000000-0000-7000-8000-000000000000")
    assert browser.get(f"/console/rewards/settlement/{settled}/change/").headers["Location"] == address(settled)


def test_the_breadcrumb_names_the_tournament_and_the_gamer(browser: Browser, settled: str) -> None:
    row = Tournament.objects.get(pk=settled)
    tournament = f'<a href="/console/play/tournaments/{settled}/">{row.title}</a>'
    page = browser.get(prize_of(settled, "a")).content.decode()
    assert tournament in browser.get(address(settled)).content.decode()
    assert tournament in page
    assert f'<a href="/console/play/participations/{participation_of(settled, "a").pk}/">Participation of a</a>' in page


def test_a_reward_in_the_list_opens_its_prize_page(
    browser: Browser, settled: str, as_role: Any, other_studio: StudioCaller
) -> None:
    row = Reward.objects.get(gamer__user_id="a")
    path = f"/console/rewards/reward/{row.pk}/change/"
    assert browser.get(path).headers["Location"] == prize_of(settled, "a")
    limited = as_role(Role.ADMIN, Client.objects.get(pk=other_studio.client_id))
    assert prize_of(settled, "a") not in limited.get(path).headers["Location"]
    assert browser.get("/console/rewards/reward/no-id/change/").status_code == 302
