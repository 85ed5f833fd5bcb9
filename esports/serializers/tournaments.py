"""Tournaments, scores and boards on the wire (contract, sections 3 and 8)."""

from typing import Annotated, Any

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from esports.lifecycle import ACTIVE, TIMES, Status, wire_name
from esports.models import (
    MAX_ESCROW,
    MAX_SETTLEMENT_DELAY_SECONDS,
    MAX_SIZE,
    ScoreOperator,
    ScoreOrder,
    ScoreSource,
    TieRule,
)
from esports.selectors.boards import Leaderboard, Standing, Winner
from esports.selectors.history import Outcome, last_end
from esports.selectors.tournaments import Seen
from esports.services.cancelling import Cancelled
from esports.services.scoring import Posted, Result
from kgen.api.fields import (
    LONGEST_USER_ID,
    MAX_INTEGER,
    Amount,
    Moment,
    Reference,
    Score,
    Text,
    UserId,
    WholeNumber,
    is_clean_reference,
)
from kgen.api.json import moment

BULK_LIMIT = 1000
LONGEST_EVENT_ID = 128


# --- what comes in


class JoinIn(serializers.Serializer[Any]):
    """A stake."""

    joiningStake = Amount(help_text="= buy_in_price")


class ScoreMetadataIn(serializers.Serializer[Any]):
    """What a score belongs to."""

    tournamentId = Text(max_length=100)
    playerId = Text(required=False, allow_blank=True, allow_null=True)
    gameId = Text(required=False, allow_blank=True, allow_null=True)
    eventId = Reference(max_length=LONGEST_EVENT_ID, required=False, allow_null=True)


class ScoreValueIn(serializers.Serializer[Any]):
    """A score."""

    value = Score()


class ScorePayloadIn(serializers.Serializer[Any]):
    """A score's payload."""

    score = ScoreValueIn()


class ScoreIn(serializers.Serializer[Any]):
    """A gamer's score. `tournamentId` is the path's."""

    metadata = ScoreMetadataIn()
    payload = ScorePayloadIn()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["metadata"]["tournamentId"].lower() != self.context["uid"].lower():
            raise serializers.ValidationError({"metadata": {"tournamentId": ["Not the path's."]}})
        metadata = attrs["metadata"]
        return {"value": attrs["payload"]["score"]["value"], "event_id": metadata.get("eventId")}


class PostedScoreIn(serializers.Serializer[Any]):
    """One of many scores."""

    user_id = UserId()
    value = Score()
    event_id = Reference(max_length=LONGEST_EVENT_ID, required=False, allow_null=True)


class BulkScoresIn(serializers.Serializer[Any]):
    """Many scores."""

    scores = serializers.ListField(child=PostedScoreIn(), min_length=1, max_length=BULK_LIMIT)

    def validate_scores(self, rows: list[dict[str, Any]]) -> list[Posted]:
        """The rows as the service takes them."""
        return [Posted(**row) for row in rows]


class _PostedScore(msgspec.Struct):
    user_id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_USER_ID)]
    value: Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
    event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_EVENT_ID)] | None = None


class _BulkScores(msgspec.Struct):
    scores: Annotated[list[_PostedScore], msgspec.Meta(min_length=1, max_length=BULK_LIMIT)]


def read_bulk_scores(body: dict[str, Any]) -> list[Posted] | None:
    """What `BulkScoresIn` makes of a body without fault, at a fiftieth of its time; None where there may be a fault."""
    try:
        rows = msgspec.convert(body, _BulkScores).scores
    except msgspec.ValidationError:
        return None
    for row in rows:
        if not (is_clean_reference(row.user_id) and (row.event_id is None or is_clean_reference(row.event_id))):
            return None
    return [Posted(row.user_id, row.value, row.event_id) for row in rows]


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "minLength": 1, "maxLength": 200, "description": "the name of a table"},
            {"$ref": "#/components/schemas/PrizeTableOut"},
        ]
    }
)
class PrizeTableField(serializers.Field[Any, Any, Any, Any]):
    """A table's name, or a table spelled out; which bands are valid is esports.prizes' to say."""

    default_error_messages = {"invalid": "A prize table is a name or an object."}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) or (isinstance(data, str) and 1 <= len(data) <= 200):
            return data
        self.fail("invalid")
        return None

    def to_representation(self, value: Any) -> Any:
        return value


