"""Keeping a board's ranks near its standings while much is scored and nobody looks."""

from collections import Counter
from uuid import UUID

from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from esports.selectors.ranks import FRESH_MS, Board
from kgen.celery import app as celery_app
from kgen.valkey import pause, valkey

# So many scores of one process are more than a reader should catch up with in passing: some 30 ms.
MANY = 1_000
TOURNAMENTS_REMEMBERED = 10_000

_unseen: Counter[UUID] = Counter()


def note_scores(scores: Counter[UUID]) -> None:
    """So many scores of tournaments stand now. After many a worker is asked to let the board catch up.

    A hint: without it, or without Valkey, the next reader does the work.
    """
    _unseen.update(scores)
    for tournament_id in [known for known in scores if _unseen[known] >= MANY]:
        del _unseen[tournament_id]
        _ask_a_worker(tournament_id)
    if len(_unseen) > TOURNAMENTS_REMEMBERED:
        _unseen.clear()


def _ask_a_worker(tournament_id: UUID) -> None:
    if pause.is_on():
        return
    board = Board(tournament_id)
    try:
        # A board that nobody has looked at for an hour has no ranks to keep.
        if valkey().exists(board.mark) and valkey().set(board.called, 1, nx=True, px=FRESH_MS):
            celery_app.send_task("esports.tasks.build_board", [str(tournament_id)], expires=30)
    except (RedisError, BrokerError) as error:
        pause.start(error)
