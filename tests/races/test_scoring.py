"""Scores against leaving, and about the end: what was accepted counts, what came too late never does."""

from collections import Counter
from collections.abc import Callable

import pytest

from esports.models import Participation, ScoreEvent, Tournament
from tests.support.http import Answer, GamerCaller, StudioCaller
from tests.support.threads import (
    OVER,
    ask,
    at_once,
    await_end,
    begin_blocked,
    holding_participation,
    holding_seats,
    move_end,
    outcomes,
    together,
)


def winner(score: Answer, leave: Answer) -> str:
    """Which of the two was done; fails unless the other was refused for it."""
    found = outcomes([score]) + outcomes([leave])
    if score.status == 200:
        assert found == {(200, ""): 1, (409, "WRONG_STATE"): 1}
        return "score"
    assert found == {(404, "TOURNAMENT_PARTICIPATION_NOT_FOUND"): 1, (200, ""): 1}
    return "leave"


def test_a_parallel_score_and_leave_do_not_both_succeed(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    crowd = gamers(10)
    won: Counter[str] = Counter()
    for _ in range(5):
        uid = studio.tournament(buy_in_price=10)
        for one in crowd:
            one.join(uid).ok()
        # Every other pair the other way round: who is started first has a better chance.
        calls = [(lambda one=one: one.score(uid, 7), lambda one=one: one.leave(uid)) for one in crowd]  # noqa: B023
        order = [pair[::-1] if number % 2 else pair for number, pair in enumerate(calls)]
        answers = together([call for pair in order for call in pair])
        for number, one in enumerate(crowd):
            pair = answers[2 * number : 2 * number + 2]
            won[what := winner(*(pair[::-1] if number % 2 else pair))] += 1
            participation = Participation.objects.get(tournament=uid, gamer__user_id=one.user_id)
            assert (participation.score, participation.left_at is None) == (
                (7, True) if what == "score" else (None, False)
            )
            assert ScoreEvent.objects.filter(participation=participation).count() == (what == "score")
        assert Participation.objects.filter(tournament=uid, left_at=None).count() == ask(_TAKEN, uid)
    assert won.total() == 50
    kept = [50 - one.buckets()[0] for one in crowd]
    assert sum(kept) == 10 * won["score"]


@pytest.mark.parametrize("first", ["score", "leave"])
def test_the_call_that_locks_the_participation_first_succeeds(
    studio: StudioCaller, gamer: GamerCaller, first: str
) -> None:
    uid = studio.tournament(buy_in_price=10)
    gamer.join(uid).ok()
    calls = {"score": lambda: gamer.score(uid, 7), "leave": lambda: gamer.leave(uid)}
    names = sorted(calls, key=lambda name: name != first)
    with holding_participation(uid, gamer.user_id):
        runners = dict(zip(names, begin_blocked(*(calls[name] for name in names)), strict=True))
    assert winner(runners["score"].result(), runners["leave"].result()) == first
    assert gamer.buckets() == ((40, 0, 0) if first == "score" else (50, 0, 0))


def test_every_score_accepted_near_the_end_counts_from_before_the_end(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    uid = studio.tournament(score_operator="sum", score_source="any")
    crowd = gamers(8)
    for one in crowd:
        one.join(uid).ok()
    move_end(uid, 0.7)

    def play(one: GamerCaller) -> list[Answer]:
        """Score until three in a row were refused."""
        answers: list[Answer] = []
        while [answer.status for answer in answers[-3:]] != [400] * 3:
            answers.append(one.score(uid, 1, event_id=str(len(answers))))
        return answers

    for one, answers in zip(crowd, together([lambda one=one: play(one) for one in crowd]), strict=True):
        accepted = [answer.status for answer in answers].index(400)
        assert accepted > 0
        assert outcomes(answers) == {(200, ""): accepted, OVER: 3}
        events = ScoreEvent.objects.filter(participation__gamer__user_id=one.user_id)
        assert sorted(map(int, events.values_list("event_id", flat=True))) == list(range(accepted))
        assert Participation.objects.get(gamer__user_id=one.user_id).score == accepted
    ends_at = Tournament.objects.get().ends_at
    assert not ScoreEvent.objects.filter(accepted_at__gte=ends_at).exists()


def test_a_score_that_waits_for_the_participation_while_the_end_passes_is_refused(
    studio: StudioCaller, gamer: GamerCaller
) -> None:
    uid = studio.tournament()
    gamer.join(uid).ok()
    move_end(uid, 0.5)
    with holding_participation(uid, gamer.user_id):
        (scoring,) = begin_blocked(lambda: gamer.score(uid, 7))
        assert ask("SELECT clock_timestamp() < ends_at FROM esports_tournament"), "it has to wait before the end"
        await_end(uid)
    scoring.result().refused(*OVER)
    assert not ScoreEvent.objects.exists()
    assert Participation.objects.get().score is None


def test_bulk_scores_that_wait_while_the_end_passes_are_refused_row_by_row(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    uid = studio.tournament()
    crowd = gamers(3)
    for one in crowd:
        one.join(uid).ok()
    move_end(uid, 0.5)
    body = {"scores": [{"user_id": one.user_id, "value": 7} for one in crowd]}
    with holding_participation(uid, crowd[1].user_id):
        (posting,) = begin_blocked(lambda: studio.post(f"/s2s/esports/tournaments/{uid}/scores", body))
        assert ask("SELECT clock_timestamp() < ends_at FROM esports_tournament"), "it has to wait before the end"
        await_end(uid)
    results = posting.result().ok()["results"]
    assert [(row["status"], row["code"]) for row in results] == [("refused", "TOURNAMENT_IS_NOT_LIVE")] * 3
    assert not ScoreEvent.objects.exists()


def test_joins_and_leaves_that_wait_while_the_lock_passes_are_refused(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    uid = studio.tournament(buy_in_price=10)
    inside, outside = gamers(2)
    inside.join(uid).ok()
    move_end(uid, 0.5)
    with holding_seats(uid):
        waiting = begin_blocked(lambda: inside.leave(uid), lambda: outside.join(uid))
        assert ask("SELECT clock_timestamp() < locks_at FROM esports_tournament"), "they have to wait before it"
        await_end(uid)
    assert outcomes(runner.result() for runner in waiting) == {OVER: 2}
    assert (inside.buckets(), outside.buckets()) == ((40, 0, 0), (50, 0, 0))


def test_50_parallel_posts_of_one_event_count_once(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(score_operator="sum", score_source="any")
    gamer.join(uid).ok()
    answers = at_once(50, lambda: gamer.score(uid, 7, event_id="match-1"))
    assert outcomes(answers) == {(200, ""): 50}
    assert ScoreEvent.objects.count() == 1
    assert gamer.board(uid)["me"] == {"rank": 1, "score": 7, "shared_rank": 1}


def test_parallel_sums_of_gamer_and_server_lose_no_score(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    uid = studio.tournament(score_operator="sum", score_source="any")
    crowd = gamers(4)
    for one in crowd:
        one.join(uid).ok()
    rows = [{"user_id": one.user_id, "value": 100} for one in crowd]
    # In both directions, so that locks taken in the order of the body would deadlock.
    bodies = [{"scores": rows}, {"scores": rows[::-1]}] * 5
    calls = [lambda body=body: studio.post(f"/s2s/esports/tournaments/{uid}/scores", body) for body in bodies]
    calls += [lambda one=one: one.score(uid, 1) for one in crowd * 5]
    assert outcomes(together(calls)) == {(200, ""): 30}
    assert set(Participation.objects.values_list("score", flat=True)) == {1005}
    assert ScoreEvent.objects.count() == 10 * 4 + 20


_TAKEN = "SELECT taken FROM esports_seats WHERE tournament_id = %s"
