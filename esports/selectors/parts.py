"""Parts of other apps' statements: play's side of a join, so that no other app names play's tables."""

from esports.sql import order

# (id, tournament_id, gamer_id, rank_key, final_rank, prize) of every participation.
PARTICIPATION_RESULTS = "SELECT id, tournament_id, gamer_id, rank_key, final_rank, prize FROM esports_participation"


def final_ranking(*, is_behind: bool) -> str:
    """The final ranking of a settled tournament, best first: the sort key, rank, user_id, score and prize.

    The parameters are the tournament, a sort key if `is_behind`, and the number of rows. A settled standing never
    changes: the board's order, which has an index, is the order of the final ranks.
    """
    behind = f"AND ({order()}) > (%s, %s, %s, %s)" if is_behind else ""
    # LIMIT makes it one look into the index for each, however many rows a plan for any values expects.
    return f"""
SELECT {order("board")}, result.final_rank AS rank, board.user_id, result.score, result.prize
  FROM (SELECT * FROM esports_leaderboardrow
         WHERE tournament_id = %s {behind} ORDER BY {order()} LIMIT %s) AS board
 CROSS JOIN LATERAL (SELECT final_rank, score, prize FROM esports_participation
                      WHERE id = board.id AND final_rank IS NOT NULL LIMIT 1) AS result"""