class CancelIn(serializers.Serializer[Any]):
    """Why."""

    reason = Text(required=False, allow_blank=True, allow_null=True, max_length=500)


class TermsPatch(serializers.Serializer[Any]):
    """The fields of a tournament that a studio may set, but for its times; all optional."""

    title = Text(max_length=200)
    description = Text(max_length=4000, allow_blank=True)
    mode = Text(max_length=200)
    buy_in_price = Amount(max_value=MAX_ESCROW)
    tournament_size = WholeNumber(min_value=1, max_value=MAX_SIZE)
    min_participants = WholeNumber(min_value=1, max_value=MAX_SIZE)
    score_order = serializers.ChoiceField(ScoreOrder.choices)
    score_operator = serializers.ChoiceField(ScoreOperator.choices)
    score_source = serializers.ChoiceField(ScoreSource.choices)
    score_min = Score(allow_null=True)
    score_max = Score(allow_null=True)
    prize_table = PrizeTableField()
    tie_rule = serializers.ChoiceField(TieRule.choices)
    sponsored_amount = Amount(max_value=MAX_ESCROW)
    settlement_delay_seconds = WholeNumber(min_value=0, max_value=MAX_SETTLEMENT_DELAY_SECONDS)

    required_fields: frozenset[str] = frozenset()
    # Of these null says "no bound".
    nullable_fields: frozenset[str] = frozenset({"score_min", "score_max"})

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for name, field in fields.items():
            field.required = name in self.required_fields
        return fields

    def to_internal_value(self, data: Any) -> Any:
        # An optional field that is null is a field left out, except where null says "no bound".
        kept = {
            name: value
            for name, value in data.items()
            if value is not None or name in self.nullable_fields | self.required_fields
        }
        return super().to_internal_value(kept)

    def validate_title(self, title: str) -> str:
        """A title that can be seen."""
        if not title.strip():
            raise serializers.ValidationError("A title of blanks alone is none.")
        return title

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        least, most = attrs.get("score_min"), attrs.get("score_max")
        if least is not None and most is not None and least > most:
            raise serializers.ValidationError({"score_min": ["score_min is over score_max."]})
        return attrs


class TournamentPatch(TermsPatch):
    """The fields of a tournament that a studio may set; all optional."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        times = {
            wire_name(name): Moment(source=name, required=wire_name(name) in self.required_fields) for name in TIMES
        }
        return super().get_fields() | times


class TournamentIn(TournamentPatch):
    """A new tournament."""

    required_fields = frozenset({"title", "buy_in_price", "tournament_size", "ends_at_timestamp"})


# --- what goes out


class BandOut(serializers.Serializer[Any]):
    """A band of a prize table; which members it has depends on the table's kind."""

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


class TournamentOut(serializers.Serializer[Any]):
    """A tournament."""

    tournament_uid = serializers.UUIDField()
    game_uid = serializers.UUIDField()
    tournament_status = serializers.ChoiceField([status.value for status in Status])
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    buy_in_price = serializers.IntegerField()
    tournament_size = serializers.IntegerField()
    participants_count = serializers.IntegerField()
    schedules_at_timestamp = serializers.DateTimeField()
    moves_to_lobby_at_timestamp = serializers.DateTimeField()
    starts_at_timestamp = serializers.DateTimeField()
    locks_at_timestamp = serializers.DateTimeField()
    ends_at_timestamp = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    mode = serializers.CharField()
    score_order = serializers.ChoiceField(ScoreOrder.choices)
    score_operator = serializers.ChoiceField(ScoreOperator.choices)
    score_source = serializers.ChoiceField(ScoreSource.choices)
    min_participants = serializers.IntegerField()
    prize_table = PrizeTableOut()
    tie_rule = serializers.ChoiceField(TieRule.choices)
    sponsored_amount = serializers.IntegerField()


