"""A studio server's calls about series."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from esports.selectors.series import series_of_client, series_page
from esports.serializers.series import SeriesIn, SeriesOut, SeriesPatch, series_wire
from esports.services import series
from kgen.api.idempotency import Answer
from kgen.api.json import answer
from kgen.api.pagination import read_limit
from kgen.api.schema import CURSOR, MessageOut, errors, limit_parameter
from kgen.api.views import StudioViewSet

TABLE_ERRORS = ("PRIZE_TABLE_INVALID", "PRIZE_TABLE_INSOLVENT")


@extend_schema(tags=["Studio: series"])
class StudioSeriesViewSet(StudioViewSet):
    """A client's series of tournaments."""

    lookup_url_kwarg = "uid"
    lookup_value_regex = "[^/]+"

    @extend_schema(
        operation_id="studio_series_create",
        request=SeriesIn,
        responses={201: SeriesOut, **errors(*TABLE_ERRORS, key=True)},
    )
    def create(self, request: Request) -> HttpResponse:
        """Make a series, which makes tournaments by a rule.

        `rule` has cron's syntax (lists, ranges, steps, names, `L`, `LW`, `MON#1`), uses the clock of `time_zone`, and
        names at most 24 times a day. A time that this clock skips counts at the moment of the change; a time that
        comes twice counts the first time. `schedules_before_seconds`, `lobby_before_seconds` (0),
        `locks_after_seconds` (= the end) and `ends_after_seconds` are distances from the start. All other fields are
        as in a tournament; in `title`, `{date}` stands for the occurrence's local date.

        A worker makes each tournament an hour before its schedule. After a refusal, as of a sponsorship over the
        limit, it tries again until the start, and then skips the occurrence. A missed tournament is never made late.
        """
        given = self.parse(SeriesIn)
        return self.perform(
            series.create_series,
            lambda made: Answer(series_wire(made), 201),
            client=self.client,
            given=given,
        )

    @extend_schema(
        operation_id="studio_series_list",
        parameters=[limit_parameter(100), CURSOR],
        responses={200: SeriesOut(many=True), **errors()},
    )
    def list(self, request: Request) -> HttpResponse:
        """All of the client's series, newest first."""
        page = series_page(
            self.client.pk,
            scope=self.scope(),
            cursor=request.GET.get("cursor"),
            limit=read_limit(request._request, default=100),
        )
        return self.listing(page, series_wire)

    @extend_schema(operation_id="studio_series", responses={200: SeriesOut, **errors("RECORD_NOT_FOUND")})
    def retrieve(self, request: Request, uid: str) -> HttpResponse:
        """One series with its next five occurrences."""
        return answer(series_wire(series_of_client(self.client.pk, uid)))

    @extend_schema(
        operation_id="studio_series_change",
        request=SeriesPatch,
        responses={200: SeriesOut, **errors("RECORD_NOT_FOUND", *TABLE_ERRORS)},
    )
    def partial_update(self, request: Request, uid: str) -> HttpResponse:
        """Change a series, pause it with `active` false, or resume it; all or nothing.

        Future occurrences that were not made yet follow the change; a paused series makes none. Tournaments that were
        made stay as they are.
        """
        given = self.parse(SeriesPatch)
        return self.perform(
            series.change_series,
            lambda changed: Answer(series_wire(changed)),
            client_id=self.client.pk,
            uid=uid,
            given=given,
        )

    @extend_schema(operation_id="studio_series_delete", responses={200: MessageOut, **errors("RECORD_NOT_FOUND")})
    def destroy(self, request: Request, uid: str) -> HttpResponse:
        """End a series; tournaments that were made stay as they are."""
        series.delete_series(client_id=self.client.pk, uid=uid)
        return answer({"message": "series deleted"})
