"""Ending a tournament while scores come in, and publishing a draft twice: no score behind the end, no second one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from esports.models import ScoreEvent, Tournament, TournamentDraft
from esports.services.drafting import open_draft, publish_draft
from esports.services.ending import end_tournament
from kgen.clock import database_now
from kgen.errors import WrongState
from tests.support.http import GamerCaller, StudioCaller
from tests.support.threads import OVER, begin_blocked, holding_participation, outcomes, together
from users.models import Client, Operator


def test_a_score_is_accepted_before_the_end_or_refused(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    crowd = gamers(15)
    uid = studio.tournament()
    for one in crowd:
        one.join(uid).ok()
    scores = [lambda one=one, value=value: one.score(uid, value) for one in crowd for value in range(2)]
    middle = len(scores) // 2
    end = [lambda: end_tournament(client_id=UUID(studio.client_id), uid=uid)]
    answers = together([*scores[:middle], *end, *scores[middle:]])
    answered = outcomes(answers[:middle] + answers[middle + 1 :])
    ends_at = Tournament.objects.get(pk=uid).ends_at
    accepted = ScoreEvent.objects.filter(participation__tournament=uid)
    assert answered.keys() <= {(200, ""), OVER}
    assert answered[200, ""] == accepted.count()
    assert not accepted.filter(accepted_at__gte=ends_at).exists()


def test_ending_a_tournament_waits_for_a_running_score(
    studio: StudioCaller, gamers: Callable[[int], list[GamerCaller]]
) -> None:
    uid = studio.tournament()
    (one,) = gamers(1)
    one.join(uid).ok()
    with holding_participation(uid, one.user_id):
        score, end = begin_blocked(
            lambda: one.score(uid, 7),
            lambda: end_tournament(client_id=UUID(studio.client_id), uid=uid),
        )
    assert score.result().status == 200
    assert ScoreEvent.objects.get().accepted_at < end.result().tournament.ends_at


def test_parallel_publications_of_a_draft_make_one_tournament(client_row: Client) -> None:
    operator = Operator.objects.create_user("ann")
    draft = open_draft(operator_id=operator.pk, client_id=client_row.pk, fields={})
    ends_at = database_now().replace(year=database_now().year + 1, day=1)
    given = {"title": "Cup", "buy_in_price": 10, "tournament_size": 100, "ends_at": ends_at}

    def publish() -> Any:
        try:
            return publish_draft(operator_id=operator.pk, draft_id=draft.pk, client=client_row, given=given)
        except WrongState as refusal:
            return refusal.detail

    answered = together([publish] * 8)
    assert answered.count("The draft is published already.") == 7
    assert TournamentDraft.objects.get().tournament == Tournament.objects.get()
