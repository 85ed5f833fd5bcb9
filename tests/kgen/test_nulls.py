"""null for an optional field is the field left out; a body `null` is no body; both only where something is optional."""

import pytest

from esports.models import Tournament
from tests.support.arena import Arena
from tests.support.http import StudioCaller
from tests.support.organising import SMALL_CUP

pytestmark = pytest.mark.django_db


def test_an_optional_field_that_is_null_counts_as_left_out(arena: Arena) -> None:
    gamer, studio, uid = arena.gamer, arena.studio, arena.uid
    session = {"user_id": "player-1", "name": None, "level": None, "fb_login": None}
    assert studio.post("/s2s/session", session).ok()["user_id"] == "player-1"
    older = {"user_id": None, "gamer_id": "player-1"}
    assert studio.post("/api/v1/session", older).ok()["user_id"] == "player-1"
    metadata = {"tournamentId": None, "tournamentUID": uid, "playerId": None, "gameId": None, "eventId": None}
    gamer.post(f"/fe/esports/tournaments/{uid}/score", {"metadata": metadata, "payload": {"score": {"value": 5}}}).ok()
    bulk = {"scores": [{"user_id": "player-1", "value": 3, "event_id": None}]}
    studio.post(f"/s2s/esports/tournaments/{uid}/scores", bulk).ok()
    gamer.post("/fe/esports/rewards/claim", {"reward_ids": None, "tournament_id": None}).ok()
    endpoint = {"url": "https://hooks.example/x", "event_types": None}
    assert studio.post("/s2s/webhooks", endpoint).ok(201)["event_types"] == []
    studio.post(f"/s2s/esports/tournaments/{uid}/cancel", {"reason": None}).ok()


def test_a_prize_table_without_a_name_may_say_null(studio: StudioCaller) -> None:
    table = {"name": None, "kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 1}]}
    made = studio.post("/s2s/esports/tournaments", SMALL_CUP | {"prize_table": table}).ok(201)
    assert "name" not in made["prize_table"]


def test_a_withdrawal_of_null_is_of_all_that_is_earned(arena: Arena) -> None:
    # Nothing is linked yet: the body has been read by then.
    arena.gamer.post("/fe/wallet/withdraw", {"amount": None}).refused(409, "PHONE_NOT_LINKED")
    arena.gamer.post("/fe/wallet/withdraw", raw=b" null\n").refused(409, "PHONE_NOT_LINKED")


def test_null_in_a_patch_removes_a_bound_and_nothing_else(studio: StudioCaller) -> None:
    path = "/s2s/esports/tournaments"
    uid = studio.post(path, SMALL_CUP | {"score_min": 1, "score_max": 9, "mode": "Solo"}).ok(201)["tournament_uid"]
    patched = studio.patch(f"{path}/{uid}", {"score_max": None, "mode": None, "title": None}).ok()
    assert (patched["title"], patched["mode"]) == ("Cup", "Solo")
    assert Tournament.objects.values_list("score_min", "score_max").get(pk=uid) == (1, None)


def test_a_required_field_that_is_null_is_refused(arena: Arena) -> None:
    [fault] = arena.studio.post("/s2s/session", {"user_id": None}).refused(400, "BAD_REQUEST")["errors"]
    assert (fault["field"], fault["code"]) == ("user_id", "null")
    join = f"/fe/esports/tournaments/{arena.uid}/join"
    [fault] = arena.gamer.post(join, {"joiningStake": None}).refused(400, "BAD_REQUEST")["errors"]
    assert (fault["field"], fault["code"]) == ("joiningStake", "null")


@pytest.mark.parametrize("raw", [b"null", b" null", b"null\r\n\t"])
def test_a_body_null_is_no_body(arena: Arena, raw: bytes) -> None:
    arena.gamer.post(f"/fe/esports/tournaments/{arena.uid}/leave", raw=raw).ok()
    arena.gamer.post("/fe/esports/rewards/claim", raw=raw).ok()
    arena.studio.post(f"/s2s/esports/tournaments/{arena.spare_uid}/cancel", raw=raw).ok()
    problem = arena.studio.post("/s2s/session", raw=raw).refused(400, "BAD_REQUEST")
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == [("user_id", "required")]


@pytest.mark.parametrize("raw", [b"nul", b"NULL", b"null null", b"\xc2\xa0null", b"null" + b" " * 200 + b"x"])
def test_a_body_that_is_not_exactly_null_is_refused(arena: Arena, raw: bytes) -> None:
    arena.gamer.post(f"/fe/esports/tournaments/{arena.uid}/leave", raw=raw).refused(400, "BAD_REQUEST")
