"""`GET /s2s/wallet/{user_id}/balance` and `…/transactions`: what the gamer sees, of the client's own gamers only."""

from urllib.parse import quote

import pytest

from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import book_deposits, fill
from wallet.ledger import Bucket

pytestmark = pytest.mark.django_db


def test_the_studio_sees_what_the_gamer_sees(studio: StudioCaller, gamer: GamerCaller) -> None:
    studio.deposit("player-1", 300, "order-1").ok(201)
    fill(gamer, Bucket.EARNED, 7)
    gamer.join(studio.tournament()).ok()
    for name in ("balance", "transactions", "transactions?type=JOIN", "transactions?direction=CREDIT"):
        mine, theirs = gamer.get(f"/fe/wallet/{name}"), studio.get(f"/s2s/wallet/player-1/{name}")
        assert mine.ok() == theirs.ok()
        assert mine.content == theirs.content


def test_the_studio_reads_a_statement_page_by_page(studio: StudioCaller, gamer: GamerCaller) -> None:
    book_deposits(gamer, 4)
    whole = studio.get("/s2s/wallet/player-1/transactions").ok()["transactions"]
    first = studio.get("/s2s/wallet/player-1/transactions?limit=3").ok()
    key = first["last_evaluated_key"]
    rest = studio.get(f"/s2s/wallet/player-1/transactions?limit=3&last_evaluated_key={key}").ok()
    assert first["transactions"] + rest["transactions"] == whole
    assert (len(whole), rest["last_evaluated_key"]) == (5, "")


@pytest.mark.parametrize("name", ["balance", "transactions"])
def test_another_clients_gamer_answers_like_an_unknown_gamer(
    studio: StudioCaller, other_studio: StudioCaller, gamer: GamerCaller, name: str
) -> None:
    foreign = other_studio.get(f"/s2s/wallet/player-1/{name}").refused(404, "RECORD_NOT_FOUND")
    unknown = other_studio.get(f"/s2s/wallet/nobody/{name}").refused(404, "RECORD_NOT_FOUND")
    assert foreign | {"request_id": ""} == unknown | {"request_id": ""}


@pytest.mark.parametrize("name", ["balance", "transactions"])
def test_an_unknown_user_id_is_not_found(studio: StudioCaller, gamer: GamerCaller, name: str) -> None:
    for user_id in ("%00", "PLAYER-1", "player-1%20", "p" * 129, "%ED%A0%80", "player-1%2F"):
        studio.get(f"/s2s/wallet/{user_id}/{name}").refused(404, "RECORD_NOT_FOUND")


def test_a_gamer_with_any_user_id_can_be_read(studio: StudioCaller) -> None:
    for user_id in ("a/b", "balance", "deposits", "deposits/x", "x/balance", "ä€💰", "a b", "100%", "%2F", "a?b#c"):
        gamer, path = studio.gamer(user_id), f"/s2s/wallet/{quote(user_id, safe='')}"
        assert studio.get(f"{path}/balance").ok() == gamer.balance()
        assert len(studio.get(f"{path}/transactions/").ok()["transactions"]) == 1


@pytest.mark.parametrize("name", ["balance", "transactions"])
def test_only_the_studios_server_reads_the_studios_view(gamer: GamerCaller, name: str) -> None:
    gamer.get(f"/s2s/wallet/player-1/{name}").refused(401, "UN_AUTHORIZED")
