"""The wallet over HTTP, for gamers and for studios."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from kgen.api.fields import is_clean_reference
from kgen.api.idempotency import Answer
from kgen.api.json import answer, read_bytes
from kgen.api.pagination import read_limit
from kgen.api.schema import CURSOR, MessageOut, errors, limit_parameter
from kgen.api.views import BODY_LIMIT, ApiViewSet, GamerViewSet, StudioViewSet
from kgen.clock import database_now
from kgen.errors import RecordNotFound
from wallet.selectors import balance_of, statement_page
from wallet.selectors.withdrawals import withdrawal_of_wallet, withdrawal_page
from wallet.serializers import (
    BalanceOut,
    DepositIn,
    DepositOut,
    PayoutCallbackIn,
    StatementOut,
    StatementQuery,
    WithdrawalOut,
    WithdrawIn,
    WithdrawOut,
    balance_wire,
    deposit_wire,
    statement_wire,
    withdraw_wire,
    withdrawal_wire,
)
from wallet.services import deposits, payout_callbacks, requesting

# Entries of a page.
STATEMENT_USUAL, STATEMENT_MOST = 50, 200
STATEMENT_LIMIT = limit_parameter(STATEMENT_USUAL, STATEMENT_MOST)
WITHDRAWAL_CODES = (
    "GAMER_SUSPENDED",
    "PHONE_NOT_LINKED",
    "WITHDRAWAL_IN_PROGRESS",
    "INSUFFICIENT_BALANCE",
    "WITHDRAWAL_BELOW_MINIMUM",
    "WITHDRAWAL_LIMIT_EXCEEDED",
    "WITHDRAWAL_ON_HOLD",
)


def _balance(holder: Any) -> HttpResponse:
    minimum = holder.client.minimum_withdrawal
    return answer(balance_wire(balance_of(holder.wallet_id), minimum_withdrawal=minimum))


def _statement(view: ApiViewSet, holder: Any) -> HttpResponse:
    query = view.query(StatementQuery)
    entries, next_key = statement_page(
        holder.wallet_id,
        kind=query.get("type"),
        direction=query.get("direction"),
        scope=view.scope("type", "direction"),
        cursor=query.get("last_evaluated_key"),
        limit=read_limit(view.request._request, default=STATEMENT_USUAL, most=STATEMENT_MOST),
    )
    return answer(statement_wire(entries, next_key))


@extend_schema(tags=["Wallet"])
class GamerWalletViewSet(GamerViewSet):
    """The gamer's own wallet."""

    @extend_schema(operation_id="wallet_balance", responses={200: BalanceOut, **errors()})
    @action(detail=False)
    def balance(self, request: Request) -> HttpResponse:
        """The three buckets, the held amount, and the wallet's address."""
        return _balance(self.gamer)

    @extend_schema(
        operation_id="wallet_transactions",
        parameters=[StatementQuery, STATEMENT_LIMIT],
        responses={200: StatementOut, **errors()},
    )
    @action(detail=False)
    def transactions(self, request: Request) -> HttpResponse:
        """The statement, newest first, page by page through `last_evaluated_key`."""
        return _statement(self, self.gamer)

    @extend_schema(
        operation_id="wallet_withdraw",
        request=WithdrawIn,
        responses={200: WithdrawOut, **errors(*WITHDRAWAL_CODES, key=True)},
    )
    @action(detail=False, methods=["post"])
    def withdraw(self, request: Request) -> HttpResponse:
        """Withdraw earned money to the linked KGeN wallet: held now, paid by a worker. The key is kept for ever."""
        given = self.parse(WithdrawIn)
        return self.perform(
            requesting.request_withdrawal,
            lambda row: Answer(withdraw_wire(row)),
            kept_for_ever=True,
            wallet_id=self.gamer.wallet_id,
            amount=given.get("amount"),
        )

    @extend_schema(
        operation_id="wallet_withdrawals",
        parameters=[limit_parameter(100), CURSOR],
        responses={200: WithdrawalOut(many=True), **errors()},
    )
    @action(detail=False)
    def withdrawals(self, request: Request) -> HttpResponse:
        """The gamer's withdrawals, newest first."""
        page = withdrawal_page(
            self.gamer.wallet_id,
            scope=self.scope(),
            cursor=request.GET.get("cursor"),
            limit=read_limit(request._request, default=100),
        )
        return self.listing(page, withdrawal_wire)

    @extend_schema(
        operation_id="wallet_withdrawal",
        responses={200: WithdrawalOut, **errors("RECORD_NOT_FOUND")},
    )
    @action(detail=False, url_path="withdrawals/(?P<withdrawal_id>[^/]+)")
    def withdrawal(self, request: Request, withdrawal_id: str) -> HttpResponse:
        """One withdrawal."""
        return answer(withdrawal_wire(withdrawal_of_wallet(self.gamer.wallet_id, withdrawal_id)))


