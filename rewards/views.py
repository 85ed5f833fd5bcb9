"""Rewards over HTTP: the gamer's claims and the studio's results."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from esports.selectors.tournaments import tournament_of_client
from kgen.api.fields import id_of
from kgen.api.idempotency import Answer
from kgen.api.json import answer
from kgen.api.pagination import page_headers, read_limit
from kgen.api.schema import CURSOR, errors, limit_parameter
from kgen.api.views import GamerViewSet, StudioViewSet
from kgen.errors import RecordNotFound
from rewards.selectors import claimable, results_page
from rewards.serializers import (
    ClaimableOut,
    ClaimedOut,
    ClaimIn,
    ResultOut,
    claimable_wire,
    claimed_wire,
    result_wire,
)
from rewards.services.claiming import claim_rewards


def _known_id(text: str) -> UUID:
    """
    :raises RecordNotFound: the text is no id, and so names no record.
    """
    id = id_of(text)
    if id is None:
        raise RecordNotFound()
    return id


@extend_schema(tags=["Rewards"])
class ClaimViewSet(GamerViewSet):
    """A gamer's rewards."""

    @extend_schema(operation_id="rewards_claimable", responses={200: ClaimableOut, **errors()})
    def claimable(self, request: Request) -> HttpResponse:
        """The unclaimed rewards: the oldest 1,000, and the totals over all."""
        found = claimable(self.gamer.pk)
        address = self.gamer.wallet.address
        return answer(claimable_wire(found, user_id=self.gamer.user_id, wallet_address=address))

    @extend_schema(
        operation_id="rewards_claim",
        request=ClaimIn,
        responses={
            200: ClaimedOut,
            **errors("RECORD_NOT_FOUND", "GAMER_SUSPENDED", "BALANCE_LIMIT_EXCEEDED", key=True),
        },
    )
    def claim(self, request: Request) -> HttpResponse:
        """Move rewards into earned money: all, the named ones, or those of one tournament."""
        given = self.parse(ClaimIn)
        ids, tournament = given.get("reward_ids"), given.get("tournament_id")
        return self.perform(
            claim_rewards,
            lambda done: Answer(claimed_wire(done)),
            gamer=self.gamer,
            reward_ids=None if ids is None else [_known_id(text) for text in ids],
            tournament_id=None if tournament is None else _known_id(tournament),
        )


@extend_schema(tags=["Studio: tournaments"])
class ResultViewSet(StudioViewSet):
    """Results of a client's tournaments."""

    lookup_url_kwarg = "uid"
    lookup_value_regex = "[^/]+"

    @extend_schema(
        operation_id="studio_results",
        parameters=[limit_parameter(1000), CURSOR],
        responses={200: ResultOut(many=True), **errors("TOURNAMENT_NOT_FOUND")},
    )
    @action(detail=True)
    def results(self, request: Request, uid: str) -> HttpResponse:
        """The final ranking with prizes and claims; empty until the settlement."""
        current = tournament_of_client(self.client.pk, uid)
        rows, next_cursor = results_page(
            current.tournament.pk,
            scope=self.scope(),
            cursor=request.GET.get("cursor"),
            limit=read_limit(request._request, default=1000),
        )
        headers = page_headers(request._request, next_cursor)
        return answer([result_wire(*row) for row in rows], headers=headers)
