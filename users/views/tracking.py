"""Tracked events over HTTP."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from kgen.api.idempotency import Answer
from kgen.api.schema import errors
from kgen.api.views import GamerViewSet
from users import services, tracking
from users.serializers import DroppedOut

_ATTRIBUTES = {
    "type": "object",
    "maxProperties": tracking.MOST_ATTRIBUTES,
    "additionalProperties": {"type": ["string", "number", "null"], "maxLength": tracking.LONGEST_TEXT},
    "description": "Attributes, each a text or a number; at most 4,096 bytes together. Null is left out.",
}


@extend_schema(tags=["Analytics"])
class TrackerViewSet(GamerViewSet):
    """Events that a game reports about its gamer."""

    lookup_url_kwarg = "event_id"
    # Any text, also an empty one or one with line breaks: what is no event id gets a 400.
    lookup_value_regex = r"[\s\S]*"

    @extend_schema(
        operation_id="tracker_drop",
        request={"application/json": _ATTRIBUTES},
        responses={200: DroppedOut, **errors(key=True)},
    )
    @action(detail=True, methods=["post"])
    def drop(self, request: Request, event_id: str) -> HttpResponse:
        """Store an event: a flat object of texts and numbers, or no body."""
        return self.perform(
            services.drop_event,
            lambda _: Answer({"msg": "event dropped successfully"}),
            gamer=self.gamer,
            name=tracking.checked_name(event_id),
            attributes=tracking.checked_attributes(self.body()),
        )
