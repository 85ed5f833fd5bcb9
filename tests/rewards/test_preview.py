"""The preview of a settlement: what it says is what is then booked."""

from typing import Any
from uuid import UUID

import pytest

from esports.results import RankedResult, booked_ranking
from esports.selectors.tournaments import read_tournament
from kgen.errors import WrongState
from rewards.models import Settlement
from rewards.selectors import SettlementPreview, settlement_preview
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.refereeing import disqualify, void
from tests.support.rows import snapshot
from tests.support.settling import TWO_WIN, play
from wallet.models import Posting

pytestmark = pytest.mark.django_db


def preview(uid: str) -> SettlementPreview:
    """What settling would do now; asking changes nothing."""
    seen, before = read_tournament(UUID(uid)), snapshot()
    assert seen is not None
    try:
        return settlement_preview(seen)
    finally:
        assert snapshot() == before


def postings(uid: str) -> list[tuple[str, str, int]]:
    """What the settlement has booked."""
    rows = Posting.objects.filter(transaction__reference=f"settlement:{uid}").order_by("id")
    return [tuple(row) for row in rows.values_list("source__kind", "destination__kind", "amount")]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"tie_rule": "split"},
        {"prize_table": TWO_WIN, "sponsored_amount": 50},
        {"prize_table": TWO_WIN, "score_order": "asc", "tie_rule": "split", "sponsored_amount": 32},
    ],
)
def test_the_settlement_books_what_the_preview_shows(studio: StudioCaller, fields: dict[str, Any]) -> None:
    uid = studio.tournament(**fields)
    play(studio, uid, {"a": 5, "b": 5, "c": 5, "d": 4, "e": 3, "f": None})
    disqualify(uid, "b")
    void(uid, "d")
    running = preview(uid)
    end(uid)
    ended = preview(uid)
    assert settle_due() == 1
    places: list[RankedResult] = list(booked_ranking(UUID(uid)))
    record = Settlement.objects.get()
    for foreseen in (running, ended):
        results = foreseen.results
        assert results is not None
        assert results.ranking == places
        assert (results.shares.prizes, results.to_house, results.to_sponsor) == (
            record.prizes,
            record.to_house,
            record.to_sponsor,
        )
        assert (results.inputs, results.fingerprint()) == (record.inputs, record.sha256)
        assert foreseen.postings == postings(uid)
        assert foreseen.refunds == 0
    with pytest.raises(WrongState):
        preview(uid)


def test_the_preview_of_a_tournament_that_cannot_pay_shows_refunds(studio: StudioCaller) -> None:
    uid = studio.tournament(sponsored_amount=9)
    play(studio, uid, {"a": 5, "b": 4})
    found = preview(uid)
    assert (found.results, found.postings) == (None, [])
    assert (found.refunds, found.stake, found.sponsorship) == (2, 10, 9)
    play(studio, uid, {"c": None})
    assert preview(uid).results is not None
    for name in ("a", "b"):
        void(uid, name)
    assert (preview(uid).results, preview(uid).refunds) == (None, 3)
    studio.post(f"/s2s/esports/tournaments/{uid}/cancel").ok()
    with pytest.raises(WrongState):
        preview(uid)
