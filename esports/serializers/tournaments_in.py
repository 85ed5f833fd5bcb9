"""Request bodies of tournaments and scores (contract, sections 3 and 8)."""

from typing import Annotated, Any

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from esports.lifecycle import TIMES, wire_name
from esports.models import (
    MAX_ESCROW,
    MAX_SETTLEMENT_DELAY_SECONDS,
    MAX_SIZE,
    ScoreOperator,
    ScoreOrder,
    ScoreSource,
    TieRule,
)
from esports.services.organising import SCORE_BOUNDS_SWAPPED
from esports.services.scoring import ServerScore
from kgen.api.fields import (
    LONGEST_USER_ID,
    MAX_INTEGER,
    Amount,
    Reference,
    RequestBody,
    ScoreField,
    Text,
    Timestamp,
    UserId,
    WholeNumber,
    is_clean_reference,
)

BULK_LIMIT = 1000
BOARD_QUERY_LIMIT = 100
LONGEST_EVENT_ID = 128
# The published names of a score's tournament, the newest last.
TOURNAMENT_NAMES = ("tournamentId", "tournamentUID")


class JoinIn(RequestBody):
    """A stake."""

    joiningStake = Amount(help_text="= buy_in_price")


class ScoreMetadataIn(RequestBody):
    """The tournament of a score, under its older or its newest published name, and its event."""

    tournamentId = Text(max_length=100, required=False)
    tournamentUID = Text(max_length=100, required=False)
    playerId = Text(required=False, allow_blank=True)
    gameId = Text(required=False, allow_blank=True)
    eventId = Reference(max_length=LONGEST_EVENT_ID, required=False)


class ScoreValueIn(RequestBody):
    """A score."""

    value = ScoreField()


class ScorePayloadIn(RequestBody):
    """A score's payload."""

    score = ScoreValueIn()


class ScoreIn(RequestBody):
    """A gamer's score. Its tournament is the path's; each name of it that is given must say the same."""

    metadata = ScoreMetadataIn()
    payload = ScorePayloadIn()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        metadata = attrs["metadata"]
        others = [name for name in TOURNAMENT_NAMES if metadata.get(name, self.context["uid"]).lower() != self._uid]
        if others:
            faults = {name: ["This must be the tournament of the path."] for name in others}
            raise serializers.ValidationError({"metadata": faults})
        return {"value": attrs["payload"]["score"]["value"], "event_id": metadata.get("eventId")}

    @property
    def _uid(self) -> str:
        uid: str = self.context["uid"]
        return uid.lower()


class _PlainMetadata(msgspec.Struct):
    tournamentId: str | None = None
    tournamentUID: str | None = None
    playerId: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    gameId: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    eventId: Annotated[str, msgspec.Meta(max_length=LONGEST_EVENT_ID)] | None = None


class _PlainValue(msgspec.Struct):
    value: Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]


class _PlainPayload(msgspec.Struct):
    score: _PlainValue


class PlainScore(msgspec.Struct):
    """`ScoreIn` as nearly every caller sends it. Its reader checks the tournament's names and a clean `eventId`."""

    metadata: _PlainMetadata
    payload: _PlainPayload

    def is_of(self, uid: str) -> bool:
        """Whether each name of the tournament that is given is `uid`."""
        given = (self.metadata.tournamentId, self.metadata.tournamentUID)
        return all(name is None or name.lower() == uid.lower() for name in given)


class PlainJoin(msgspec.Struct):
    """`JoinIn` as nearly every caller sends it."""

    joiningStake: Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]


class PostedScoreIn(RequestBody):
    """One of many scores."""

    user_id = UserId()
    value = ScoreField()
    event_id = Reference(max_length=LONGEST_EVENT_ID, required=False)


class BulkScoresIn(RequestBody):
    """Many scores."""

    scores = serializers.ListField(child=PostedScoreIn(), min_length=1, max_length=BULK_LIMIT)

    def validate_scores(self, rows: list[dict[str, Any]]) -> list[ServerScore]:
        """The rows for the service."""
        return [ServerScore(**row) for row in rows]


