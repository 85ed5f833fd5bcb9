"""Response bodies of tournaments, scores and boards (contract, sections 3 and 8)."""

from typing import Any

from rest_framework import serializers

from esports.lifecycle import TIMES, Status, Timetable, wire_name
from esports.models import ScoreOperator, ScoreOrder, ScoreSource, TieRule, Tournament
from esports.selectors.boards import BoardRow, Leaderboard, RankedEntry, Winner
from esports.selectors.history import PastResult
from esports.selectors.tournaments import TournamentAt
from esports.services.cancelling import Cancelled
from esports.services.scoring import ServerScoreResult
from kgen.api.json import moment

# The bodies of calls that only confirm.
JOINED = {"message": "user successfully joined the tournament"}
LEFT = {"message": "user left the tournament successfully"}
SCORED = {"message": "leaderboard score update successful"}


class BandOut(serializers.Serializer[Any]):
    """A band of a prize table; the table's kind decides its members."""

    percent_bp = serializers.IntegerField(required=False)
    multiple_bp = serializers.IntegerField(required=False)
    from_rank = serializers.IntegerField(required=False)
    to_rank = serializers.IntegerField(required=False)
    amount = serializers.IntegerField(required=False)
    share_bp = serializers.IntegerField(required=False)


class PrizeTableOut(serializers.Serializer[Any]):
    """A prize table."""

    name = serializers.CharField(required=False)
    kind = serializers.ChoiceField(["multiples", "fixed", "shares"])
    bands = BandOut(many=True)


class TimetableOut(serializers.Serializer[Any]):
    """The five times of a tournament."""

    schedules_at_timestamp = serializers.DateTimeField()
    moves_to_lobby_at_timestamp = serializers.DateTimeField()
    starts_at_timestamp = serializers.DateTimeField()
    locks_at_timestamp = serializers.DateTimeField()
    ends_at_timestamp = serializers.DateTimeField()


class TermsOut(serializers.Serializer[Any]):
    """The terms of a tournament, which a series also has."""

    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    mode = serializers.CharField()
    buy_in_price = serializers.IntegerField()
    tournament_size = serializers.IntegerField()
    min_participants = serializers.IntegerField()
    score_order = serializers.ChoiceField(ScoreOrder.choices)
    score_operator = serializers.ChoiceField(ScoreOperator.choices)
    score_source = serializers.ChoiceField(ScoreSource.choices)
    prize_table = PrizeTableOut()
    tie_rule = serializers.ChoiceField(TieRule.choices)
    sponsored_amount = serializers.IntegerField()


class TournamentOut(TermsOut, TimetableOut):
    """A tournament."""

    tournament_uid = serializers.UUIDField()
    game_uid = serializers.UUIDField()
    tournament_status = serializers.ChoiceField([status.value for status in Status])
    participants_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CancelledOut(TournamentOut):
    """A cancelled tournament."""

    refunds_pending = serializers.IntegerField(help_text="stakes that are refunded within the next seconds")


class PlaceOut(serializers.Serializer[Any]):
    """A rank and a score."""

    rank = serializers.IntegerField(help_text="by score, then who reached it first, then who joined first")
    score = serializers.IntegerField()
    shared_rank = serializers.IntegerField(
        help_text="the rank of the first with this score: equal scores, equal number"
    )


class BoardRowOut(PlaceOut):
    """A row of a leaderboard."""

    user_id = serializers.CharField()
    username = serializers.CharField(allow_blank=True)


class WinnerOut(PlaceOut):
    """A settled prize."""

    user_id = serializers.CharField()
    reward = serializers.IntegerField()


class LeaderboardOut(serializers.Serializer[Any]):
    """A page of a leaderboard."""

    leaderboard = BoardRowOut(many=True)
    price_pool = serializers.IntegerField(help_text="the sum of all prizes at the present field size")
    winners = WinnerOut(many=True, help_text="empty until settled")
    me = PlaceOut(allow_null=True)
    next_cursor = serializers.CharField(allow_null=True)
    participants_count = serializers.IntegerField()


class BoardRowsOut(serializers.Serializer[Any]):
    """Rows of a leaderboard, best first."""

    leaderboard = BoardRowOut(many=True)


