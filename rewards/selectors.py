"""Reads of rewards, results and settlements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet, Sum

from esports.ranking import SortKey
from esports.results import Results, Shares, booked_ranking, foresee_results, foresee_shares, recompute
from esports.selectors.boards import BEST_FIRST, share_ranks
from esports.selectors.parts import PARTICIPATION_RESULTS, final_ranking
from esports.selectors.ranks import places_of
from esports.selectors.standings import ranked_rows
from esports.selectors.tournaments import TournamentAt, stakes_to_refund
from kgen.api.pagination import Key, Page, decode_cursor, encode_cursor, page_of
from kgen.statements import Select
from rewards.models import HoldStep, Reward, RewardStatus, Settlement
from rewards.shares import destinations
from wallet import references
from wallet.ledger import SystemAccount
from wallet.selectors import Difference
from wallet.selectors.parts import BOOKED, SYSTEM_ACCOUNTS, differences, posted_balance

CLAIMABLE_LISTED = 1000
NEWEST_REWARD_FIRST = (Key("created_at", "time", descending=True), Key("id", "uuid", descending=True))
STEPS_LISTED = 100


@dataclass(frozen=True)
class Claimable:
    """A gamer's unclaimed rewards: the oldest ones, and the totals over all."""

    rewards: list[Reward]
    count: int
    amount: int


class ResultLine(NamedTuple):
    """A line of a settled tournament's results; `id` is the participation's."""

    rank_key: int
    reached_at: datetime
    joined_at: datetime
    id: UUID
    rank: int
    user_id: str
    score: int
    prize: int
    claim_status: str | None
    reward_id: UUID | None

    @property
    def key(self) -> SortKey:
        """The sort key, for cursors."""
        return SortKey(self.rank_key, self.reached_at, self.joined_at, self.id)


def rewards_by_id(id: UUID) -> QuerySet[Reward]:
    """The reward of that id, with its tournament."""
    return Reward.objects.select_related("tournament").filter(pk=id)


def unclaimed_of(gamer_id: UUID) -> QuerySet[Reward]:
    """A gamer's unclaimed rewards."""
    return Reward.objects.filter(gamer=gamer_id, status=RewardStatus.UNCLAIMED)


def claimable(gamer_id: UUID) -> Claimable:
    """The rewards that a gamer can claim."""
    rows = unclaimed_of(gamer_id)
    listed = list(rows.order_by("created_at", "id")[:CLAIMABLE_LISTED])
    count, amount = rows.count(), rows.aggregate(total=Sum("amount"))["total"] or 0
    return Claimable(listed, count, amount)


class WonReward(NamedTuple):
    """A reward or a tournament that a claim names by its id: `claim` is the index of the claim."""

    claim: int
    gamer_id: UUID
    id: UUID


def never_won(*, rewards: Sequence[WonReward], tournaments: Sequence[WonReward]) -> set[int]:
    """The claims that name a reward, of any status, or a tournament that the gamer has not won."""
    if not (rewards or tournaments):
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_NEVER_WON, [*_columns(rewards), *_columns(tournaments)])
        return {claim for (claim,) in cursor.fetchall()}


def _columns(named: Sequence[WonReward]) -> list[list[Any]]:
    return [list(column) for column in zip(*named, strict=True)] or [[], [], []]


def reward_page(gamer_id: UUID, *, scope: str, cursor: str | None, limit: int) -> Page[Reward]:
    """A gamer's rewards of every status with their tournaments, newest first.

    :raises Invalid: the cursor does not belong to this list.
    """
    rows = Reward.objects.filter(gamer=gamer_id).select_related("tournament")
    return page_of(rows, NEWEST_REWARD_FIRST, scope=scope, cursor=cursor, limit=limit)


