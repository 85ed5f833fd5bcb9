"""Questions about rewards and results."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import QuerySet, Sum

from kgen.api.pagination import Key, decode_cursor, encode_cursor
from rewards.models import Reward, RewardStatus
from wallet.selectors import Difference

if TYPE_CHECKING:
    from users.models import Client

CLAIMABLE_LISTED = 1000
RESULT_KEYS = (Key("rank"),)


@dataclass(frozen=True)
class Claimable:
    """A gamer's unclaimed rewards: the oldest, and the totals over all."""

    rewards: list[Reward]
    count: int
    amount: int


@dataclass(frozen=True)
class Result:
    """A line of a settled tournament's results."""

    rank: int
    user_id: str
    score: int
    prize: int
    claim_status: str | None
    reward_id: UUID | None


def unclaimed_of(gamer_id: UUID) -> QuerySet[Reward]:
    """A gamer's unclaimed rewards."""
    return Reward.objects.filter(gamer=gamer_id, status=RewardStatus.UNCLAIMED)


def claimable(gamer_id: UUID) -> Claimable:
    """What a gamer can claim."""
    rows = unclaimed_of(gamer_id)
    listed = list(rows.order_by("created_at", "id")[:CLAIMABLE_LISTED])
    count, amount = rows.count(), rows.aggregate(total=Sum("amount"))["total"] or 0
    return Claimable(listed, count, amount)


def clients_with_expiry() -> list["Client"]:
    """Clients that let unclaimed rewards expire."""
    clients: Any = apps.get_model("users.Client").objects
    return list(clients.filter(reward_expiry_days__isnull=False))


def results_page(tournament_id: UUID, *, scope: str, cursor: str | None, limit: int) -> tuple[list[Result], str | None]:
    """A page of a tournament's final ranking, best first; empty until it is settled.

    :raises Invalid: the cursor is not one of this list.
    """
    behind = decode_cursor(scope, cursor, RESULT_KEYS)[0] if cursor else 0
    with connection.cursor() as cursor_:
        cursor_.execute(_RESULTS, [tournament_id, behind, limit + 1])
        rows = [Result(*row) for row in cursor_.fetchall()]
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(scope, [rows[limit - 1].rank])


def reward_differences(limit: int = 1000) -> list[Difference]:
    """Where rewards_payable does not hold exactly what is unclaimed, and settled tournaments that do not add up."""
    differences = []
    with connection.cursor() as cursor:
        for rule, sql in _RULES.items():
            cursor.execute(f"{sql} LIMIT %s", [limit])
            differences += [Difference(rule, row, found) for row, found in cursor.fetchall()]
    return differences


_RESULTS = """
SELECT stay.final_rank, gamer.user_id, stay.score, stay.prize, reward.status, reward.id
  FROM esports_participation stay
  JOIN users_gamer gamer ON gamer.id = stay.gamer_id
  LEFT JOIN rewards_reward reward ON reward.participation_id = stay.id
 WHERE stay.tournament_id = %s AND stay.final_rank > %s ORDER BY stay.final_rank LIMIT %s
"""
_RULES = {
    "rewards_payable = unclaimed rewards": """
        WITH unclaimed AS (
            SELECT client_id, currency, sum(amount) AS owed FROM rewards_reward WHERE status = 'UNCLAIMED'
             GROUP BY client_id, currency
        ), payable AS (
            SELECT a.client_id, a.currency,
                   coalesce((SELECT sum(amount) FROM wallet_posting WHERE destination_id = a.id), 0)
                 - coalesce((SELECT sum(amount) FROM wallet_posting WHERE source_id = a.id), 0) AS held
              FROM wallet_account a WHERE a.kind = 'rewards_payable'
        )
        SELECT 'client ' || client_id, 'holds ' || coalesce(held, 0) || ', owes ' || coalesce(owed, 0)
          FROM unclaimed FULL JOIN payable USING (client_id, currency)
         WHERE coalesce(held, 0) <> coalesce(owed, 0)""",
    "prizes + house + sponsor = stakes + sponsorship": """
        SELECT 'tournament ' || s.tournament_id,
               'divided ' || s.prizes + s.to_house + s.to_sponsor || ', came in ' ||
               (s.inputs->>'field_size')::bigint * (s.inputs->>'buy_in')::bigint + (s.inputs->>'sponsorship')::bigint
          FROM rewards_settlement s
         WHERE s.prizes + s.to_house + s.to_sponsor <>
               (s.inputs->>'field_size')::bigint * (s.inputs->>'buy_in')::bigint
               + (s.inputs->>'sponsorship')::bigint""",
    "rewards = prizes of the settlement": """
        SELECT 'tournament ' || s.tournament_id, 'settled ' || s.prizes || ', rewards ' || coalesce(sum(r.amount), 0)
          FROM rewards_settlement s LEFT JOIN rewards_reward r ON r.tournament_id = s.tournament_id
         GROUP BY s.tournament_id, s.prizes HAVING s.prizes <> coalesce(sum(r.amount), 0)""",
}
