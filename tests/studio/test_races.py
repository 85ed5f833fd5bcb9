"""The studio's calls against its gamers' and against each other: exact money, seats and scores, no deadlock."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from esports import ranking
from esports.models import Participation, ScoreEvent, Seats, Tournament
from esports.services.organising import create_tournament
from tests.support.http import Answer, StudioCaller
from tests.support.organising import at, escrow, seat_many, sponsor
from tests.support.threads import FULL, begin_blocked, holding, holding_seats, ledger_faults, outcomes, together
from users.errors import CurrencyFixed
from users.models import Client
from users.services import change_settings
from users.services.clients import settings_of
from wallet.models import Account


def test_a_size_raised_during_joins_never_overfills_the_field(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(tournament_size=3)
    crowd = [studio.gamer(f"g{number}") for number in range(12)]
    joins = [lambda one=one: one.join(uid) for one in crowd]
    *answers, changed = together([*joins, lambda: studio.patch(at(uid), {"tournament_size": 8})])
    assert changed.ok()["tournament_size"] == 8
    joined = outcomes(answers)[200, ""]
    assert outcomes(answers) == Counter({(200, ""): joined, FULL: 12 - joined})
    assert 3 <= joined <= 8
    again = outcomes([one.join(uid) for one in crowd])
    assert again == Counter({(200, ""): 8 - joined, (409, "EXISTING_PARTICIPATION_FOUND"): joined, FULL: 4})
    assert (Seats.objects.get().taken, escrow(uid), ledger_faults()) == (8, 80, [])


def test_a_size_can_be_lowered_only_before_the_first_join(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(tournament_size=9)
    crowd = [studio.gamer(f"g{number}") for number in range(6)]
    joins = [lambda one=one: one.join(uid) for one in crowd]
    *answers, changed = together([*joins, lambda: studio.patch(at(uid), {"tournament_size": 3})])
    if changed.status == 200:
        assert outcomes(answers) == {(200, ""): 3, FULL: 3}
        expected = (3, 3)
    else:
        assert changed.refused(409, "WRONG_STATE")["fields"] == ["tournament_size"]
        assert outcomes(answers) == {(200, ""): 6}
        expected = (9, 6)
    seats = Seats.objects.get()
    assert (seats.size, seats.taken) == expected
    assert ledger_faults() == []


def test_a_join_after_a_price_change_pays_the_new_price(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(buy_in_price=10)
    ann, bob = studio.gamer("ann"), studio.gamer("bob")
    with holding_seats(uid):
        # The change waits first, so it is made first; the joins have read the tournament before it.
        waiting = begin_blocked(
            lambda: studio.patch(at(uid), {"buy_in_price": 20}), lambda: ann.join(uid, 20), lambda: bob.join(uid, 10)
        )
    changed, dear, cheap = (one.result() for one in waiting)
    assert changed.ok()["buy_in_price"] == 20
    dear.ok()
    cheap.refused(400, "TOURNAMENT_INVALID_JOINING_STAKE")
    assert (ann.buckets(), bob.buckets()) == ((30, 0, 0), (50, 0, 0))
    assert (Participation.objects.get().stake, escrow(uid), ledger_faults()) == (20, 20, [])


def test_a_join_during_a_cancellation_gets_every_unit_back(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(sponsored_amount=33)
    crowd = [studio.gamer(f"g{number}") for number in range(12)]
    for one in crowd[:4]:
        one.join(uid).ok()
    crowd[0].score(uid, 5).ok()
    calls = [lambda one=one: one.join(uid) for one in crowd[4:]]
    calls += [lambda: crowd[1].leave(uid), lambda: crowd[2].score(uid, 5), lambda: crowd[3].leave(uid)]
    *answers, first, second = together([*calls, *[lambda: studio.post(at(uid, "/cancel"))] * 2])
    assert outcomes(answers).keys() <= {(200, ""), (400, "TOURNAMENT_IS_NOT_LIVE")}
    assert (first.status, first.content) == (200, second.content)
    assert first.json["refunds_pending"] == 0
    assert [one.buckets() for one in crowd] == [(50, 0, 0)] * 12
    live = Participation.objects.filter(left_at=None)
    assert live.filter(refunded_at=None).count() == 0
    assert live.count() == Seats.objects.get().taken == first.json["participants_count"]
    assert (escrow(uid), sponsor(studio), ledger_faults()) == (0, 0, [])


def test_a_parallel_change_and_cancellation_leave_the_escrow_empty(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(sponsored_amount=100)
    changes = [
        lambda amount=amount: studio.patch(at(uid), {"sponsored_amount": amount}) for amount in range(40, 240, 20)
    ]
    *answers, cancelled = together([*changes, lambda: studio.post(at(uid, "/cancel"))])
    assert cancelled.ok()["tournament_status"] == "CANCELLED"
    assert outcomes(answers).keys() <= {(200, ""), (409, "WRONG_STATE")}
    assert (escrow(uid), sponsor(studio), ledger_faults()) == (0, 0, [])


def test_parallel_bulk_calls_for_the_same_gamers_lose_no_score(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(score_operator="sum")
    names = seat_many(uid, 40)

    def call(number: int) -> Answer:
        rows = [{"user_id": name, "value": number, "event_id": f"call-{number}"} for name in names]
        random.Random(number).shuffle(rows)
        return studio.post(at(uid, "/scores"), {"scores": rows})

    answers = together([lambda number=number: call(number) for number in range(1, 21)])
    assert outcomes(answers) == {(200, ""): 20}
    assert {row["status"] for answer in answers for row in answer.json["results"]} == {"accepted"}
    participations = list(Participation.objects.filter(tournament=uid))
    assert [stay.score for stay in participations] == [210] * 40
    rule = participations[0].tournament.score_rule
    for stay in participations:
        events = ScoreEvent.objects.filter(participation=stay).order_by("id").values_list("value", "accepted_at")
        folded = ranking.fold(rule, list(events))
        assert (folded.score, folded.reached_at) == (stay.score, stay.reached_at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT xmin::text) FROM esports_scoreevent")
        assert cursor.fetchone() == (800, 20)


def test_the_same_events_in_parallel_calls_count_once(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(score_operator="sum")
    names = seat_many(uid, 20)
    rows = [{"user_id": name, "value": 3, "event_id": "match-7"} for name in names]
    shuffled = [random.Random(number).sample(rows, len(rows)) for number in range(10)]
    answers = together([lambda body=body: studio.post(at(uid, "/scores"), {"scores": body}) for body in shuffled])
    told = Counter(row["status"] for answer in answers for row in answer.json["results"])
    assert told == {"accepted": 20, "duplicate": 180}
    assert [stay.score for stay in Participation.objects.all()] == [3] * 20
    assert ScoreEvent.objects.count() == 20


def test_parallel_bulk_and_gamer_scores_add_up(committed: None, studio: StudioCaller) -> None:
    uid = studio.tournament(score_operator="sum", score_source="any")
    crowd = [studio.gamer(f"g{number}") for number in range(5)]
    for one in crowd:
        one.join(uid).ok()
    rows = [{"user_id": one.user_id, "value": 100} for one in crowd]
    own = [lambda one=one: one.score(uid, 1) for one in crowd] * 2
    bulk = [lambda part=part: studio.post(at(uid, "/scores"), {"scores": part}) for part in (rows, rows[::-1]) * 3]
    assert outcomes(together([*own, *bulk])) == {(200, ""): 16}
    assert [stay.score for stay in Participation.objects.all()] == [602] * 5


def test_a_first_tournament_gets_the_currency_of_a_change_before_it(
    committed: None, studio: StudioCaller, client_row: Client
) -> None:
    """The caller's client was read before: for some seconds it is known from a cache."""
    seen = settings_of(client_row)
    change_settings(client_id=client_row.pk, settings=seen | {"currency": "GOLD"}, seen=seen)
    assert client_row.currency != "GOLD"
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    given = {"title": "Cup", "buy_in_price": 10, "tournament_size": 100, "ends_at": ends_at}
    made = create_tournament(client=client_row, given=given).tournament
    assert (made.currency, Account.objects.get(pk=made.escrow_id).currency) == ("GOLD", "GOLD")


def test_a_currency_cannot_change_while_a_first_tournament_is_created(
    committed: None, studio: StudioCaller, client_row: Client
) -> None:
    seen = settings_of(client_row)

    def change() -> None:
        change_settings(client_id=client_row.pk, settings=seen | {"currency": "GOLD"}, seen=seen)

    with holding("LOCK TABLE esports_seats IN EXCLUSIVE MODE", []):
        [first] = begin_blocked(studio.tournament)
        [second] = begin_blocked(change)
    first.result()
    with pytest.raises(CurrencyFixed):
        second.result()
    assert Tournament.objects.get().currency == Client.objects.get().currency == client_row.currency
