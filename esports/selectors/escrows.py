"""What escrows must hold: the stakes of the field and the sponsorship, and nothing once all went back."""

from django.db import connection

from wallet.selectors import Difference


def escrow_differences(limit: int = 1000) -> list[Difference]:
    """Escrows that hold something else than their tournament's stakes and sponsorship; seats and ranks miscounted."""
    differences = []
    with connection.cursor() as cursor:
        for rule, sql in _RULES.items():
            cursor.execute(f"{sql} LIMIT %s", [limit])
            differences += [Difference(rule, row, found) for row, found in cursor.fetchall()]
    return differences


def escrows_due() -> int:
    """How many tournaments are over whose escrow is not yet empty: due, not wrong."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_HOLDINGS} SELECT count(*) FROM holding WHERE over_at <= clock_timestamp() AND held > 0")
        return int(cursor.fetchone()[0])


_HOLDINGS = """
WITH holding AS (
    SELECT t.id, t.over_at, t.refunded_at, t.settled_at, t.sponsored_amount,
           coalesce((SELECT sum(amount) FROM wallet_posting WHERE destination_id = t.escrow_id), 0)
         - coalesce((SELECT sum(amount) FROM wallet_posting WHERE source_id = t.escrow_id), 0) AS held,
           (SELECT coalesce(sum(p.stake), 0) FROM esports_participation p
             WHERE p.tournament_id = t.id AND p.left_at IS NULL AND p.refunded_at IS NULL) AS stakes
      FROM esports_tournament t
)"""
_RULES = {
    "escrow = stakes of the field + sponsorship": f"""{_HOLDINGS}
        SELECT 'tournament ' || id, 'holds ' || held || ', expected ' || stakes + sponsored_amount
          FROM holding WHERE refunded_at IS NULL AND settled_at IS NULL AND held <> stakes + sponsored_amount""",
    "escrow of a settled or refunded tournament = 0": f"""{_HOLDINGS}
        SELECT 'tournament ' || id, 'holds ' || held FROM holding
         WHERE (refunded_at IS NOT NULL OR settled_at IS NOT NULL) AND held <> 0""",
    "seats taken = gamers in the field": """
        SELECT 'tournament ' || s.tournament_id, 'counted ' || s.taken || ', joined ' || count(p.id)
          FROM esports_seats s
          LEFT JOIN esports_participation p ON p.tournament_id = s.tournament_id AND p.left_at IS NULL
         GROUP BY s.tournament_id, s.taken HAVING s.taken <> count(p.id)""",
    "rows of leaderboards = standings with a rank": """
        SELECT 'participation ' || coalesce(p.id, r.id),
               CASE WHEN p.id IS NULL THEN 'a row that nobody stands at' ELSE 'no row where it stands' END
          FROM (SELECT * FROM esports_participation WHERE rank_key IS NOT NULL) p
          FULL JOIN esports_leaderboardrow r
            ON (r.id, r.tournament_id, r.joined_at, r.score, r.rank_key, r.reached_at)
             = (p.id, p.tournament_id, p.joined_at, p.score, p.rank_key, p.reached_at)
         WHERE p.id IS NULL OR r.id IS NULL""",
    "names on leaderboards = names of gamers, or still to follow": """
        SELECT 'participation ' || r.id, CASE WHEN r.user_id = g.user_id THEN 'another name' ELSE 'another user id' END
          FROM esports_leaderboardrow r
          JOIN esports_participation p ON p.id = r.id
          JOIN users_gamer g ON g.id = p.gamer_id
         WHERE r.user_id <> g.user_id OR (
                r.username <> g.username AND NOT EXISTS (SELECT FROM esports_rename n WHERE n.gamer_id = g.id))""",
}