class HistoryOut(serializers.Serializer[Any]):
    """How a tournament ended for the gamer."""

    type = serializers.CharField()
    typeValue = serializers.IntegerField(help_text="participants")
    result = serializers.ChoiceField(["Won", "You Lost", "Cancelled"])
    occurredAtText = serializers.DateTimeField()
    mode = serializers.CharField()
    buyInStake = serializers.IntegerField()
    amountWon = serializers.IntegerField()
    tournament_uid = serializers.UUIDField()
    rank = serializers.IntegerField(allow_null=True)
    score = serializers.IntegerField(allow_null=True)


class PostedScoreOut(serializers.Serializer[Any]):
    """The outcome of one score."""

    user_id = serializers.CharField()
    status = serializers.ChoiceField(["accepted", "duplicate", "refused"])
    code = serializers.CharField(required=False)
    score = serializers.IntegerField(required=False, help_text="the gamer's score after it")


class BulkScoresOut(serializers.Serializer[Any]):
    """The outcomes of many scores, in their order."""

    results = PostedScoreOut(many=True)


def tournament_wire(current: TournamentAt) -> dict[str, Any]:
    """A tournament as `TournamentOut`."""
    row = current.tournament
    return {
        "tournament_uid": row.id,
        "game_uid": row.client_id,
        "tournament_status": current.status.value,
        "title": row.title,
        "description": row.description,
        "buy_in_price": row.buy_in_price,
        "tournament_size": row.seats.size,
        "participants_count": row.seats.taken,
        **timetable_wire(row),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "mode": row.mode,
        "score_order": row.score_order,
        "score_operator": row.score_operator,
        "score_source": row.score_source,
        "min_participants": row.min_participants,
        "prize_table": row.prize_table,
        "tie_rule": row.tie_rule,
        "sponsored_amount": row.sponsored_amount,
    }


def timetable_wire(times: Timetable | Tournament) -> dict[str, Any]:
    """The five times as `TimetableOut`."""
    return {wire_name(name): getattr(times, name) for name in TIMES}


def cancelled_wire(done: Cancelled) -> dict[str, Any]:
    """A cancelled tournament as `CancelledOut`."""
    return tournament_wire(done.current) | {"refunds_pending": done.refunds_pending}


def row_wire(row: RankedEntry) -> BoardRow:
    """A row of a board as `BoardRowOut`."""
    return BoardRow(
        user_id=row.entry.user_id,
        score=row.entry.score,
        rank=row.rank,
        shared_rank=row.shared_rank,
        username=row.entry.username,
    )


def winner_wire(row: Winner) -> dict[str, Any]:
    """A settled prize as `WinnerOut`."""
    return {
        "user_id": row.user_id,
        "reward": row.prize,
        "score": row.score,
        "rank": row.rank,
        "shared_rank": row.shared_rank,
    }


def leaderboard_wire(board: Leaderboard, current: TournamentAt) -> dict[str, Any]:
    """A page of a board as `LeaderboardOut`."""
    return {
        "leaderboard": [row_wire(row) for row in board.rows],
        "price_pool": current.tournament.price_pool(),
        "winners": [winner_wire(winner) for winner in board.winners],
        "me": board.me,
        "next_cursor": board.next_cursor,
        "participants_count": current.tournament.seats.taken,
    }


def history_wire(past: PastResult) -> dict[str, Any]:
    """How a tournament ended for the gamer, as `HistoryOut`."""
    row = past.tournament
    result = "Won" if past.amount_won else "You Lost"
    return {
        "type": "Tournament",
        "typeValue": row.seats.taken,
        "result": "Cancelled" if past.status is Status.CANCELLED else result,
        "occurredAtText": moment(row.over_at),
        "mode": row.mode,
        "buyInStake": row.buy_in_price,
        "amountWon": past.amount_won,
        "tournament_uid": row.id,
        "rank": past.rank,
        "score": past.score,
    }


def result_wire(result: ServerScoreResult) -> dict[str, Any]:
    """What became of one score, as `PostedScoreOut`."""
    wire: dict[str, Any] = {"user_id": result.user_id, "status": result.status}
    if result.code is not None:
        wire["code"] = result.code
    if result.score is not None:
        wire["score"] = result.score
    return wire
