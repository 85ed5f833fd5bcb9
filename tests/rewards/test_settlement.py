"""Settlement: exactly once, to the last unit, and provable afterwards."""

import pytest
from django.core.management import call_command

from esports.models import Participation, Tournament
from rewards.models import Reward
from rewards.services.settling import settle_due
from tests.support.clock import end
from tests.support.http import StudioCaller
from tests.support.settling import held, play, settle
from wallet.models import Transaction

pytestmark = pytest.mark.django_db


def test_fourteen_gamers_win_4_then_one_and_a_half_then_1(studio: StudioCaller) -> None:
    uid = studio.tournament()
    callers = play(studio, uid, {f"g{n}": 100 - n for n in range(14)})
    end(uid)
    assert settle_due() == 1
    prizes = list(Reward.objects.order_by("rank").values_list("rank", "amount"))
    assert prizes == [(1, 40), (2, 15), (3, 15), (4, 15), (5, 10)]
    assert (held("escrow"), held("rewards_payable"), held("house")) == (0, 95, 45)
    winners = callers["g0"].board(uid)["winners"]
    assert [(row["rank"], row["user_id"], row["reward"], row["score"]) for row in winners] == [
        (1, "g0", 40, 100),
        (2, "g1", 15, 99),
        (3, "g2", 15, 98),
        (4, "g3", 15, 97),
        (5, "g4", 10, 96),
    ]
    call_command("verify_ledger")
    call_command("verify_settlement", uid)


def test_a_second_settlement_changes_nothing(studio: StudioCaller) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    end(uid)
    assert settle(uid) is not None
    before = Transaction.objects.count(), Reward.objects.count()
    assert settle(uid) is None
    assert settle_due() == 0
    assert (Transaction.objects.count(), Reward.objects.count()) == before


def test_a_running_tournament_is_not_settled(studio: StudioCaller) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    assert settle(uid) is None
    assert settle_due() == 0


def test_a_delayed_settlement_waits_for_its_time(studio: StudioCaller) -> None:
    uid = studio.tournament(settlement_delay_seconds=3600)
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    end(uid)
    assert settle_due() == 0
    Tournament.objects.update(settlement_delay_seconds=0)
    assert settle_due() == 1


def test_the_house_gets_the_prize_of_an_unheld_rank(studio: StudioCaller) -> None:
    table = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 3, "amount": 7}]}
    uid = studio.tournament(prize_table=table)
    play(studio, uid, {"a": 3, "b": None, "c": None})
    end(uid)
    settle(uid)
    assert list(Reward.objects.values_list("rank", "amount")) == [(1, 7)]
    assert (held("rewards_payable"), held("house")) == (7, 23)


def test_stakes_pay_before_the_sponsor(studio: StudioCaller) -> None:
    table = {"kind": "fixed", "bands": [{"from_rank": 1, "to_rank": 1, "amount": 50}]}
    uid = studio.tournament(prize_table=table, sponsored_amount=100)
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    assert held("sponsor") == -100
    end(uid)
    settlement = settle(uid)
    assert settlement is not None
    assert (settlement.prizes, settlement.to_house, settlement.to_sponsor) == (50, 0, 80)
    assert (held("sponsor"), held("escrow")) == (-20, 0)
    call_command("verify_ledger")


def test_a_free_tournament_pays_shares_of_its_sponsorship(studio: StudioCaller) -> None:
    table = {"kind": "shares", "bands": [{"from_rank": 1, "to_rank": 2, "share_bp": 9999}]}
    uid = studio.tournament(buy_in_price=0, sponsored_amount=101, prize_table=table)
    for n in range(3):
        gamer = studio.gamer(f"g{n}")
        gamer.join(uid, 0).ok()
        gamer.score(uid, n).ok()
    end(uid)
    settlement = settle(uid)
    assert settlement is not None
    assert (settlement.prizes, settlement.to_house, settlement.to_sponsor) == (100, 0, 1)


def test_split_ties_share_prizes_and_the_first_gets_the_odd_unit(studio: StudioCaller) -> None:
    bands = [{"from_rank": 1, "to_rank": 1, "amount": 15}, {"from_rank": 2, "to_rank": 3, "amount": 5}]
    uid = studio.tournament(tie_rule="split", prize_table={"kind": "fixed", "bands": bands})
    play(studio, uid, {"a": 9, "b": 9, "c": 5})
    end(uid)
    settle(uid)
    rows = Reward.objects.order_by("rank").values_list("gamer__user_id", "amount")
    assert list(rows) == [("a", 10), ("b", 10), ("c", 5)]
    call_command("verify_settlement", uid)


def test_split_ties_hand_out_the_remainder_by_rank(studio: StudioCaller) -> None:
    bands = [{"from_rank": 1, "to_rank": 1, "amount": 16}, {"from_rank": 2, "to_rank": 2, "amount": 5}]
    uid = studio.tournament(tie_rule="split", prize_table={"kind": "fixed", "bands": bands})
    play(studio, uid, {"a": 9, "b": 9, "c": 5})
    end(uid)
    settle(uid)
    rows = Reward.objects.order_by("rank").values_list("gamer__user_id", "amount")
    assert list(rows) == [("a", 11), ("b", 10)]
    call_command("verify_settlement", uid)


def test_the_history_shows_won_and_lost(studio: StudioCaller) -> None:
    uid = studio.tournament()
    callers = play(studio, uid, {"a": 3, "b": 2, "c": 1})
    end(uid)
    settle(uid)
    for name, result, rank, won in (("a", "Won", 1, 10), ("c", "You Lost", 3, 0)):
        (row,) = callers[name].get("/fe/esports/statistics/historic").ok()
        assert (row["result"], row["rank"], row["amountWon"]) == (result, rank, won)


def test_results_are_paged_in_rank_order_for_the_studio(studio: StudioCaller, other_studio: StudioCaller) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    path = f"/s2s/esports/tournaments/{uid}/results"
    assert studio.get(path).ok() == []
    end(uid)
    settle(uid)
    first = studio.get(f"{path}?limit=2")
    rest = studio.get(f"{path}?limit=2&cursor={first.headers['X-Next-Cursor']}")
    rows = first.ok() + rest.ok()
    assert [(row["rank"], row["user_id"], row["reward"], row["claim_status"]) for row in rows] == [
        (1, "a", 10, "UNCLAIMED"),
        (2, "b", 0, None),
        (3, "c", 0, None),
    ]
    assert "X-Next-Cursor" not in rest.headers
    other_studio.get(path).refused(404, "TOURNAMENT_NOT_FOUND")


def test_the_proof_finds_a_changed_rank(studio: StudioCaller, capsys: pytest.CaptureFixture[str]) -> None:
    uid = studio.tournament()
    play(studio, uid, {"a": 3, "b": 2, "c": 1})
    end(uid)
    settle(uid)
    Participation.objects.filter(final_rank=2).update(prize=1)
    with pytest.raises(SystemExit) as exit_:
        call_command("verify_settlement", uid)
    assert exit_.value.code == 1
    assert "rank 2" in capsys.readouterr().err
