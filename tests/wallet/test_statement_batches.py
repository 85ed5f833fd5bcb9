"""Pages of many statements at once: each as if it was asked for alone."""

import pytest

from kgen.errors import Invalid
from tests.support.http import GamerCaller, StudioCaller
from tests.support.money import book_deposits, wallet_of
from wallet.selectors import StatementPage, statement_page
from wallet.selectors.statements import StatementAsked, statement_pages

pytestmark = pytest.mark.django_db


def alone(asked: StatementAsked) -> StatementPage:
    """The page by itself."""
    return statement_page(
        asked.wallet_id, kind=None, direction=None, scope=asked.scope, cursor=asked.cursor, limit=asked.limit
    )


def test_a_batch_of_statements_has_the_pages_of_single_calls(studio: StudioCaller, gamer: GamerCaller) -> None:
    other, poor = studio.gamer("player-2"), studio.gamer("player-3")
    book_deposits(gamer, 7)
    book_deposits(other, 3)
    first = StatementAsked(wallet_of(gamer).pk, "mine", None, 3)
    [(_, key)] = [alone(first)]
    asked = [
        first,
        StatementAsked(first.wallet_id, "mine", key, 3),
        StatementAsked(wallet_of(other).pk, "theirs", None, 200),
        StatementAsked(wallet_of(poor).pk, "theirs", "", 1),
        StatementAsked(first.wallet_id, "mine", key, 200),
        first,
    ]
    pages = statement_pages(asked)
    assert pages == [alone(one) for one in asked]
    assert [len(page[0]) for page in pages if not isinstance(page, Invalid)] == [3, 3, 4, 1, 5, 3]


def test_an_invalid_key_does_not_affect_other_statements(gamer: GamerCaller) -> None:
    book_deposits(gamer, 3)
    wallet = wallet_of(gamer).pk
    right = StatementAsked(wallet, "mine", None, 2)
    _, key = alone(right)
    refused, page, foreign = statement_pages(
        [StatementAsked(wallet, "mine", "garbage", 2), right, StatementAsked(wallet, "other", key, 2)]
    )
    assert isinstance(refused, Invalid)
    assert isinstance(foreign, Invalid)
    assert page == alone(right)
    assert isinstance(statement_pages([StatementAsked(wallet, "mine", "garbage", 2)])[0], Invalid)