@extend_schema(tags=["Hooks"])
class PayoutCallbackViewSet(ApiViewSet):
    """Callbacks of the payment gateway."""

    takes_idempotency_key = False

    @extend_schema(
        operation_id="payout_news",
        request=PayoutCallbackIn,
        responses={200: MessageOut, **errors("RECORD_NOT_FOUND")},
    )
    def create(self, request: Request) -> HttpResponse:
        """Receive a signed report about a payout. A repetition changes nothing."""
        raw = read_bytes(request._request, BODY_LIMIT)
        payout_callbacks.receive_callback(headers=request.headers, body=raw, now=database_now())
        return answer({"message": "payout report received"})


@extend_schema(tags=["Studio: wallet"])
class StudioWalletViewSet(StudioViewSet):
    """A gamer's wallet for the studio's server: the same data that the gamer sees."""

    lookup_url_kwarg = "user_id"
    lookup_value_regex = ".+"

    @extend_schema(operation_id="studio_wallet_balance", responses={200: BalanceOut, **errors("RECORD_NOT_FOUND")})
    @action(detail=True)
    def balance(self, request: Request, user_id: str) -> HttpResponse:
        """A gamer's balance."""
        return _balance(self.find_gamer(user_id))

    @extend_schema(
        operation_id="studio_wallet_transactions",
        parameters=[StatementQuery, STATEMENT_LIMIT],
        responses={200: StatementOut, **errors("RECORD_NOT_FOUND")},
    )
    @action(detail=True)
    def transactions(self, request: Request, user_id: str) -> HttpResponse:
        """A gamer's statement."""
        return _statement(self, self.find_gamer(user_id))


@extend_schema(tags=["Studio: wallet"])
class DepositViewSet(StudioViewSet):
    """Deposits by the studio's server, under references of its own."""

    lookup_url_kwarg = "reference"
    lookup_value_regex = ".+"

    @extend_schema(
        operation_id="studio_deposit",
        request=DepositIn,
        responses={
            201: DepositOut,
            200: DepositOut,
            **errors("RECORD_NOT_FOUND", "REFERENCE_REUSED", "BALANCE_LIMIT_EXCEEDED", key=True),
        },
    )
    def create(self, request: Request) -> HttpResponse:
        """Credit bought money. The same reference and body again get the same answer with status 200."""
        given = self.parse(DepositIn)
        holder = self.find_gamer(given["user_id"])
        return self.perform(
            deposits.deposit,
            lambda done: Answer(deposit_wire(done.entry, done.reference), 201 if done.created else 200),
            client_id=self.client.pk,
            wallet_id=holder.wallet_id,
            amount=given["amount"],
            reference=given["reference"],
        )

    @extend_schema(
        operation_id="studio_deposit_reverse",
        request=None,
        responses={200: DepositOut, **errors("RECORD_NOT_FOUND", "INSUFFICIENT_BALANCE", key=True)},
    )
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, reference: str) -> HttpResponse:
        """Take a whole deposit back out of bought money."""
        self.body()
        if not is_clean_reference(reference):
            raise RecordNotFound()
        return self.perform(
            deposits.reverse_deposit,
            lambda done: Answer(deposit_wire(done.entry, done.reference)),
            client_id=self.client.pk,
            reference=reference,
        )
