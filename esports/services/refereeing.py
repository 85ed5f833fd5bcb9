"""A referee's rulings before a tournament is settled: which scores count, and which gamers have a rank.

A disqualified gamer stays in the field, and so does the stake: cheats get nothing back, even if nobody else has a
score. Then the house wins all stakes by its own referee, so the last gamer in the ranking is disqualified by two
operators: the first proposes it, the second makes it. Only where no score is left, counting or disqualified, is a
tournament CANCELLED at its end. From the end on COMPLETED is final, so the last score can't be voided then; an operator
holds and forfeits a prize that must not be paid (rewards.services.holding).

If two referees rule the same, the second is refused: that call decides nothing, so nothing may record it.
"""

from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from esports import ranking
from esports.lifecycle import Status
from esports.locks import lock_participation, lock_seats, reread_under_lock
from esports.models import LeaderboardRow, Participation, Ruling, ScoreEvent
from esports.ranking import Standing
from esports.selectors.tournaments import TournamentAt, disqualified_scores
from esports.sql import insert_change, insert_rows, order
from kgen.errors import RecordNotFound, WrongState
from kgen.transactions import transactional


@transactional
def void_score(*, event_id: int, operator_id: int, reason: str) -> ScoreEvent:
    """Void an accepted score: it stays as history, and the other scores fold to the standing.

    A gamer without any score left may leave again.

    :raises RecordNotFound: there is no such score.
    :raises WrongState: it is voided already; the tournament is settled or cancelled; or the ranking would become empty,
        and the tournament has ended or has disqualified scores.
    :raises ScoreOutOfRange: the sum of the other scores is out of range.
    """
    found = ScoreEvent.objects.filter(pk=event_id).first()
    if found is None:
        raise RecordNotFound()
    participation, current = _lock(found.participation_id)
    event = ScoreEvent.objects.get(pk=event_id)
    if event.voided_at is not None:
        raise WrongState("This score is voided already.")
    _check_undecided(current, participation)
    event.voided_at, event.voided_by, event.void_reason = current.now, operator_id, reason
    event.save(update_fields=["voided_at", "voided_by", "void_reason"])
    events = ScoreEvent.objects.filter(participation=participation.pk, voided_at=None).order_by("id")
    standing = ranking.fold(current.tournament.score_rule, events.values_list("value", "accepted_at"))
    is_ranked = participation.disqualified_at is None and standing.score is not None
    _check_void(current, participation, is_scored=standing.score is not None)
    _write(current, participation, standing, is_ranked=is_ranked)
    return event


@transactional
def disqualify(*, participation_id: UUID, operator_id: int, reason: str) -> Participation:
    """Take a gamer out of the ranking: no rank, no prize, no further score, no leaving; the stake stays.

    The first operator's call for the last gamer in the ranking only proposes it: `disqualified_at` stays None.

    :raises RecordNotFound: there is no such participation.
    :raises WrongState: the gamer is disqualified already or has left; the tournament is settled or cancelled; or the
        operator has proposed it: another one has to agree.
    """
    participation, current = _lock(participation_id)
    if participation.disqualified_at is not None:
        raise WrongState("The gamer is disqualified already.")
    _check_undecided(current, participation)
    if participation.rank_key is not None and not _others(participation).exists():
        proposal = Ruling.objects.filter(participation=participation.pk).order_by("-id").first()
        if proposal is None or proposal.act != Ruling.Act.PROPOSE:
            _note(current, participation, Ruling.Act.PROPOSE, operator_id, reason)
            return participation
        if proposal.operator_id == operator_id:
            raise WrongState("This is the last gamer in the ranking: another operator has to disqualify too.")
    _note(current, participation, Ruling.Act.DISQUALIFY, operator_id, reason)
    participation.disqualified_at = current.now
    _write(current, participation, Standing(participation.score, participation.reached_at), is_ranked=False)
    return participation


