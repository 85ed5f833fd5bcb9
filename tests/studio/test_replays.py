"""Idempotency-Key on every POST of the studio's: the effect once, the first answer again to the byte."""

from collections.abc import Callable
from typing import Any

import pytest

from esports.models import ScoreEvent, Tournament
from kgen.models import IdempotencyKey
from tests.support.http import Answer, StudioCaller
from tests.support.organising import TOURNAMENTS, allow_sponsorship, at, new, soon, sponsor
from tests.support.threads import outcomes, together
from users.models import Gamer, Suspension
from wallet.models import Posting

Call = tuple[str, Any, int]


def calls(studio: StudioCaller) -> dict[str, Callable[[], Call]]:
    """Every POST by what it does: (path, body, status of the first answer)."""
    uid = studio.tournament(sponsored_amount=5, score_operator="sum")
    studio.gamer("ann").join(uid).ok()
    studio.deposit("ann", 20, "before").ok(201)
    return {
        "create": lambda: (TOURNAMENTS, new(sponsored_amount=7), 201),
        "cancel": lambda: (at(uid, "/cancel"), {"reason": "r"}, 200),
        "scores": lambda: (at(uid, "/scores"), {"scores": [{"user_id": "ann", "value": 5}]}, 200),
        "deposit": lambda: ("/s2s/wallet/deposits", {"user_id": "ann", "amount": 9, "reference": "r"}, 201),
        "reverse": lambda: ("/s2s/wallet/deposits/before/reverse", None, 200),
        "suspend": lambda: ("/s2s/gamers/ann/suspend", {"reason": "r"}, 200),
        "lift": lambda: ("/s2s/gamers/ann/lift", {"reason": "r"}, 200),
    }


def effects() -> tuple[int, ...]:
    """What these calls leave behind, counted."""
    tables: tuple[Any, ...] = (Tournament, ScoreEvent, Posting, Suspension, IdempotencyKey)
    return tuple(table.objects.count() for table in tables)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["create", "cancel", "scores", "deposit", "reverse", "suspend", "lift"])
def test_a_repeated_key_replays_the_answer_and_changes_no_row(studio: StudioCaller, name: str) -> None:
    path, body, status = calls(studio)[name]()
    first = studio.post(path, body, key="k-1")
    first.ok(status)
    assert "Idempotent-Replayed" not in first.headers
    after = effects()
    for again_path in (path, path + "/"):
        again = studio.post(again_path, body, key="k-1")
        assert (again.status, again.content) == (first.status, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"
    assert effects() == after
    changed = (body or {}) | {"more": 1}
    studio.post(path, changed, key="k-1").refused(422, "IDEMPOTENCY_KEY_REUSED")
    studio.post("/s2s/gamers/nobody/lift", {"reason": "r"}, key="k-1").refused(422, "IDEMPOTENCY_KEY_REUSED")
    assert effects() == after


@pytest.mark.django_db
def test_a_replayed_answer_is_unchanged_after_later_changes(studio: StudioCaller) -> None:
    body = new()
    first = studio.post(TOURNAMENTS, body, key="k")
    uid = first.ok(201)["tournament_uid"]
    studio.patch(at(uid), {"title": "Changed"}).ok()
    studio.post(at(uid, "/cancel")).ok()
    assert studio.post(TOURNAMENTS, body, key="k").content == first.content
    reordered = dict(reversed(body.items()))
    assert studio.post(TOURNAMENTS, reordered, key="k").headers["Idempotent-Replayed"] == "true"
    assert Tournament.objects.count() == 1


@pytest.mark.django_db
def test_a_refused_call_does_not_use_its_key(studio: StudioCaller) -> None:
    allow_sponsorship(studio, 10)
    body = new(sponsored_amount=11)
    studio.post(TOURNAMENTS, body, key="k").refused(409, "INSUFFICIENT_BALANCE")
    studio.post(TOURNAMENTS, new(title=""), key="k").refused(400, "BAD_REQUEST")
    assert IdempotencyKey.objects.count() == 0
    allow_sponsorship(studio, 11)
    assert studio.post(TOURNAMENTS, body, key="k").status == 201


@pytest.mark.django_db
def test_a_replayed_bulk_answer_contains_its_refused_rows(studio: StudioCaller) -> None:
    uid = studio.tournament()
    body = {"scores": [{"user_id": "ann", "value": 5}]}
    first = studio.post(at(uid, "/scores"), body, key="k")
    assert first.ok()["results"][0]["code"] == "RECORD_NOT_FOUND"
    studio.gamer("ann").join(uid).ok()
    assert studio.post(at(uid, "/scores"), body, key="k").content == first.content
    assert studio.post(at(uid, "/scores"), body, key="k2").json["results"][0]["status"] == "accepted"


@pytest.mark.django_db
def test_two_clients_can_use_the_same_key(studio: StudioCaller, other_studio: StudioCaller) -> None:
    ends = soon(days=1)
    mine = studio.post(TOURNAMENTS, new(ends_at_timestamp=ends), key="k").ok(201)
    theirs = other_studio.post(TOURNAMENTS, new(ends_at_timestamp=ends), key="k")
    assert theirs.ok(201)["tournament_uid"] != mine["tournament_uid"]
    assert "Idempotent-Replayed" not in theirs.headers


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_an_invalid_key_is_refused_and_changes_nothing(studio: StudioCaller, key: str) -> None:
    studio.post(TOURNAMENTS, new(), key=key).refused(400, "BAD_REQUEST")
    assert Tournament.objects.count() == 0
    assert studio.post(TOURNAMENTS, new(), key="x" * 255).status == 201


@pytest.mark.django_db
def test_a_patch_ignores_an_idempotency_key(studio: StudioCaller) -> None:
    uid = studio.tournament()
    for title in ("One", "Two"):
        assert studio.patch(at(uid), {"title": title}, key="k").ok()["title"] == title
    assert IdempotencyKey.objects.count() == 0


def test_many_equal_calls_at_once_make_one_tournament(committed: None, studio: StudioCaller) -> None:
    body = new(sponsored_amount=10)
    answers: list[Answer] = together([lambda: studio.post(TOURNAMENTS, body, key="k")] * 12)
    made = [answer for answer in answers if answer.status == 201]
    assert made
    assert len({answer.content for answer in made}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in made) == 1
    assert outcomes(answers).keys() <= {(201, ""), (409, "IDEMPOTENCY_IN_PROGRESS")}
    assert (Tournament.objects.count(), sponsor(studio)) == (1, -10)
    assert studio.post(TOURNAMENTS, body, key="k").content == made[0].content


def test_parallel_suspensions_of_a_gamer_make_one_suspension(committed: None, studio: StudioCaller) -> None:
    studio.gamer("ann")
    answers = together([lambda: studio.post("/s2s/gamers/ann/suspend", {"reason": "r"})] * 8)
    assert outcomes(answers) == {(200, ""): 8}
    assert Suspension.objects.filter(lifted_at=None).count() == 1
    assert Gamer.objects.get().suspended_at is not None
