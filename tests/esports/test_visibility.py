"""What a gamer must not know of answers exactly like what does not exist, byte for byte."""

from collections.abc import Callable
from urllib.parse import unquote

import pytest

from esports.models import Participation, Tournament
from tests.support.addresses import UNKNOWN_UID
from tests.support.http import Answer, GamerCaller, StudioCaller
from tests.support.organising import soon
from tests.support.time import INSTANT, clock_at, timetable

pytestmark = pytest.mark.django_db

NO_IDS = [
    "x",
    "1",
    UNKNOWN_UID[:-1],
    UNKNOWN_UID + "0",
    UNKNOWN_UID.replace("-", ""),
    f"{{{UNKNOWN_UID}}}",
    f"urn:uuid:{UNKNOWN_UID}",
    "a%00b",
    "%F0%9F%8F%86",
    "%EF%BC%90" + UNKNOWN_UID[1:],  # a full-width 0
]
SAME = {"headers": {"X-Request-Id": "same"}}
# Every address under which a gamer can name a tournament.
CALLS: dict[str, Callable[[GamerCaller, str], Answer]] = {
    "read": lambda gamer, uid: gamer.get(f"/fe/esports/tournaments/{uid}", **SAME),
    "join": lambda gamer, uid: gamer.join(uid, 10, **SAME),
    "leave": lambda gamer, uid: gamer.leave(uid, **SAME),
    "score": lambda gamer, uid: score(gamer, uid),
    "board": lambda gamer, uid: gamer.get(f"/fe/esports/tournaments/{uid}/leaderboard", **SAME),
    "older board": lambda gamer, uid: gamer.get(f"/fe/esports/leaderboards/{uid}/leaderboard", **SAME),
}


def score(gamer: GamerCaller, uid: str) -> Answer:
    """A score whose body names the tournament as the path does; a NUL, which no body may hold, is in neither."""
    known = uid.replace("%00", "")
    body = {"metadata": {"tournamentId": unquote(known)}, "payload": {"score": {"value": 1}}}
    return gamer.post(f"/fe/esports/tournaments/{known}/score", body, **SAME)


every_call = pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))


def whole(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """All of an answer that a client can see."""
    return answer.status, answer.headers, answer.content


@every_call
def test_hidden_and_foreign_tournaments_answer_like_unknown_ones(
    studio: StudioCaller,
    other_studio: StudioCaller,
    gamer: GamerCaller,
    call: Callable[[GamerCaller, str], Answer],
) -> None:
    unknown = call(gamer, UNKNOWN_UID)
    unknown.refused(404, "TOURNAMENT_NOT_FOUND")
    unpublished, scheduled = studio.tournament(), studio.tournament(schedules_at_timestamp=soon(hours=1))
    Tournament.objects.filter(pk=unpublished).update(published_at=None)
    foreign = other_studio.tournament()
    for uid in (unpublished, scheduled, foreign, foreign.upper()):
        assert whole(call(gamer, uid)) == whole(unknown)
    with clock_at(timetable(scheduled).schedules_at - INSTANT):
        assert whole(call(gamer, scheduled)) == whole(unknown)
    assert Participation.objects.count() == 0


@every_call
def test_an_invalid_id_is_unknown(gamer: GamerCaller, call: Callable[[GamerCaller, str], Answer]) -> None:
    unknown = whole(call(gamer, UNKNOWN_UID))
    for uid in NO_IDS:
        assert whole(call(gamer, uid)) == unknown, uid


def test_a_hidden_tournament_appears_at_its_schedule(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(schedules_at_timestamp=soon(hours=1))
    with clock_at(timetable(uid).schedules_at):
        answers = {name: CALLS[name](gamer, uid).status for name in ("read", "join", "score", "board", "older board")}
        assert set(answers.values()) == {200}
        assert gamer.get("/fe/esports/tournaments/participated").ok() == [uid]


def test_a_gamers_lists_contain_no_drafts(studio: StudioCaller, gamer: GamerCaller) -> None:
    unpublished, scheduled = studio.tournament(), studio.tournament(schedules_at_timestamp=soon(hours=1))
    Tournament.objects.filter(pk=unpublished).update(published_at=None)
    assert gamer.get("/fe/esports/tournaments/active").ok() == []
    assert len(studio.get("/s2s/esports/tournaments").ok()) == 2
    for uid in (unpublished, scheduled):
        assert studio.get(f"/s2s/esports/tournaments/{uid}").ok()["tournament_status"] == "DRAFT"


@pytest.mark.parametrize("tail", ["", "/leaderboard"])
def test_another_studios_tournament_is_unknown_to_a_studio(
    studio: StudioCaller, other_studio: StudioCaller, tail: str
) -> None:
    foreign = other_studio.tournament()
    answers = [studio.get(f"/s2s/esports/tournaments/{uid}{tail}", **SAME) for uid in (foreign, UNKNOWN_UID, "x")]
    answers[0].refused(404, "TOURNAMENT_NOT_FOUND")
    assert whole(answers[0]) == whole(answers[1]) == whole(answers[2])