class CancelledOut(TournamentOut):
    """A cancelled tournament."""

    refunds_pending = serializers.IntegerField(help_text="stakes that go back within the next seconds")


class PlaceOut(serializers.Serializer[Any]):
    """Where a gamer stands."""

    rank = serializers.IntegerField()
    score = serializers.IntegerField()


class BoardRowOut(PlaceOut):
    """A place on the board."""

    user_id = serializers.CharField()
    username = serializers.CharField(allow_blank=True)


class WinnerOut(PlaceOut):
    """A settled prize."""

    user_id = serializers.CharField()
    reward = serializers.IntegerField()


class LeaderboardOut(serializers.Serializer[Any]):
    """A page of a leaderboard."""

    leaderboard = BoardRowOut(many=True)
    price_pool = serializers.IntegerField(help_text="what the prizes add up to at the present field")
    winners = WinnerOut(many=True, help_text="empty until settled")
    me = PlaceOut(allow_null=True)
    next_cursor = serializers.CharField(allow_null=True)
    participants_count = serializers.IntegerField()


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
    """What became of one score."""

    user_id = serializers.CharField()
    status = serializers.ChoiceField(["accepted", "duplicate", "refused"])
    code = serializers.CharField(required=False)
    score = serializers.IntegerField(required=False, help_text="the standing after it")


class BulkScoresOut(serializers.Serializer[Any]):
    """What became of many scores, in their order."""

    results = PostedScoreOut(many=True)


ACTIVE_STATUSES = [status.value for status in ACTIVE]


def tournament_wire(seen: Seen) -> dict[str, Any]:
    """A tournament as `TournamentOut`."""
    row = seen.tournament
    return {
        "tournament_uid": row.id,
        "game_uid": row.client_id,
        "tournament_status": seen.status.value,
        "title": row.title,
        "description": row.description,
        "buy_in_price": row.buy_in_price,
        "tournament_size": row.seats.size,
        "participants_count": row.seats.taken,
        **{wire_name(name): getattr(row, name) for name in TIMES},
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


def cancelled_wire(done: Cancelled) -> dict[str, Any]:
    """A cancelled tournament as `CancelledOut`."""
    return tournament_wire(done.seen) | {"refunds_pending": done.refunds_pending}


def row_wire(rank: int, row: Standing) -> dict[str, Any]:
    """A row of a board."""
    return {"user_id": row.user_id, "score": row.score, "rank": rank, "username": row.username}


def winner_wire(row: Winner) -> dict[str, Any]:
    """A settled prize."""
    return {"user_id": row.user_id, "reward": row.prize, "score": row.score, "rank": row.rank}


def leaderboard_wire(board: Leaderboard, seen: Seen) -> dict[str, Any]:
    """A page of a board as `LeaderboardOut`."""
    return {
        "leaderboard": [row_wire(rank, row) for rank, row in board.rows],
        "price_pool": seen.tournament.price_pool(),
        "winners": [winner_wire(winner) for winner in board.winners],
        "me": {"rank": board.me.rank, "score": board.me.score} if board.me else None,
        "next_cursor": board.next_cursor,
        "participants_count": seen.tournament.seats.taken,
    }


def history_wire(outcome: Outcome) -> dict[str, Any]:
    """How a tournament ended, as `HistoryOut`."""
    row = outcome.tournament
    result = "Won" if outcome.amount_won else "You Lost"
    return {
        "type": "Tournament",
        "typeValue": row.seats.taken,
        "result": "Cancelled" if outcome.status is Status.CANCELLED else result,
        "occurredAtText": moment(last_end(row)),
        "mode": row.mode,
        "buyInStake": row.buy_in_price,
        "amountWon": outcome.amount_won,
        "tournament_uid": row.id,
        "rank": outcome.rank,
        "score": outcome.score,
    }


def result_wire(result: Result) -> dict[str, Any]:
    """What became of one score, as `PostedScoreOut`."""
    wire: dict[str, Any] = {"user_id": result.user_id, "status": result.status}
    if result.code is not None:
        wire["code"] = result.code
    if result.score is not None:
        wire["score"] = result.score
    return wire
