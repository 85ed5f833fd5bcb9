"""Proofs: escrows hold the stakes of the field and the sponsorship, and nothing after their refund or settlement."""

from django.db import connection

from esports.sql import LIVE
from users.selectors.names import GAMER_NAMES
from wallet.selectors import Difference
from wallet.selectors.parts import differences, posted_balance


def escrow_differences(limit: int = 1000) -> list[Difference]:
    """Escrows with a wrong balance, and seats and rows of boards that do not match their participations."""
    return differences(_RULES, limit)


def escrows_due() -> int:
    """The number of tournaments that are over and whose escrow is not empty yet: due, not wrong."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_HOLDINGS} SELECT count(*) FROM holding WHERE over_at <= clock_timestamp() AND held > 0")
        return int(cursor.fetchone()[0])


_HOLDINGS = f"""
WITH holding AS (
    SELECT tournament.id, over_at, refunded_at, settled_at, sponsored_amount,
           {posted_balance("tournament.escrow_id")} AS held,
           (SELECT coalesce(sum(stake), 0) FROM esports_participation AS participation
             WHERE participation.tournament_id = tournament.id AND {LIVE}
               AND participation.refunded_at IS NULL) AS stakes
      FROM esports_tournament AS tournament
)"""
_RULES = {
    "escrow = stakes of the field + sponsorship": f"""{_HOLDINGS}
        SELECT 'tournament ' || id, 'holds ' || held || ', expected ' || stakes + sponsored_amount
          FROM holding WHERE refunded_at IS NULL AND settled_at IS NULL AND held <> stakes + sponsored_amount""",
    "escrow of a settled or refunded tournament = 0": f"""{_HOLDINGS}
        SELECT 'tournament ' || id, 'holds ' || held FROM holding
         WHERE (refunded_at IS NOT NULL OR settled_at IS NOT NULL) AND held <> 0""",
    "seats taken = gamers in the field": f"""
        SELECT 'tournament ' || seats.tournament_id,
               'counted ' || seats.taken || ', joined ' || count(participation.id)
          FROM esports_seats AS seats
          LEFT JOIN esports_participation AS participation
            ON participation.tournament_id = seats.tournament_id AND participation.{LIVE}
         GROUP BY seats.tournament_id, seats.taken HAVING seats.taken <> count(participation.id)""",
    "rows of leaderboards = standings with a rank": """
        SELECT 'participation ' || coalesce(ranked.id, board.id),
               CASE WHEN ranked.id IS NULL THEN 'a row without a standing' ELSE 'a standing without a row' END
          FROM (SELECT * FROM esports_participation WHERE rank_key IS NOT NULL) AS ranked
          FULL JOIN esports_leaderboardrow AS board
            ON (board.id, board.tournament_id, board.joined_at, board.score, board.rank_key, board.reached_at)
             = (ranked.id, ranked.tournament_id, ranked.joined_at, ranked.score, ranked.rank_key, ranked.reached_at)
         WHERE ranked.id IS NULL OR board.id IS NULL""",
    "names on leaderboards = names of gamers, or still to follow": f"""
        SELECT 'participation ' || board.id,
               CASE WHEN board.user_id = gamer.user_id THEN 'another name' ELSE 'another user id' END
          FROM esports_leaderboardrow AS board
          JOIN esports_participation AS participation ON participation.id = board.id
          JOIN ({GAMER_NAMES}) AS gamer ON gamer.id = participation.gamer_id
         WHERE board.user_id <> gamer.user_id OR (
               board.username <> gamer.username
               AND NOT EXISTS (SELECT FROM esports_rename AS rename WHERE rename.gamer_id = gamer.id))""",
}