@transactional
def reinstate(*, participation_id: UUID, operator_id: int, reason: str) -> Participation:
    """Undo a disqualification: the gamer has the standing of before, with the time at which it was reached.

    :raises RecordNotFound: there is no such participation.
    :raises WrongState: the gamer is not disqualified; the tournament is settled or cancelled.
    """
    participation, current = _lock(participation_id)
    if participation.disqualified_at is None:
        raise WrongState("The gamer is not disqualified.")
    _check_undecided(current, participation)
    _note(current, participation, Ruling.Act.REINSTATE, operator_id, reason)
    participation.disqualified_at = None
    standing = Standing(participation.score, participation.reached_at)
    _write(current, participation, standing, is_ranked=standing.score is not None)
    return participation


def _lock(participation_id: UUID) -> tuple[Participation, TournamentAt]:
    """Lock a participation and its tournament's field, then read the clock: a settlement is before this or after it."""
    found = Participation.objects.filter(pk=participation_id).first()
    if found is None:
        raise RecordNotFound()
    lock_seats(found.tournament_id)
    return lock_participation(found.pk), reread_under_lock(found.tournament_id)


def _check_undecided(current: TournamentAt, participation: Participation) -> None:
    if participation.left_at is not None:
        raise WrongState("The gamer has left.")
    if current.tournament.settled_at is not None:
        raise WrongState("The tournament is settled.")
    if current.status is Status.CANCELLED:
        raise WrongState("The tournament is cancelled.")


def _check_void(current: TournamentAt, participation: Participation, *, is_scored: bool) -> None:
    """Accept only a void that neither turns COMPLETED into CANCELLED nor leaves all stakes to the house."""
    if is_scored or _others(participation).exists():
        return
    out = disqualified_scores(participation.tournament_id)
    if participation.rank_key is not None and out.exists():
        raise WrongState("This is the last score that is not disqualified: disqualify the gamer instead.")
    if current.status is Status.COMPLETED and not out.exclude(pk=participation.pk).exists():
        raise WrongState("The tournament is over and would have no score left.")


def _others(participation: Participation) -> QuerySet[LeaderboardRow]:
    """The other rows of the board."""
    rows = LeaderboardRow.objects.filter(tournament=participation.tournament_id)
    return rows.exclude(participation=participation.pk)


def _note(current: TournamentAt, participation: Participation, act: Ruling.Act, operator_id: int, reason: str) -> None:
    Ruling.objects.create(
        client_id=participation.client_id,
        participation=participation,
        act=act,
        reason=reason,
        operator_id=operator_id,
        ruled_at=current.now,
    )


def _write(current: TournamentAt, participation: Participation, standing: Standing, *, is_ranked: bool) -> None:
    """Write a participation's new standing and its row of the board, and log the change for rank caches."""
    key = ranking.rank_key(current.tournament.order, standing.score or 0) if is_ranked else None
    had_row = participation.rank_key is not None
    with connection.cursor() as cursor:
        if had_row:
            cursor.execute(_REMOVE_ROW, [participation.tournament_id, *participation.sort_key])
            if cursor.rowcount != 1:
                raise RuntimeError("a row is missing on the leaderboard: verify_ledger names it")
        changes = [standing.score, standing.reached_at, key, participation.disqualified_at]
        cursor.execute(_WRITE, [*changes, participation.pk])
        cursor.execute(_INSERT_ROW, [participation.pk])
        cursor.execute(_INSERT_CHANGE, [participation.pk])


_REMOVE_ROW = f"DELETE FROM esports_leaderboardrow WHERE tournament_id = %s AND ({order()}) = (%s, %s, %s, %s)"
_WRITE = """
UPDATE esports_participation SET score = %s, reached_at = %s, rank_key = %s, disqualified_at = %s WHERE id = %s
"""
_INSERT_ROW = insert_rows("(SELECT * FROM esports_participation WHERE id = %s AND rank_key IS NOT NULL)")
_INSERT_CHANGE = insert_change("(SELECT tournament_id, id FROM esports_participation WHERE id = %s)")
