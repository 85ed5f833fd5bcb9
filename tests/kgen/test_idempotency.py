"""Idempotency-Key: the first 2xx answer again, byte for byte, and never a second effect."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as product
from django.db.models import F

from kgen.models import IdempotencyKey
from kgen.services import forget_idempotency_keys
from tests.support.arena import Arena
from tests.support.http import Answer, Caller, StudioCaller
from tests.support.organising import SMALL_CUP
from tests.support.rows import snapshot

pytestmark = pytest.mark.django_db

DEPOSIT = {"user_id": "player-1", "amount": 7, "reference": "keyed"}


def keyed_calls(arena: Arena) -> list[tuple[Caller, str, Any, int]]:
    """Every POST that takes a key, in an order in which each succeeds: caller, path, body, status."""
    play, manage = f"/fe/esports/tournaments/{arena.spare_uid}", f"/s2s/esports/tournaments/{arena.spare_uid}"
    score = {"metadata": {"tournamentId": arena.spare_uid}, "payload": {"score": {"value": 3}}}
    return [
        (arena.studio, "/s2s/esports/tournaments", SMALL_CUP, 201),
        (arena.studio, "/s2s/wallet/deposits", DEPOSIT, 201),
        (arena.studio, "/s2s/wallet/deposits/keyed/reverse", None, 200),
        (arena.studio, "/s2s/gamers/player-2/suspend", {"reason": "r"}, 200),
        (arena.studio, "/s2s/gamers/player-2/lift", {"reason": "r"}, 200),
        (arena.gamer, f"{play}/join", {"joiningStake": 10}, 200),
        (arena.gamer, f"{play}/leave", None, 200),
        (arena.gamer, f"{play}/join", {"joiningStake": 10}, 200),
        (arena.gamer, f"{play}/score", score, 200),
        (arena.studio, f"{manage}/scores", {"scores": [{"user_id": "player-1", "value": 4}]}, 200),
        (arena.studio, f"{manage}/cancel", {"reason": "r"}, 200),
    ]


def assert_replayed(answer: Answer, first: Answer) -> None:
    """The first answer again, byte for byte."""
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert (answer.status, answer.content) == (first.status, first.content)
    assert answer.headers["Content-Type"] == first.headers["Content-Type"]


def test_a_repeated_key_replays_the_answer_and_changes_nothing(arena: Arena) -> None:
    for number, (caller, path, body, status) in enumerate(keyed_calls(arena)):
        first = caller.post(path, body, key=f"key-{number}")
        first.ok(status)
        assert "Idempotent-Replayed" not in first.headers
        before = snapshot()
        for _ in range(2):
            assert_replayed(caller.post(path, body, key=f"key-{number}"), first)
        assert snapshot() == before, path


def test_a_replay_gives_the_first_answer_also_after_later_changes(arena: Arena) -> None:
    join = arena.gamer.join(arena.spare_uid, key="j")
    arena.gamer.leave(arena.spare_uid).ok()
    arena.studio.post(f"/s2s/esports/tournaments/{arena.spare_uid}/cancel").ok()
    assert_replayed(arena.gamer.join(arena.spare_uid, key="j"), join)
    assert arena.gamer.buckets() == (40, 5, 0)
    made = arena.studio.post("/s2s/esports/tournaments", SMALL_CUP, key="t")
    uid = made.ok(201)["tournament_uid"]
    arena.studio.patch(f"/s2s/esports/tournaments/{uid}", {"title": "Changed"}).ok()
    again = arena.studio.post("/s2s/esports/tournaments", SMALL_CUP, key="t")
    assert_replayed(again, made)
    assert again.json["title"] == "Cup"


def test_an_equal_json_body_in_other_bytes_is_the_same_request(studio: StudioCaller) -> None:
    path = "/s2s/esports/tournaments"
    first = studio.post(path, SMALL_CUP | {"extra": [1, {"b": 2, "a": 1}]}, key="k")
    first.ok(201)
    other_bytes = (
        b'  {"extra":[1,{"a":1,"b":2}],"ends_at_timestamp":"2030-01-01T00:00:00Z",\n'
        b'"tournament_size":5,"buy_in_price":10,"title":"C\\u0075p"}'
    )
    assert_replayed(studio.post(path, raw=other_bytes, key="k"), first)
    assert_replayed(studio.post(path + "/", raw=other_bytes, key="k"), first)
    assert len(studio.get(path).ok()) == 1


def test_a_key_used_for_another_request_is_refused(arena: Arena) -> None:
    arena.studio.post("/s2s/wallet/deposits", DEPOSIT, key="k").ok(201)
    before = snapshot()
    for path, body in (
        ("/s2s/wallet/deposits", DEPOSIT | {"amount": 8}),
        ("/s2s/wallet/deposits", DEPOSIT | {"amount": 8, "reference": "other"}),
        ("/s2s/wallet/deposits", DEPOSIT | {"unread": 1}),
        ("/s2s/wallet/deposits/keyed/reverse", None),
        ("/s2s/esports/tournaments", SMALL_CUP),
        (f"/s2s/esports/tournaments/{arena.uid}/cancel", None),
    ):
        answer = arena.studio.post(path, body, key="k")
        answer.refused(422, "IDEMPOTENCY_KEY_REUSED")
        assert "Idempotent-Replayed" not in answer.headers
    assert snapshot() == before


def test_a_key_belongs_to_one_gamer_or_one_client(arena: Arena, other_studio: StudioCaller) -> None:
    second = arena.studio.gamer("player-2")
    stranger = other_studio.gamer("player-1")
    uid = other_studio.tournament()
    for caller, path, body in (
        (arena.gamer, f"/fe/esports/tournaments/{arena.spare_uid}/join", {"joiningStake": 10}),
        (second, f"/fe/esports/tournaments/{arena.spare_uid}/join", {"joiningStake": 10}),
        (stranger, f"/fe/esports/tournaments/{uid}/join", {"joiningStake": 10}),
        (arena.studio, f"/s2s/esports/tournaments/{arena.spare_uid}/cancel", {"reason": "a"}),
        (other_studio, f"/s2s/esports/tournaments/{uid}/cancel", {"reason": "b"}),
    ):
        answer = caller.post(path, body, key="one key for all")
        answer.ok()
        assert "Idempotent-Replayed" not in answer.headers


def test_a_refused_request_does_not_use_its_key(studio: StudioCaller) -> None:
    uid, gamer = studio.tournament(buy_in_price=60), studio.gamer("u")
    gamer.join(uid, 60, key="k").refused(409, "INSUFFICIENT_BALANCE")
    gamer.join(uid, 59, key="k").refused(400, "TOURNAMENT_INVALID_JOINING_STAKE")
    gamer.post(f"/fe/esports/tournaments/{uid}/join", raw=b"{", key="k").refused(400, "BAD_REQUEST")
    assert IdempotencyKey.objects.count() == 0
    studio.deposit("u", 10, "r").ok(201)
    answer = gamer.join(uid, 60, key="k")
    answer.ok()
    assert "Idempotent-Replayed" not in answer.headers
    assert gamer.buckets() == (0, 0, 0)
    assert_replayed(gamer.join(uid, 60, key="k"), answer)


def test_a_key_is_1_to_255_printable_ascii_characters(arena: Arena) -> None:
    path, before = f"/s2s/esports/tournaments/{arena.uid}/cancel", snapshot()
    for wrong in ("", "x" * 256, "é", "a\tb", "\x7f", "a\x00b", "☃".encode().decode("latin-1")):
        arena.studio.post(path, {"reason": "r"}, key=wrong).refused(400, "BAD_REQUEST")
    assert snapshot() == before
    for number, right in enumerate(["x", "x" * 255, "a b", " ~!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}", "%00"]):
        body = {"user_id": "player-1", "amount": 1, "reference": f"r{number}"}
        first = arena.studio.post("/s2s/wallet/deposits", body, key=right)
        first.ok(201)
        assert_replayed(arena.studio.post("/s2s/wallet/deposits", body, key=right), first)


def test_session_and_refresh_take_no_key(studio: StudioCaller) -> None:
    first = studio.post("/s2s/session", {"user_id": "u"}, key="k").ok()
    answer = studio.post("/s2s/session", {"user_id": "u"}, key="k")
    assert "Idempotent-Replayed" not in answer.headers
    assert answer.ok()["is_new_user"] is False
    assert answer.json["access_token"] != first["access_token"]
    studio.post("/s2s/session", {"user_id": "u"}, key="x" * 300).ok()
    body = {"refresh_token": first["refresh_token"]}
    assert "Idempotent-Replayed" not in Caller().post("/fe/users/auth/token/refresh", body, key="k").headers
    assert IdempotencyKey.objects.count() == 0


def test_a_key_on_a_patch_is_ignored(arena: Arena) -> None:
    path = f"/s2s/esports/tournaments/{arena.spare_uid}"
    for title in ("One", "Two"):
        assert arena.studio.patch(path, {"title": title}, key="k").ok()["title"] == title
    assert IdempotencyKey.objects.count() == 0


def test_a_key_is_kept_for_24_hours_and_can_then_be_used_again(arena: Arena) -> None:
    path = "/s2s/esports/tournaments"
    first = arena.studio.post(path, SMALL_CUP, key="k")
    row = IdempotencyKey.objects.get()
    assert product.IDEMPOTENCY_SECONDS == 24 * 3600
    assert row.expires_at is not None
    assert row.expires_at - row.created_at == timedelta(hours=24)
    grow_older(timedelta(hours=23, minutes=59))
    assert_replayed(arena.studio.post(path, SMALL_CUP, key="k"), first)
    grow_older(timedelta(minutes=1))
    fresh = arena.studio.post(path, SMALL_CUP | {"title": "Another"}, key="k")
    assert fresh.ok(201)["title"] == "Another"
    assert IdempotencyKey.objects.count() == 1


def grow_older(age: timedelta) -> None:
    """Let all keys be older by so much."""
    IdempotencyKey.objects.update(created_at=F("created_at") - age, expires_at=F("expires_at") - age)


def test_the_sweep_deletes_expired_keys_only(arena: Arena) -> None:
    for number in range(3):
        arena.studio.post("/s2s/esports/tournaments", SMALL_CUP, key=f"old-{number}").ok(201)
    grow_older(timedelta(hours=24))
    arena.studio.post("/s2s/esports/tournaments", SMALL_CUP, key="young").ok(201)
    IdempotencyKey.objects.filter(key="old-0").update(expires_at=None)
    assert forget_idempotency_keys() == 2
    assert sorted(IdempotencyKey.objects.values_list("key", flat=True)) == ["old-0", "young"]
    assert forget_idempotency_keys() == 0


def test_a_repeated_call_without_a_key_changes_nothing(arena: Arena) -> None:
    arena.gamer.join(arena.uid).refused(409, "EXISTING_PARTICIPATION_FOUND")
    again = arena.studio.deposit("player-1", 5, "known")
    assert again.ok(200)["reference"] == "known"
    assert arena.gamer.buckets() == (40, 5, 0)


def test_the_kept_answer_of_a_deposit_has_no_name_of_the_gamer(arena: Arena) -> None:
    body = {"user_id": "player-1", "amount": 1, "reference": "r"}
    arena.studio.post("/s2s/wallet/deposits", body, key="k").ok(201)
    row = IdempotencyKey.objects.get()
    assert row.scope == f"studio:{arena.studio.client_id}"
    assert b"player-1" not in bytes(row.fingerprint) + bytes(row.body)
    assert len(bytes(row.fingerprint)) == 32
