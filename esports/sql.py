"""SQL that several statements share: live participations, the board's total order, and writing the board.

Values are always parameters. Index definitions and migrations spell these themselves: they are history.
"""

from esports.ranking import SortKey
from users.selectors.names import GAMER_NAMES

# The condition of a live participation; `esports.models.live` says the same to the ORM.
LIVE = "left_at IS NULL"
# The columns of the board's total order. LeaderboardRow's primary key is the tournament and these.
ORDER = tuple("id" if field == "participation_id" else field for field in SortKey._fields)
# One live participation for each pair of two arrays, tournaments and gamers; entrant.number counts the pairs from 1.
LIVE_ENTRANTS = f"""
       unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS entrant (tournament_id, gamer_id, number)
  JOIN esports_participation AS participation
    ON (participation.tournament_id, participation.gamer_id) = (entrant.tournament_id, entrant.gamer_id)
   AND participation.{LIVE}"""
# Some sort keys, as four arrays.
SORT_KEYS = "%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::uuid[]"


def order(alias: str = "") -> str:
    """The board's order, best first, for ORDER BY and for comparing rows."""
    return ", ".join(f"{alias}.{column}" if alias else column for column in ORDER)


def reverse_order(alias: str) -> str:
    """The board's order, worst first, for ORDER BY."""
    return ", ".join(f"{alias}.{column} DESC" for column in ORDER)


def names_of(gamer_id: str) -> str:
    """A lateral subquery for the `user_id` and `username` of a gamer; `gamer_id` is an SQL expression.

    LIMIT makes it one look into the index for each row, however many rows a plan for any values expects.
    """
    return f"LATERAL (SELECT user_id, username FROM ({GAMER_NAMES}) AS named WHERE named.id = {gamer_id} LIMIT 1)"


def insert_rows(standings: str) -> str:
    """The INSERT of the board's rows for the relation `standings`, which has the columns of participations.

    It ends behind FROM, so that WHERE and RETURNING may follow.
    """
    return f"""
    INSERT INTO esports_leaderboardrow (tournament_id, {order()}, score, user_id, username)
    SELECT tournament_id, {order("standing")}, score, user_id, username
      FROM {standings} AS standing CROSS JOIN {names_of("standing.gamer_id")} AS gamer"""


def insert_change(standings: str) -> str:
    """The INSERT by which rank caches learn whose standings this transaction has changed."""
    return f"""
    INSERT INTO esports_standingchange (tournament_id, participation_ids, xid, changed_at)
    SELECT tournament_id, array_agg(id), pg_current_xact_id()::text::bigint, clock_timestamp()
      FROM {standings} AS standing GROUP BY tournament_id"""
