"""What a referee does in tests, by the names that a test gives its gamers."""

from functools import partial

from esports.models import Participation, ScoreEvent
from esports.services import refereeing

OPERATOR = 7


def participation_of(uid: str, user_id: str) -> Participation:
    """A gamer's present stay."""
    return Participation.objects.get(tournament=uid, gamer__user_id=user_id, left_at=None)


def disqualify(uid: str, user_id: str, reason: str = "cheated", operator: int = OPERATOR) -> None:
    """Disqualify a gamer, or propose it for the last one."""
    refereeing.disqualify(participation_id=participation_of(uid, user_id).pk, operator_id=operator, reason=reason)


def disqualify_by_two(uid: str, user_id: str) -> None:
    """Disqualify the last gamer in the ranking."""
    for operator in (OPERATOR, OPERATOR + 1):
        disqualify(uid, user_id, operator=operator)


def reinstate(uid: str, user_id: str, reason: str = "did not") -> None:
    """Reinstate a gamer."""
    refereeing.reinstate(participation_id=participation_of(uid, user_id).pk, operator_id=OPERATOR, reason=reason)


def void(uid: str, user_id: str, number: int = -1, reason: str = "glitch") -> ScoreEvent:
    """Void one of a gamer's scores, counted in the order of acceptance; the last one unless told."""
    events = list(ScoreEvent.objects.filter(participation=participation_of(uid, user_id)).order_by("id"))
    voided: ScoreEvent = refereeing.void_score(event_id=events[number].pk, operator_id=OPERATOR, reason=reason)
    return voided


def ready_to_disqualify(uid: str, user_id: str, operator: int = OPERATOR) -> "partial[Participation]":
    """The call that disqualifies a gamer, to be made in another thread."""
    id = participation_of(uid, user_id).pk
    return partial(refereeing.disqualify, participation_id=id, operator_id=operator, reason="cheated")