class _PostedScore(msgspec.Struct):
    user_id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_USER_ID)]
    value: Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
    event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_EVENT_ID)] | None = None


class _BulkScores(msgspec.Struct):
    scores: Annotated[list[_PostedScore], msgspec.Meta(min_length=1, max_length=BULK_LIMIT)]


def read_bulk_scores(body: dict[str, Any]) -> list[ServerScore] | None:
    """The scores of a valid body, in a fiftieth of the time of `BulkScoresIn`; None if the body may be invalid."""
    try:
        rows = msgspec.convert(body, _BulkScores).scores
    except msgspec.ValidationError:
        return None
    for row in rows:
        if not (is_clean_reference(row.user_id) and (row.event_id is None or is_clean_reference(row.event_id))):
            return None
    return [ServerScore(row.user_id, row.value, row.event_id) for row in rows]


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "minLength": 1, "maxLength": 200, "description": "the name of a table"},
            {"$ref": "#/components/schemas/PrizeTableOut"},
        ]
    }
)
class PrizeTableField(serializers.Field[Any, Any, Any, Any]):
    """A table's name, or a whole table, whose bands esports.prizes validates."""

    default_error_messages = {"invalid": "A prize table is a name or an object."}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) or (isinstance(data, str) and 1 <= len(data) <= 200):
            return data
        self.fail("invalid")
        return None

    def to_representation(self, value: Any) -> Any:
        return value


class BoardQueryIn(RequestBody):
    """The gamers whose rows are asked for."""

    user_ids = serializers.ListField(child=UserId(), min_length=1, max_length=BOARD_QUERY_LIMIT)


class CancelIn(RequestBody):
    """The reason of a cancellation."""

    reason = Text(required=False, allow_blank=True, max_length=500)


class TermsPatch(RequestBody):
    """The fields of a tournament that a studio may set, except its times; all optional."""

    title = Text(max_length=200)
    description = Text(max_length=4000, allow_blank=True)
    mode = Text(max_length=200)
    buy_in_price = Amount(max_value=MAX_ESCROW)
    tournament_size = WholeNumber(min_value=1, max_value=MAX_SIZE)
    min_participants = WholeNumber(min_value=1, max_value=MAX_SIZE)
    score_order = serializers.ChoiceField(ScoreOrder.choices)
    score_operator = serializers.ChoiceField(ScoreOperator.choices)
    score_source = serializers.ChoiceField(ScoreSource.choices)
    score_min = ScoreField(allow_null=True)
    score_max = ScoreField(allow_null=True)
    prize_table = PrizeTableField()
    tie_rule = serializers.ChoiceField(TieRule.choices)
    sponsored_amount = Amount(max_value=MAX_ESCROW)
    settlement_delay_seconds = WholeNumber(min_value=0, max_value=MAX_SETTLEMENT_DELAY_SECONDS)

    required_fields: frozenset[str] = frozenset()
    # In these, null means "no bound".
    nullable_fields = frozenset({"score_min", "score_max"})

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for name, field in fields.items():
            field.required = name in self.required_fields
        return fields

    def validate_title(self, title: str) -> str:
        """A title with at least one visible character."""
        if not title.strip():
            raise serializers.ValidationError("A title needs a visible character.")
        return title

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        least, most = attrs.get("score_min"), attrs.get("score_max")
        if least is not None and most is not None and least > most:
            raise serializers.ValidationError({"score_min": [SCORE_BOUNDS_SWAPPED]})
        return attrs


class TournamentPatch(TermsPatch):
    """The fields of a tournament that a studio may set; all optional."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        times = {
            wire_name(name): Timestamp(source=name, required=wire_name(name) in self.required_fields) for name in TIMES
        }
        return super().get_fields() | times


class TournamentIn(TournamentPatch):
    """A new tournament."""

    required_fields = frozenset({"title", "buy_in_price", "tournament_size", "ends_at_timestamp"})