def wins_of(gamer_ids: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """The number and sum of each gamer's prizes, forfeited ones excepted; gamers without any are missing."""
    rows = Reward.objects.filter(gamer__in=list(gamer_ids)).exclude(status=RewardStatus.FORFEITED)
    wins = rows.order_by().values_list("gamer_id").annotate(Count("pk"), Sum("amount"))
    return {gamer_id: (count, amount) for gamer_id, count, amount in wins}


def results_page(
    tournament_id: UUID, *, scope: str, cursor: str | None, limit: int
) -> tuple[list[tuple[ResultLine, int]], str | None]:
    """A page of a tournament's final ranking, best first, each line with its shared rank; empty until it is settled.

    :raises Invalid: the cursor does not belong to this list.
    """
    behind = decode_cursor(scope, cursor, BEST_FIRST) if cursor else []
    statement = _RESULTS_BEHIND if behind else _RESULTS
    lines = statement.all([tournament_id, *behind, limit + 1])
    if not lines:
        return [], None
    [(_, shared)] = places_of(tournament_id, [lines[0].key]) if behind else [(1, 1)]
    shared_ranks = share_ranks([line.rank_key for line in lines], lines[0].rank, shared)
    page = list(zip(lines, shared_ranks, strict=True))[:limit]
    return page, encode_cursor(scope, lines[limit - 1].key) if len(lines) > limit else None


@dataclass(frozen=True)
class SettlementPreview:
    """The effect of settling a tournament now, as if it were over and ripe.

    With `shares`, it is settled: `postings` are (source, destination, amount) between kinds of accounts. Without, it is
    cancelled: this many `refunds` of `stake` go back, with the sponsorship. `results` has every rank, where requested.
    """

    shares: Shares | None
    results: Results | None
    postings: list[tuple[SystemAccount, SystemAccount, int]]
    refunds: int
    stake: int
    sponsorship: int


def settlement_preview(tournament: TournamentAt) -> SettlementPreview:
    """The effect of settling, computed by the statement that settles; it locks and writes nothing.

    :raises WrongState: the tournament is settled, or all its stakes are refunded.
    """
    results = foresee_results(tournament)
    return _preview(tournament, results.shares if results else None, results)


def settlement_sums(tournament: TournamentAt) -> SettlementPreview:
    """`settlement_preview` without the ranks, for fields of any size.

    :raises WrongState: the tournament is settled, or all its stakes are refunded.
    """
    return _preview(tournament, foresee_shares(tournament), None)


def _preview(tournament: TournamentAt, shares: Shares | None, results: Results | None) -> SettlementPreview:
    row = tournament.tournament
    if shares is None:
        refunds = stakes_to_refund(row.pk).count()
        return SettlementPreview(None, None, [], refunds, row.buy_in_price, row.sponsored_amount)
    postings = [(SystemAccount.ESCROW, account, amount) for account, amount in destinations(shares)]
    return SettlementPreview(shares, results, postings, 0, row.buy_in_price, row.sponsored_amount)


def settlement_of(tournament_id: UUID) -> Settlement | None:
    """The record of a tournament's settlement; None before it."""
    return Settlement.objects.select_related("tournament__seats").filter(pk=tournament_id).first()


def settlement_differences(settlement: Settlement) -> list[str]:
    """The contradictions between the record, the booked ranks and the score events. The tournament has its seats."""
    recomputed = recompute(settlement.tournament)
    booked = booked_ranking(settlement.tournament_id)
    faults = [
        f"rank {was.rank}: booked {was}, recomputed {now}"
        for was, now in zip(booked, recomputed.ranking, strict=False)
        if was != now
    ]
    checks = [
        ("ranks", len(booked), len(recomputed.ranking)),
        ("inputs", settlement.inputs, recomputed.inputs),
        ("to the house", settlement.to_house, recomputed.to_house),
        ("to the sponsor", settlement.to_sponsor, recomputed.to_sponsor),
        ("hash", settlement.sha256, recomputed.fingerprint()),
    ]
    return faults + [f"{what}: recorded {was}, recomputed {now}" for what, was, now in checks if was != now]


def prize_page(tournament_id: UUID, *, cursor: str | None, limit: int) -> Page[Any]:
    """A page of a settled tournament's ranking, as participations with their gamers and, if they won, rewards.

    :raises Invalid: the cursor does not belong to this list.
    """
    # A settled standing never changes: the board's order, which has an index, is the order of the final ranks.
    rows = ranked_rows(tournament_id).select_related("participation__gamer", "participation__reward")
    page: Page[Any] = page_of(rows, BEST_FIRST, scope=f"prizes\n{tournament_id}", cursor=cursor, limit=limit)
    return Page([row.participation for row in page.rows], page.next_cursor)


def reward_of(participation_id: UUID) -> Reward | None:
    """The reward of a participation, with its gamer and tournament; None if it has none."""
    return Reward.objects.select_related("gamer", "tournament").filter(participation=participation_id).first()


def hold_steps_of(reward: Reward) -> list[HoldStep]:
    """Operators' actions on a reward, newest first; at most the last hundred."""
    return list(reward.hold_steps.order_by("-id")[:STEPS_LISTED])


def reward_differences(limit: int = 1000) -> list[Difference]:
    """Differences between rewards_payable and the unclaimed and held rewards, and settlements that do not add up."""
    return differences(_RULES, limit)


# LIMIT makes it one look into the index for each, however many rows a plan for any values expects.
_RESULTS, _RESULTS_BEHIND = (
    Select(
        f"""
SELECT line.*, reward.status AS claim_status, reward.id AS reward_id
  FROM ({final_ranking(is_behind=is_behind)}) AS line
  LEFT JOIN LATERAL (SELECT id, status FROM rewards_reward WHERE participation_id = line.id LIMIT 1) AS reward ON true
 ORDER BY line.rank
""",
        ResultLine,
    )
    for is_behind in (False, True)
)
# One look into an index for each: for a NOT EXISTS the planner may read the whole table.
_NEVER_WON = """
SELECT claim FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[]) AS named (claim, gamer_id, id)
 WHERE (SELECT true FROM rewards_reward WHERE id = named.id AND gamer_id = named.gamer_id LIMIT 1) IS NULL
UNION ALL
SELECT claim FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[]) AS named (claim, gamer_id, id)
 WHERE (SELECT true FROM rewards_reward
         WHERE gamer_id = named.gamer_id AND tournament_id = named.id LIMIT 1) IS NULL
"""
_FORFEIT = references.in_sql(references.reward_forfeit, "reward.id")
_RULES = {
    "rewards_payable = unclaimed and held rewards": f"""
        WITH unclaimed AS (
            SELECT client_id, currency, sum(amount) AS owed FROM rewards_reward WHERE status IN ('UNCLAIMED', 'HELD')
             GROUP BY client_id, currency
        ), payable AS (
            SELECT client_id, currency, {posted_balance("account.id")} AS held
              FROM ({SYSTEM_ACCOUNTS}) AS account WHERE kind = 'rewards_payable'
        )
        SELECT 'client ' || client_id, 'holds ' || coalesce(held, 0) || ', owes ' || coalesce(owed, 0)
          FROM unclaimed FULL JOIN payable USING (client_id, currency)
         WHERE coalesce(held, 0) <> coalesce(owed, 0)""",
    "prizes + house + sponsor = stakes + sponsorship": """
        SELECT 'tournament ' || tournament_id, 'divided ' || divided || ', came in ' || came_in
          FROM (SELECT tournament_id, prizes + to_house + to_sponsor AS divided,
                       (inputs->>'field_size')::bigint * (inputs->>'buy_in')::bigint
                       + (inputs->>'sponsorship')::bigint AS came_in
                  FROM rewards_settlement) AS settlement
         WHERE divided <> came_in""",
    "rewards = prizes of the settlement": """
        SELECT 'tournament ' || settlement.tournament_id,
               'settled ' || settlement.prizes || ', rewards ' || coalesce(sum(reward.amount), 0)
          FROM rewards_settlement AS settlement
          LEFT JOIN rewards_reward AS reward ON reward.tournament_id = settlement.tournament_id
         GROUP BY settlement.tournament_id, settlement.prizes
        HAVING settlement.prizes <> coalesce(sum(reward.amount), 0)""",
    "final ranks = 1 … ranked, each once": f"""
        SELECT 'tournament ' || settlement.tournament_id,
               'ranked ' || settlement.ranked || ', ranks ' || count(result.final_rank)
          FROM rewards_settlement AS settlement
          LEFT JOIN ({PARTICIPATION_RESULTS}) AS result
            ON result.tournament_id = settlement.tournament_id AND result.rank_key IS NOT NULL
         GROUP BY settlement.tournament_id, settlement.ranked
        HAVING (count(result.final_rank), count(DISTINCT result.final_rank), coalesce(max(result.final_rank), 0))
               <> (settlement.ranked, settlement.ranked, settlement.ranked)""",
    "a reward is its participation's prize": f"""
        SELECT 'reward ' || reward.id, 'rank ' || reward.rank || ', amount ' || reward.amount
          FROM rewards_reward AS reward JOIN ({PARTICIPATION_RESULTS}) AS result ON result.id = reward.participation_id
         WHERE (reward.tournament_id, reward.gamer_id, reward.rank, reward.amount)
               IS DISTINCT FROM (result.tournament_id, result.gamer_id, result.final_rank, result.prize)""",
    "a forfeited reward went to the house, and no other did so": f"""
        SELECT 'reward ' || reward.id || ' ' || reward.status, coalesce(booked.reference, 'not booked')
          FROM rewards_reward AS reward
          LEFT JOIN ({BOOKED}) AS booked ON booked.reference = {_FORFEIT}
         WHERE (reward.status = 'FORFEITED') <> (booked.id IS NOT NULL)""",
}
