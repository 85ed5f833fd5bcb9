"""Questions about rewards and results."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import QuerySet, Sum

from esports.results import Results, foresee_results
from esports.selectors.tournaments import Seen, stakes_to_refund
from kgen.api.pagination import Key, decode_cursor, encode_cursor
from rewards.models import Reward, RewardStatus
from wallet.ledger import SystemAccount
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


@dataclass(frozen=True)
class Preview:
    """What settling a tournament now would do, as if it were over and ripe.

    Either `results`, and `postings` as (source, destination, amount) between kinds of accounts; or none: it would be
    cancelled, and so many `refunds` of `stake` would go back, with the sponsorship.
    """

    results: Results | None
    postings: list[tuple[SystemAccount, SystemAccount, int]]
    refunds: int
    stake: int
    sponsorship: int


def settlement_preview(tournament: Seen) -> Preview:
    """What settling would do, worked out by the statement that settles; nothing is locked or written.

    :raises WrongState: it is settled, or all stakes are back.
    """
    row = tournament.tournament
    results = foresee_results(tournament)
    if results is None:
        refunds = stakes_to_refund(row.pk).count()
        return Preview(None, [], refunds, row.buy_in_price, row.sponsored_amount)
    postings = [(SystemAccount.ESCROW, kind, amount) for kind, amount in shares_of(results)]
    return Preview(results, postings, 0, row.buy_in_price, row.sponsored_amount)


def shares_of(results: Results) -> list[tuple[SystemAccount, int]]:
    """To whom what is in a tournament's escrow goes, each share above 0."""
    shares = [
        (SystemAccount.REWARDS_PAYABLE, results.prizes),
        (SystemAccount.HOUSE, results.to_house),
        (SystemAccount.SPONSOR, results.to_sponsor),
    ]
    return [(kind, amount) for kind, amount in shares if amount]


def reward_differences(limit: int = 1000) -> list[Difference]:
    """Where rewards_payable does not hold exactly what is unclaimed or held, and settlements that do not add up."""
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
    "rewards_payable = unclaimed and held rewards": """
        WITH unclaimed AS (
            SELECT client_id, currency, sum(amount) AS owed FROM rewards_reward WHERE status IN ('UNCLAIMED', 'HELD')
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
    "a forfeited reward went to the house, and no other did so": """
        SELECT 'reward ' || r.id || ' ' || r.status, coalesce(t.reference, 'not booked')
          FROM rewards_reward r LEFT JOIN wallet_transaction t ON t.reference = 'forfeit:' || r.id
         WHERE (r.status = 'FORFEITED') <> (t.id IS NOT NULL)""",
}
