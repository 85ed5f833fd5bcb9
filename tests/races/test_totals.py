"""Counting postings while they are written: ids are given in order, but committed in any."""

from functools import partial

import pytest
from django.db import connection, transaction

from tests.support.http import StudioCaller
from tests.support.threads import Runner, together
from tests.support.waiting import eventually
from users.models import Gamer
from wallet import ledger
from wallet.models import KindTotal, Posting, PostingMark
from wallet.selectors.liability import held_by_kind
from wallet.services.totalling import count_stretch, total_postings

pytestmark = pytest.mark.usefixtures("committed")


def bonus_shown() -> int:
    """What gamers hold of bonus money, by the totals and what is behind them."""
    return next(row.amount for row in held_by_kind(None) if row.kind == "bonus")


def bonus_counted() -> int:
    """What of it the totals have counted already."""
    found = KindTotal.objects.filter(kind="bonus").first()
    return int(found.held) if found else 0


def test_counting_waits_for_a_posting_that_commits_late(studio: StudioCaller) -> None:
    studio.gamer("slow")
    total_postings()
    wallet = Gamer.objects.get(user_id="slow").wallet_id
    before = bonus_shown()
    slow = connection.copy()
    slow.set_autocommit(False)
    with slow.cursor() as cursor:
        # As the ledger writes it, on a connection that does not commit yet.
        cursor.execute(_GIVE, {"wallet": wallet, "amount": 7})
    studio.gamer("quick")
    for _ in range(3):
        assert count_stretch() == 0, "an id before the newest is still being written"
        assert bonus_shown() == before + 50
    slow.commit()
    slow.close()
    assert bonus_shown() == before + 57
    total_postings()
    assert (bonus_shown(), bonus_counted()) == (before + 57, before + 57)
    assert PostingMark.objects.get().counted == Posting.objects.latest("pk").pk


def test_a_count_waits_for_a_transaction_that_rolls_back(studio: StudioCaller) -> None:
    studio.gamer("slow")
    total_postings()
    before = bonus_counted()
    slow = connection.copy()
    slow.set_autocommit(False)
    with slow.cursor() as cursor:
        cursor.execute(_GIVE, {"wallet": Gamer.objects.get(user_id="slow").wallet_id, "amount": 7})
    studio.gamer("quick")
    assert count_stretch() == 0
    slow.rollback()
    slow.close()
    total_postings()
    assert bonus_counted() == before + 50


def test_parallel_sweepers_and_writers_count_each_posting_once(studio: StudioCaller) -> None:
    studio.gamer("first")
    wallet = Gamer.objects.get(user_id="first").wallet_id
    done = False

    def write(writer: int) -> None:
        for number in range(20):
            with transaction.atomic():
                ledger.credit_bonuses([ledger.Bonus(wallet, 1, f"gift:{writer}:{number}")])

    def sweep() -> None:
        while not done:
            total_postings()

    sweepers = [Runner(sweep) for _ in range(3)]
    together([partial(write, writer) for writer in range(4)])
    done = True
    for sweeper in sweepers:
        sweeper.result()
    eventually(lambda: total_postings() == 0 and PostingMark.objects.get().counted == Posting.objects.latest("pk").pk)
    assert bonus_counted() == bonus_shown() == sum(Posting.objects.values_list("amount", flat=True))


_GIVE = """
WITH entry AS (
    INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
    SELECT gen_random_uuid(), client_id, id, 'WELCOME_BONUS', 'gift:' || id, 57, clock_timestamp()
      FROM wallet_wallet WHERE id = %(wallet)s RETURNING id, client_id, wallet_id
), moved AS (
    UPDATE wallet_account SET balance = balance + %(amount)s WHERE wallet_id = %(wallet)s AND kind = 'bonus'
)
INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount, source_balance,
                            destination_balance)
SELECT entry.id, promotions.id, bonus.id, bonus.currency, %(amount)s, NULL, bonus.balance + %(amount)s
  FROM entry
  JOIN wallet_account bonus ON bonus.wallet_id = entry.wallet_id AND bonus.kind = 'bonus'
  JOIN wallet_account promotions ON promotions.client_id = entry.client_id AND promotions.kind = 'promotions'
"""
