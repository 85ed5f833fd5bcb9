"""Referees against settlement, scores, leaving and claims: one of the two sees the other."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command

from esports.models import Participation, ScoreEvent
from esports.services import refereeing
from kgen.errors import DomainError
from rewards.models import HoldStep, Reward, Settlement
from rewards.selectors import reward_differences
from rewards.services.holding import hold_reward
from rewards.services.settling import settle_due, settle_tournament
from tests.support.addresses import CLAIM
from tests.support.clock import end
from tests.support.http import GamerCaller, StudioCaller
from tests.support.refereeing import OPERATOR, participation_of, ready_to_disqualify
from tests.support.settling import play
from tests.support.threads import begin_blocked, holding, holding_participation, holding_seats, together
from tests.support.waiting import eventually


def said(call: Callable[[], Any]) -> str:
    """'' where the call did what it should; the code of its refusal otherwise."""
    try:
        call()
    except DomainError as refusal:
        return refusal.code
    return ""


def ready_to_void(uid: str, user_id: str) -> "partial[ScoreEvent]":
    """The call that voids a gamer's one score."""
    event = ScoreEvent.objects.get(participation=participation_of(uid, user_id))
    return partial(refereeing.void_score, event_id=event.pk, operator_id=OPERATOR, reason="glitch")


def ended(studio: StudioCaller) -> str:
    """A tournament that waits to be settled."""
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    end(uid)
    return uid


@pytest.mark.parametrize("ready", [ready_to_disqualify, ready_to_void])
@pytest.mark.parametrize("first", ["ruling", "settling"])
def test_a_settlement_sees_a_ruling_or_the_ruling_is_too_late(
    studio: StudioCaller, ready: Callable[[str, str], Callable[[], Any]], first: str
) -> None:
    uid = ended(studio)
    calls = {"ruling": partial(said, ready(uid, "a")), "settling": partial(settle_tournament, tournament_id=UUID(uid))}
    with holding_seats(uid):
        runners = begin_blocked(calls[first], *(call for name, call in calls.items() if name != first))
    outcomes = [runner.result() for runner in runners]
    assert outcomes[0 if first == "ruling" else 1] == ("" if first == "ruling" else "WRONG_STATE")
    assert Reward.objects.get().gamer.user_id == ("b" if first == "ruling" else "a")
    assert Settlement.objects.get().ranked == (2 if first == "ruling" else 3)
    call_command("verify_settlement", uid)


def test_rulings_and_a_settlement_at_once_leave_a_provable_result(studio: StudioCaller) -> None:
    for _ in range(5):
        uid = ended(studio)
        rulings = [ready_to_disqualify(uid, "a"), ready_to_void(uid, "a"), ready_to_disqualify(uid, "b")]
        calls = [partial(said, ruling) for ruling in rulings] * 2 + [settle_due] * 2
        outcomes = together(calls)[:6]
        assert set(outcomes) <= {"", "WRONG_STATE"}
        assert outcomes[:3] == outcomes[3:] or {"", "WRONG_STATE"} == set(outcomes)
        ruled = set(
            Participation.objects.filter(tournament=uid, rank_key=None).values_list("gamer__user_id", flat=True)
        )
        winner = Reward.objects.get(tournament=uid).gamer.user_id
        assert winner == min({"a", "b", "c"} - ruled)
        call_command("verify_settlement", uid)


def test_parallel_rulings_after_the_end_leave_one_ranked_gamer(studio: StudioCaller) -> None:
    uid = studio.tournament(settlement_delay_seconds=3600)
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    end(uid)
    outcomes = together([partial(said, ready_to_disqualify(uid, name)) for name in "abc"])
    # The last of the three calls has only proposed it.
    assert outcomes == ["", "", ""]
    assert Participation.objects.filter(rank_key__isnull=False).count() == 1


@pytest.mark.parametrize("first", ["ruling", "settlement"])
def test_the_last_disqualification_and_a_settlement_at_once(studio: StudioCaller, first: str) -> None:
    uid = ended(studio)
    for name in "abc":
        ready_to_disqualify(uid, name)()
    second = partial(said, ready_to_disqualify(uid, "c", OPERATOR + 1))
    calls: dict[str, Callable[[], Any]] = {"ruling": second, "settlement": settle_due}
    with holding_seats(uid):
        runners = begin_blocked(calls[first], *(call for name, call in calls.items() if name != first))
    outcomes = [runner.result() for runner in runners]
    assert outcomes == (["", 1] if first == "ruling" else [1, "WRONG_STATE"])
    record = Settlement.objects.get()
    assert (record.ranked, record.to_house) == ((0, 30) if first == "ruling" else (1, 20))
    call_command("verify_settlement", uid)


