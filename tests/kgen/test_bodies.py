"""Bodies: JSON objects in UTF-8 up to a size; none where none is needed; what is unknown in them is ignored."""

import pytest

from tests.support.arena import Arena
from tests.support.http import StudioCaller
from tests.support.inputs import LARGEST_BODY, of_size
from tests.support.rows import snapshot

pytestmark = pytest.mark.django_db

BULK_LIMIT = 1024 * 1024


def test_a_body_may_have_64_kib_and_not_one_byte_more(studio: StudioCaller) -> None:
    body = {"user_id": "u"}
    assert len(of_size(body, LARGEST_BODY)) == LARGEST_BODY
    studio.post("/s2s/session", raw=of_size(body, LARGEST_BODY)).ok()
    before = snapshot()
    studio.post("/s2s/session", raw=of_size(body, LARGEST_BODY + 1)).refused(413, "PAYLOAD_TOO_LARGE")
    studio.post("/s2s/session", raw=b"[" * (LARGEST_BODY + 1)).refused(413, "PAYLOAD_TOO_LARGE")
    assert snapshot() == before


def test_bulk_scores_may_have_1_mib_and_not_one_byte_more(arena: Arena) -> None:
    path, body = f"/s2s/esports/tournaments/{arena.uid}/scores", {"scores": [{"user_id": "player-1", "value": 3}]}
    before = snapshot()
    arena.studio.post(path, raw=of_size(body, BULK_LIMIT + 1)).refused(413, "PAYLOAD_TOO_LARGE")
    assert snapshot() == before
    answer = arena.studio.post(path, raw=of_size(body, BULK_LIMIT)).ok()
    assert answer == {"results": [{"user_id": "player-1", "status": "accepted", "score": 3}]}
    arena.studio.post(path, raw=of_size(body, BULK_LIMIT), key="k").ok()


def test_a_call_next_to_bulk_scores_has_the_smaller_limit(arena: Arena) -> None:
    for path in (f"/s2s/esports/tournaments/{arena.uid}/cancel", "/s2s/wallet/deposits/known/reverse"):
        arena.studio.post(path, raw=of_size({}, LARGEST_BODY + 1)).refused(413, "PAYLOAD_TOO_LARGE")
    arena.gamer.post(f"/fe/esports/tournaments/{arena.uid}/leave", raw=of_size({}, LARGEST_BODY + 1)).refused(
        413, "PAYLOAD_TOO_LARGE"
    )


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_call_without_a_body_accepts_any_content_type(arena: Arena, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    leave = f"/fe/esports/tournaments/{arena.uid}/leave"
    arena.gamer.post(leave, headers=headers).ok()
    arena.studio.post(f"/s2s/esports/tournaments/{arena.uid}/cancel", headers=headers).ok()
    arena.studio.post("/s2s/wallet/deposits/known/reverse", headers=headers).ok()
    arena.gamer.get("/fe/wallet/balance", headers=headers).ok()
    # An empty object is no body either.
    arena.studio.post(f"/s2s/esports/tournaments/{arena.spare_uid}/cancel", {}).ok()


def test_a_missing_body_is_refused_by_its_required_fields(studio: StudioCaller) -> None:
    problem = studio.post("/s2s/session").refused(400, "BAD_REQUEST")
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [("user_id", "required")]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; odd=1",
        "",
    ],
)
def test_json_is_read_under_every_spelling_of_its_content_type(studio: StudioCaller, content_type: str) -> None:
    raw = '{"user_id": "ünï", "name": "日本"}'.encode()
    assert studio.post("/s2s/session", raw=raw, content_type=content_type).ok()["name"] == "日本"


def test_unknown_fields_are_ignored_on_every_level(arena: Arena) -> None:
    arena.studio.post("/s2s/session", {"user_id": "u", "x": {"y": [1, None, 1.5]}, "is_new_user": 3}).ok()
    body = {
        "metadata": {"tournamentId": arena.uid, "rank": 1},
        "payload": {"score": {"value": 4, "unit": "s"}, "more": []},
        "joiningStake": "x",
    }
    arena.gamer.post(f"/fe/esports/tournaments/{arena.uid}/score", body).ok()
    assert arena.gamer.board(arena.uid)["me"] == {"rank": 1, "score": 4, "shared_rank": 1}


def test_a_read_ignores_its_body(arena: Arena) -> None:
    assert arena.gamer.get("/fe/esports/tournaments/active?limit=1", raw=b"\xff not JSON").ok()
