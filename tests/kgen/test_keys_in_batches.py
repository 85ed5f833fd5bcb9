"""Idempotency keys on the fast path: a batch keeps the answers of its calls with a key, in its one transaction."""

import pytest

from kgen.fast_path.messages import FastResponse
from kgen.models import IdempotencyKey
from tests.support.http import GamerCaller, Gamers, StudioCaller
from tests.support.threads import begin_blocked, holding_seats, ledger_faults
from tests.support.ways import in_one_batch

pytestmark = pytest.mark.usefixtures("committed")

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def uid(committed: None, studio: StudioCaller) -> str:
    """A tournament."""
    return studio.tournament()


def join(uid: str, *asked: tuple[GamerCaller, str | None, int]) -> list[str]:
    """Joins of gamers, each with a key or none and a stake, in one batch: for each its code, `ok` or `replayed`."""
    calls = [
        (caller.headers | JSON | ({"Idempotency-Key": key} if key else {}), b'{"joiningStake": %d}' % stake)
        for caller, key, stake in asked
    ]
    return list(map(outcome, in_one_batch("POST", f"/fe/esports/tournaments/{uid}/join", calls)))


def outcome(result: object) -> str:
    """In a word."""
    if isinstance(result, FastResponse):
        return "replayed" if "Idempotent-Replayed" in result.headers else "ok"
    return getattr(result, "code", "ok")


def kept() -> set[str]:
    """The keys that have an answer."""
    return set(IdempotencyKey.objects.values_list("key", flat=True))


def test_calls_with_and_without_keys_share_a_batch(gamers: Gamers, uid: str) -> None:
    ann, bob, eve, kim = gamers(4)
    assert join(uid, (ann, "a", 10)) == ["ok"]
    asked = [(bob, None, 10), (ann, "a", 10), (eve, "e", 10), (ann, "a", 11), (kim, "k", 11), (kim, None, 10)]
    told = ["ok", "replayed", "ok", "IDEMPOTENCY_IN_PROGRESS", "TOURNAMENT_INVALID_JOINING_STAKE", "ok"]
    assert join(uid, *asked) == told
    # A refusal is not kept: it changed nothing, so the key may try again.
    assert kept() == {"a", "e"}
    assert join(uid, (ann, "a", 11), (eve, "e", 10)) == ["IDEMPOTENCY_KEY_REUSED", "replayed"]
    assert {caller.buckets() for caller in (ann, bob, eve, kim)} == {(40, 0, 0)}
    assert ledger_faults() == []


def test_a_key_twice_in_a_batch_takes_effect_once(gamer: GamerCaller, uid: str) -> None:
    assert join(uid, *[(gamer, "k", 10)] * 3) == ["ok", "IDEMPOTENCY_IN_PROGRESS", "IDEMPOTENCY_IN_PROGRESS"]
    assert join(uid, (gamer, "k", 10)) == ["replayed"]
    assert gamer.buckets() == (40, 0, 0)


def test_equal_keys_of_two_gamers_are_separate(gamers: Gamers, uid: str) -> None:
    ann, bob = gamers(2)
    assert join(uid, (ann, "k", 10), (bob, "k", 10)) == ["ok", "ok"]
    assert IdempotencyKey.objects.count() == 2


def test_a_key_of_a_running_request_spoils_only_its_own_call(gamers: Gamers, studio: StudioCaller, uid: str) -> None:
    ann, bob = gamers(2)
    other = studio.tournament()
    with holding_seats(uid):
        [first] = begin_blocked(lambda: ann.join(uid, key="k"))
        assert join(other, (ann, "k", 10), (bob, "k", 10)) == ["IDEMPOTENCY_IN_PROGRESS", "ok"]
    first.result().ok()
    assert ann.join(uid, key="k").headers["Idempotent-Replayed"] == "true"


def test_an_answer_that_is_over_is_forgotten_and_made_anew(gamer: GamerCaller, uid: str) -> None:
    assert join(uid, (gamer, "k", 10)) == ["ok"]
    IdempotencyKey.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert join(uid, (gamer, "k", 10)) == ["EXISTING_PARTICIPATION_FOUND"]
    assert kept() == set()


def test_a_batch_that_fails_keeps_no_answer(gamers: Gamers, uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = gamers(2)
    # The database refuses the row of one answer: each call is tried alone.
    long = "k" * 256
    monkeypatch.setattr("kgen.fast_path.action_lane.is_key", lambda key: True)
    results = join(uid, (ann, long, 10), (bob, "b", 10))
    assert results[1] == "ok"
    assert kept() == {"b"}
    assert (ann.buckets(), bob.buckets()) == ((50, 0, 0), (40, 0, 0))
    assert ledger_faults() == []


def test_a_read_ignores_a_key(gamer: GamerCaller, uid: str) -> None:
    first = gamer.get("/fe/wallet/balance", key="k")
    gamer.join(uid).ok()
    second = gamer.get("/fe/wallet/balance", key="k")
    assert (first.json["bonus_balance"], second.json["bonus_balance"]) == (50, 40)
    assert kept() == set()


def test_both_paths_keep_the_same_key(gamer: GamerCaller, uid: str) -> None:
    ordinary = {"Content-Encoding": "identity"}
    first = gamer.join(uid, key="k", headers=ordinary)
    assert join(uid, (gamer, "k", 10)) == ["replayed"]
    again = gamer.join(uid, key="k")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.ok() and first.content, "true")
    leave = f"/fe/esports/tournaments/{uid}/leave"
    left = gamer.post(leave, key="l")
    assert gamer.post(leave, key="l", headers=ordinary).content == left.content
