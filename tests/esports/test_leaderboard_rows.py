"""A board's rows are what the participations say, in an order that no index of participations needs to hold."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from esports.models import LeaderboardRow, Participation, Ruling, ScoreEvent, StandingChange
from esports.selectors.escrows import escrow_differences
from esports.services import changes, refereeing, scoring
from kgen.clock import database_now
from tests.support.http import StudioCaller

pytestmark = pytest.mark.django_db


@pytest.fixture
def uid(studio: StudioCaller) -> str:
    """A free tournament in which ann has 5 and bob has 3."""
    made = studio.tournament(buy_in_price=0)
    for name, value in (("ann", 5), ("bob", 3)):
        gamer = studio.gamer(name)
        gamer.join(made, 0).ok()
        gamer.score(made, value).ok()
    return made


def rows(uid: str) -> list[tuple[str, int]]:
    """Who stands in a board's order, with the score."""
    found = LeaderboardRow.objects.filter(tournament=uid).order_by("rank_key", "reached_at", "joined_at")
    return list(found.values_list("user_id", "score"))


def faults() -> list[str]:
    """What the proof finds wrong about boards."""
    return [found.found for found in escrow_differences() if found.rule.startswith("rows of leaderboards")]


def test_a_better_score_moves_the_gamers_row(studio: StudioCaller, uid: str) -> None:
    assert rows(uid) == [("ann", 5), ("bob", 3)]
    studio.gamer("bob").score(uid, 9).ok()
    assert rows(uid) == [("bob", 9), ("ann", 5)]
    assert faults() == []


def test_a_transaction_notes_each_changed_standing_once(studio: StudioCaller, uid: str) -> None:
    StandingChange.objects.all().delete()
    posted = [("ann", 1), ("bob", 2), ("ann", 7), ("nobody", 1)]
    client_id = Participation.objects.filter(tournament=uid).values_list("client_id", flat=True)[0]
    scoring.post_scores(
        client_id=client_id, uid=uid, scores=[scoring.ServerScore(name, value) for name, value in posted]
    )
    [change] = StandingChange.objects.all()
    assert set(change.participation_ids) == set(Participation.objects.values_list("pk", flat=True))
    # What leaves a standing as it is tells nothing.
    scoring.post_scores(client_id=client_id, uid=uid, scores=[scoring.ServerScore("ann", 7)])
    assert StandingChange.objects.count() == 1


def test_a_missing_leaderboard_row_is_an_error(studio: StudioCaller, uid: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM esports_leaderboardrow WHERE score = 5")
    assert faults() == ["a standing without a row"]
    [participation] = Participation.objects.filter(gamer__user_id="ann")
    posted = [scoring.ServerScore("ann", 8), scoring.ServerScore("bob", 8)]
    with pytest.raises(RuntimeError, match="verify_ledger"):
        scoring.post_scores(client_id=participation.client_id, uid=uid, scores=posted)
    assert rows(uid) == [("bob", 3)]
    assert sorted(Participation.objects.values_list("score", flat=True)) == [3, 5]
    assert ScoreEvent.objects.count() == 2
    with pytest.raises(RuntimeError, match="verify_ledger"):
        refereeing.disqualify(participation_id=participation.pk, operator_id=1, reason="r")
    assert not Ruling.objects.exists()


def test_the_check_finds_a_leaderboard_row_without_a_standing(uid: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE esports_leaderboardrow SET score = 6, rank_key = -6 WHERE score = 5")
    assert sorted(faults()) == ["a row without a standing", "a standing without a row"]


def test_a_leaderboard_row_needs_a_participation(uid: str) -> None:
    [one, _] = LeaderboardRow.objects.filter(tournament=uid)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE esports_leaderboardrow SET id = %s WHERE id = %s", [uuid4(), one.participation_id])
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def test_no_participation_index_has_columns_that_scores_or_settlements_update() -> None:
    """One that did would let each of them write all indexes of the table."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD)
        held = {name for (name,) in cursor.fetchall()}
    assert {"id", "tournament_id", "gamer_id"} <= held
    assert held.isdisjoint({"score", "rank_key", "reached_at", "final_rank", "prize"})


def test_standing_changes_are_deleted_after_some_hours(uid: str) -> None:
    assert StandingChange.objects.count() == 2
    first = StandingChange.objects.earliest("pk")
    StandingChange.objects.filter(pk=first.pk).update(changed_at=database_now() - changes.KEPT - timedelta(seconds=1))
    changes.forget_changes()
    assert list(StandingChange.objects.values_list("pk", flat=True)) == [first.pk + 1]


# Expressions and predicates too: of what a partial index asks about, PostgreSQL takes notice all the same.
_HELD = """
SELECT DISTINCT attribute.attname
  FROM pg_index AS index
  JOIN pg_class AS class ON class.oid = index.indexrelid
  JOIN pg_am AS method ON method.oid = class.relam AND method.amname <> 'brin'
  JOIN pg_attribute AS attribute ON attribute.attrelid = index.indrelid AND attribute.attnum > 0
 WHERE index.indrelid = 'esports_participation'::regclass
   AND (attribute.attnum = ANY(index.indkey)
        OR pg_get_expr(index.indpred, index.indrelid) ~ ('\\m' || attribute.attname || '\\M')
        OR pg_get_expr(index.indexprs, index.indrelid) ~ ('\\m' || attribute.attname || '\\M'))
"""