@pytest.mark.parametrize("first", ["ruling", "score"])
def test_a_parallel_score_and_disqualification_run_one_after_the_other(
    studio: StudioCaller, gamer: GamerCaller, first: str
) -> None:
    uid = studio.tournament()
    play(studio, uid, {"another": 1})
    gamer.join(uid).ok()
    calls: dict[str, Callable[[], Any]] = {
        "ruling": partial(said, ready_to_disqualify(uid, gamer.user_id)),
        "score": lambda: gamer.score(uid, 5).status,
    }
    with holding_participation(uid, gamer.user_id):
        runners = begin_blocked(calls[first], *(call for name, call in calls.items() if name != first))
    assert {runner.result() for runner in runners} == {"", 409 if first == "ruling" else 200}
    row = participation_of(uid, gamer.user_id)
    assert (row.score, row.rank_key) == (None if first == "ruling" else 5, None)


@pytest.mark.parametrize("first", ["ruling", "leave"])
def test_a_parallel_leave_and_disqualification_do_not_both_succeed(
    studio: StudioCaller, gamer: GamerCaller, first: str
) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    calls: dict[str, Callable[[], Any]] = {
        "ruling": partial(said, ready_to_disqualify(uid, gamer.user_id)),
        "leave": lambda: gamer.leave(uid).status,
    }
    with holding_seats(uid):
        runners = begin_blocked(calls[first], *(call for name, call in calls.items() if name != first))
    assert [runner.result() for runner in runners] == (["", 409] if first == "ruling" else [200, "WRONG_STATE"])
    assert gamer.buckets() == ((40, 0, 0) if first == "ruling" else (50, 0, 0))


@pytest.mark.parametrize("first", ["hold", "claim"])
def test_a_parallel_hold_and_claim_do_not_both_succeed(studio: StudioCaller, first: str) -> None:
    uid = studio.tournament()
    gamer = play(studio, uid, {"a": 3, "b": 2, "c": 1})["a"]
    end(uid)
    settle_due()
    reward = Reward.objects.get()
    calls: dict[str, Callable[[], Any]] = {
        "hold": partial(said, partial(hold_reward, reward_id=reward.pk, operator_id=OPERATOR, reason="odd")),
        "claim": lambda: gamer.post(CLAIM).ok()["claimed"],
    }
    with holding("SELECT 1 FROM rewards_reward WHERE id = %s FOR UPDATE", [reward.pk]):
        runners = begin_blocked(calls[first], *(call for name, call in calls.items() if name != first))
    assert [runner.result() for runner in runners] == (["", 0] if first == "hold" else [1, "WRONG_STATE"])
    assert gamer.buckets() == ((40, 0, 0) if first == "hold" else (40, 0, 10))
    assert reward_differences() == []


def test_parallel_holds_and_claims_leave_each_reward_in_one_state(studio: StudioCaller) -> None:
    gamer = studio.gamer("a")
    for _ in range(4):
        uid = studio.tournament()
        play(studio, uid, {"a": 3, "b": 2, "c": 1})
        end(uid)
    eventually(lambda: settle_due() == 0)
    ids = list(Reward.objects.values_list("pk", flat=True))
    holds = [partial(said, partial(hold_reward, reward_id=id, operator_id=OPERATOR, reason="odd")) for id in ids]
    claims: list[Callable[[], Any]] = [
        lambda id=id: gamer.post(CLAIM, {"reward_ids": [str(id)]}).ok()["claimed"]  # type: ignore[misc]
        for id in ids
    ]
    pairs = [pair for both in zip(holds, claims, strict=True) for pair in both]
    answers = together([*pairs, *holds])
    claimed = sum(answers[1:8:2])
    assert claimed == Reward.objects.filter(status="CLAIMED").count()
    assert len(ids) - claimed == Reward.objects.filter(status="HELD").count() == HoldStep.objects.count()
    assert gamer.buckets() == (10, 0, 10 * claimed)
    assert reward_differences() == []
