"""Whatever scores are posted: the events that were kept fold to the standing that is stored."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esports.models import Participation, ScoreEvent, Tournament
from esports.ranking import MAX_SCORE, fold, rank_key
from esports.selectors.tournaments import TournamentAt
from esports.services.joining import join_tournament
from esports.services.organising import create_tournament
from esports.services.scoring import ServerScore, post_score, post_scores
from kgen.clock import database_now
from kgen.errors import DomainError
from tests.support.http import SPONSORED, GamerCaller, StudioCaller
from tests.support.organising import soon
from users.models import Client, Gamer

pytestmark = pytest.mark.django_db

small = st.integers(-6, 6)
edge = st.sampled_from([MAX_SCORE, -MAX_SCORE, MAX_SCORE - 1])
events = st.none() | st.sampled_from(["a", "b", "c"])
posts = st.tuples(st.integers(0, 1), st.one_of(small, small, small, edge), events)
# One call: a gamer's own score, or a few that the studio's server posts at once.
calls = st.one_of(posts, posts, st.lists(posts, min_size=1, max_size=4))
bounds = st.none() | st.tuples(st.integers(-6, 0), st.integers(1, 6))


@pytest.fixture
def players(studio: StudioCaller) -> list[Gamer]:
    """Two gamers' rows."""
    return [Gamer.objects.get(client=studio.client_id, user_id=studio.gamer(name).user_id) for name in ("ann", "bob")]


def free_tournament(client: Client, **rules: Any) -> TournamentAt:
    """A tournament of these rules that costs nothing."""
    fields = {"title": "Cup", "buy_in_price": 0, "tournament_size": 9, "ends_at": database_now().replace(year=2030)}
    client.sponsorship_limit = 1_000
    return create_tournament(client=client, given=fields | SPONSORED | {"score_source": "any"} | rules)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["latest", "best", "sum"]),
    st.sampled_from(["desc", "asc"]),
    bounds,
    st.lists(calls, max_size=14),
)
def test_score_events_of_any_call_sequence_fold_to_the_standings(
    client_row: Client, players: list[Gamer], operator: str, order: str, limits: Any, sequence: list[Any]
) -> None:
    least, most = limits or (None, None)
    made = free_tournament(client_row, score_operator=operator, score_order=order, score_min=least, score_max=most)
    uid = str(made.tournament.pk)
    for player in players:
        join_tournament(gamer=player, uid=uid, joining_stake=0)
    accepted = sum(play(client_row, uid, players, call) for call in sequence)
    assert ScoreEvent.objects.filter(participation__tournament=uid).count() == accepted
    for participation in Participation.objects.filter(tournament=uid):
        check_standing(made.tournament, participation)


def play(client: Client, uid: str, players: list[Gamer], call: Any) -> int:
    """Make one call; how many scores were accepted."""
    if isinstance(call, list):
        rows = [ServerScore(players[index].user_id, value, event) for index, value, event in call]
        results = post_scores(client_id=client.pk, uid=uid, scores=rows)
        return [result.status for result in results].count("accepted")
    index, value, event = call
    before = ScoreEvent.objects.filter(participation__tournament=uid).count()
    try:
        post_score(gamer=players[index], uid=uid, value=value, event_id=event)
    except DomainError:
        return 0
    return ScoreEvent.objects.filter(participation__tournament=uid).count() - before


def check_standing(tournament: Tournament, participation: Participation) -> None:
    """A standing is what its events fold to, and each event says what it came to."""
    rule = tournament.score_rule
    rows = list(ScoreEvent.objects.filter(participation=participation).order_by("id"))
    folded = fold(rule, [(row.value, row.accepted_at) for row in rows])
    assert (participation.score, participation.reached_at) == (folded.score, folded.reached_at)
    assert participation.rank_key == (None if folded.score is None else rank_key(rule.order, folded.score))
    for count, row in enumerate(rows, start=1):
        assert row.standing == fold(rule, [(row.value, row.accepted_at) for row in rows[:count]]).score
    named = [row.event_id for row in rows if row.event_id]
    assert len(named) == len(set(named))


def test_scores_of_one_call_fold_in_their_order(studio: StudioCaller, gamer: GamerCaller) -> None:
    uid = studio.tournament(buy_in_price=0, ends_at_timestamp=soon(days=1))
    gamer.join(uid, 0).ok()
    rows = [{"user_id": gamer.user_id, "value": value} for value in (3, 9, 3, 4)]
    answer = studio.post(f"/s2s/esports/tournaments/{uid}/scores", {"scores": rows}).ok()
    assert [row["score"] for row in answer["results"]] == [3, 9, 3, 4]
    assert list(ScoreEvent.objects.order_by("id").values_list("value", "standing")) == [(3, 3), (9, 9), (3, 3), (4, 4)]
    check_standing(Tournament.objects.get(), Participation.objects.get())
