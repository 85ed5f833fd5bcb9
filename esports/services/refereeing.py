"""What a referee decides before a tournament is settled: which scores count, and who holds a rank.

A disqualified gamer stays in the field, and so does the stake. Where nobody is left who holds a rank, the tournament
comes to what it would be if nobody had a score: CANCELLED at its end, and all stakes go back, the disqualified's too,
for the house must not win by its own referee. From the end on COMPLETED is final, so the last one in the ranking can
then no longer be taken out of it; a prize that must not be paid is held and forfeited (rewards.services.holding).

Of two referees who rule the same the second is refused: nothing was decided then, so nothing may say that it was.
"""

from uuid import UUID

from django.db import connection

from esports import ranking
from esports.lifecycle import Status
from esports.locks import lock_participation, lock_seats, reread_under_lock
from esports.models import LeaderboardRow, Participation, Ruling, ScoreEvent
from esports.ranking import Standing
from esports.selectors.tournaments import TournamentAt
from kgen.errors import RecordNotFound, WrongState
from kgen.transactions import transactional


@transactional
def void_score(*, event_id: int, operator_id: int, reason: str) -> ScoreEvent:
    """Let an accepted score count no more: it stays as history, and the standing is what the others fold to.

    A gamer of whom no score is left is one without a score, who may also leave again.

    :raises RecordNotFound: there is no such score.
    :raises WrongState: it is voided already; the tournament is settled or cancelled, or is over and nobody would be
        left in its ranking.
    :raises ScoreOutOfRange: the sum of the others would leave the range that can be kept exactly.
    """
    found = ScoreEvent.objects.filter(pk=event_id).first()
    if found is None:
        raise RecordNotFound()
    stay, current = _hold(found.participation_id)
    event = ScoreEvent.objects.get(pk=event_id)
    if event.voided_at is not None:
        raise WrongState("This score is voided already.")
    _check_undecided(current, stay)
    event.voided_at, event.voided_by, event.void_reason = current.now, operator_id, reason
    event.save(update_fields=["voided_at", "voided_by", "void_reason"])
    events = ScoreEvent.objects.filter(participation=stay.pk, voided_at=None).order_by("id")
    standing = ranking.fold(current.tournament.score_rule, events.values_list("value", "accepted_at"))
    _write(current, stay, standing, is_ranked=stay.disqualified_at is None and standing.score is not None)
    return event


@transactional
def disqualify(*, participation_id: UUID, operator_id: int, reason: str) -> Participation:
    """Take a gamer out of the ranking: no rank, no prize, no further score, no leaving; the stake stays.

    :raises RecordNotFound: there is no such participation.
    :raises WrongState: that is so already; the gamer has left; the tournament is settled or cancelled, or is over and
        nobody would be left in its ranking.
    """
    stay, current = _hold(participation_id)
    if stay.disqualified_at is not None:
        raise WrongState("The gamer is disqualified already.")
    _check_undecided(current, stay)
    _note(current, stay, Ruling.Act.DISQUALIFY, operator_id, reason)
    stay.disqualified_at = current.now
    _write(current, stay, Standing(stay.score, stay.reached_at), is_ranked=False)
    return stay


@transactional
def reinstate(*, participation_id: UUID, operator_id: int, reason: str) -> Participation:
    """Undo a disqualification: the gamer stands where the score was reached.

    :raises RecordNotFound: there is no such participation.
    :raises WrongState: there is none to undo; the tournament is settled or cancelled.
    """
    stay, current = _hold(participation_id)
    if stay.disqualified_at is None:
        raise WrongState("The gamer is not disqualified.")
    _check_undecided(current, stay)
    _note(current, stay, Ruling.Act.REINSTATE, operator_id, reason)
    stay.disqualified_at = None
    _write(current, stay, Standing(stay.score, stay.reached_at), is_ranked=stay.score is not None)
    return stay


def _hold(participation_id: UUID) -> tuple[Participation, TournamentAt]:
    """The stay, held in its tournament, and the clock after that: settlement waits for it, or was before it."""
    found = Participation.objects.filter(pk=participation_id).first()
    if found is None:
        raise RecordNotFound()
    lock_seats(found.tournament_id)
    return lock_participation(found.pk), reread_under_lock(found.tournament_id)


def _check_undecided(current: TournamentAt, stay: Participation) -> None:
    if stay.left_at is not None:
        raise WrongState("The gamer has left.")
    if current.tournament.settled_at is not None:
        raise WrongState("The tournament is settled.")
    if current.status is Status.CANCELLED:
        raise WrongState("The tournament is cancelled.")


def _note(current: TournamentAt, stay: Participation, act: Ruling.Act, operator_id: int, reason: str) -> None:
    Ruling.objects.create(
        client_id=stay.client_id,
        participation=stay,
        act=act,
        reason=reason,
        operator_id=operator_id,
        ruled_at=current.now,
    )


def _write(current: TournamentAt, stay: Participation, standing: Standing, *, is_ranked: bool) -> None:
    """Write what was decided about a stay, and its row of the board anew; rank caches are told of it."""
    others = LeaderboardRow.objects.filter(tournament=stay.tournament_id).exclude(participation=stay.pk)
    if current.status is Status.COMPLETED and not is_ranked and not others.exists():
        raise WrongState("The tournament is over, and nobody would be left in its ranking.")
    key = ranking.rank_key(current.tournament.order, standing.score or 0) if is_ranked else None
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [stay.tournament_id, stay.rank_key, stay.reached_at, stay.joined_at, stay.pk])
        if cursor.rowcount != (stay.rank_key is not None):
            raise RuntimeError("a row is missing on the leaderboard: verify_ledger names it")
        cursor.execute(_WRITE, [standing.score, standing.reached_at, key, stay.disqualified_at, stay.pk])
        cursor.execute(_PUT, [stay.pk])
        cursor.execute(_TELL, [stay.tournament_id, [stay.pk]])


_TAKE = """
DELETE FROM esports_leaderboardrow
 WHERE tournament_id = %s AND rank_key = %s AND reached_at = %s AND joined_at = %s AND id = %s
"""
_WRITE = """
UPDATE esports_participation SET score = %s, reached_at = %s, rank_key = %s, disqualified_at = %s WHERE id = %s
"""
_PUT = """
INSERT INTO esports_leaderboardrow (tournament_id, rank_key, reached_at, joined_at, id, score, user_id, username)
SELECT tournament_id, rank_key, reached_at, joined_at, stay.id, score, user_id, username
  FROM esports_participation AS stay JOIN users_gamer AS gamer ON gamer.id = stay.gamer_id
 WHERE stay.id = %s AND rank_key IS NOT NULL
"""
_TELL = """
INSERT INTO esports_standingchange (tournament_id, participation_ids, xid, changed_at)
VALUES (%s, %s::uuid[], pg_current_xact_id()::text::bigint, clock_timestamp())
"""
