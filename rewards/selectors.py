"""Questions about rewards and results."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import Count, QuerySet, Sum

from esports.results import BookedResults, Results, Shares, booked_places, foresee_results, foresee_shares, recompute
from esports.selectors.boards import BEST_FIRST
from esports.selectors.tournaments import TournamentAt, stakes_to_refund
from kgen.api.pagination import Key, Page, decode_cursor, encode_cursor, page_of
from rewards.models import HoldStep, Reward, RewardStatus, Settlement
from wallet.ledger import SystemAccount
from wallet.selectors import Difference

if TYPE_CHECKING:
    from users.models import Client

CLAIMABLE_LISTED = 1000
NEWEST_REWARD_FIRST = (Key("created_at", "time", descending=True), Key("id", "uuid", descending=True))
STEPS_LISTED = 100


@dataclass(frozen=True)
class Claimable:
    """A gamer's unclaimed rewards: the oldest, and the totals over all."""

    rewards: list[Reward]
    count: int
    amount: int


@dataclass(frozen=True)
class ResultLine:
    """A line of a settled tournament's results."""

    rank: int
    user_id: str
    score: int
    prize: int
    claim_status: str | None
    reward_id: UUID | None


def rewards_by_id(id: UUID) -> QuerySet[Reward]:
    """The reward of that id, with its tournament."""
    return Reward.objects.select_related("tournament").filter(pk=id)


def unclaimed_of(gamer_id: UUID) -> QuerySet[Reward]:
    """A gamer's unclaimed rewards."""
    return Reward.objects.filter(gamer=gamer_id, status=RewardStatus.UNCLAIMED)


def claimable(gamer_id: UUID) -> Claimable:
    """What a gamer can claim."""
    rows = unclaimed_of(gamer_id)
    listed = list(rows.order_by("created_at", "id")[:CLAIMABLE_LISTED])
    count, amount = rows.count(), rows.aggregate(total=Sum("amount"))["total"] or 0
    return Claimable(listed, count, amount)


def never_won(*, rewards: Sequence[tuple[int, UUID, UUID]], tournaments: Sequence[tuple[int, UUID, UUID]]) -> set[int]:
    """The places of those (place, gamer, reward) and (place, gamer, tournament) where the gamer has won no such
    reward, of whatever status, or nothing in such a tournament."""
    if not (rewards or tournaments):
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_NEVER_WON, [*_columns(rewards), *_columns(tournaments)])
        return {place for (place,) in cursor.fetchall()}


def _columns(asked: Sequence[tuple[int, UUID, UUID]]) -> list[list[Any]]:
    return [list(column) for column in zip(*asked, strict=True)] or [[], [], []]


def reward_page(gamer_id: UUID, *, scope: str, cursor: str | None, limit: int) -> Page[Reward]:
    """A gamer's rewards of every status with their tournaments, newest first.

    :raises Invalid: the cursor is not one of this list.
    """
    rows = Reward.objects.filter(gamer=gamer_id).select_related("tournament")
    return page_of(rows, NEWEST_REWARD_FIRST, scope=scope, cursor=cursor, limit=limit)


def wins_of(gamer_ids: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """(how many, their sum) of the prizes of gamers, forfeited ones left out; who has won nothing is missing."""
    rows = Reward.objects.filter(gamer__in=list(gamer_ids)).exclude(status=RewardStatus.FORFEITED)
    found = rows.order_by().values_list("gamer_id").annotate(Count("pk"), Sum("amount"))
    return {gamer_id: (count, amount) for gamer_id, count, amount in found}


def clients_with_expiry() -> list["Client"]:
    """Clients that let unclaimed rewards expire."""
    clients: Any = apps.get_model("users.Client").objects
    return list(clients.filter(reward_expiry_days__isnull=False))


def results_page(
    tournament_id: UUID, *, scope: str, cursor: str | None, limit: int
) -> tuple[list[ResultLine], str | None]:
    """A page of a tournament's final ranking, best first; empty until it is settled.

    :raises Invalid: the cursor is not one of this list.
    """
    behind = decode_cursor(scope, cursor, BEST_FIRST) if cursor else []
    with connection.cursor() as cursor_:
        cursor_.execute(_RESULTS.format(behind=_BEHIND if behind else ""), [tournament_id, *behind, limit + 1])
        found = cursor_.fetchall()
    rows = [ResultLine(*row[len(BEST_FIRST) :]) for row in found[:limit]]
    if len(found) <= limit:
        return rows, None
    return rows, encode_cursor(scope, found[limit - 1][: len(BEST_FIRST)])


@dataclass(frozen=True)
class SettlementPreview:
    """What settling a tournament now would do, as if it were over and ripe.

    Either `shares`, and `postings` as (source, destination, amount) between kinds of accounts; or none: it would be
    cancelled, and so many `refunds` of `stake` would go back, with the sponsorship. `results` has every place, where
    it was asked for.
    """

    shares: Shares | None
    results: Results | None
    postings: list[tuple[SystemAccount, SystemAccount, int]]
    refunds: int
    stake: int
    sponsorship: int


def settlement_preview(tournament: TournamentAt) -> SettlementPreview:
    """What settling would do, worked out by the statement that settles; nothing is locked or written.

    :raises WrongState: it is settled, or all stakes are back.
    """
    results = foresee_results(tournament)
    return _preview(tournament, _shares(results) if results else None, results)


def settlement_sums(tournament: TournamentAt) -> SettlementPreview:
    """`settlement_preview` without the places, for fields of any size.

    :raises WrongState: it is settled, or all stakes are back.
    """
    return _preview(tournament, foresee_shares(tournament), None)


def _preview(tournament: TournamentAt, shares: Shares | None, results: Results | None) -> SettlementPreview:
    row = tournament.tournament
    if shares is None:
        refunds = stakes_to_refund(row.pk).count()
        return SettlementPreview(None, None, [], refunds, row.buy_in_price, row.sponsored_amount)
    postings = [(SystemAccount.ESCROW, kind, amount) for kind, amount in shares_of(shares)]
    return SettlementPreview(shares, results, postings, 0, row.buy_in_price, row.sponsored_amount)


def _shares(results: Results) -> Shares:
    winners = sum(1 for place in results.places if place.prize)
    return Shares(len(results.places), winners, results.prizes, results.to_house, results.to_sponsor)


def shares_of(results: Results | BookedResults | Shares) -> list[tuple[SystemAccount, int]]:
    """To whom what is in a tournament's escrow goes, each share above 0."""
    shares = [
        (SystemAccount.REWARDS_PAYABLE, results.prizes),
        (SystemAccount.HOUSE, results.to_house),
        (SystemAccount.SPONSOR, results.to_sponsor),
    ]
    return [(kind, amount) for kind, amount in shares if amount]


def settlement_of(tournament_id: UUID) -> Settlement | None:
    """The record of a tournament's settlement; None before it."""
    return Settlement.objects.select_related("tournament__seats").filter(pk=tournament_id).first()


def settlement_differences(settlement: Settlement) -> list[str]:
    """Where the record, the booked ranks and the score events contradict each other; the tournament has its seats."""
    anew = recompute(settlement.tournament)
    booked = list(booked_places(settlement.tournament_id))
    faults = [
        f"rank {was.rank}: booked {was}, recomputed {now}"
        for was, now in zip(booked, anew.places, strict=False)
        if was != now
    ]
    checks = [
        ("ranks", len(booked), len(anew.places)),
        ("inputs", settlement.inputs, anew.inputs),
        ("to the house", settlement.to_house, anew.to_house),
        ("to the sponsor", settlement.to_sponsor, anew.to_sponsor),
        ("hash", settlement.sha256, anew.fingerprint()),
    ]
    return faults + [f"{what}: recorded {was}, recomputed {now}" for what, was, now in checks if was != now]


def prize_page(tournament_id: UUID, *, cursor: str | None, limit: int) -> Page[Any]:
    """A page of a settled tournament's ranking, as participations with their gamers and, if they won, rewards.

    :raises Invalid: the cursor is not one of this list.
    """
    rows: Any = apps.get_model("esports.LeaderboardRow").objects
    # A settled standing does not change any more: the board's order, which has an index, is that of the final ranks.
    named = rows.filter(tournament=tournament_id).select_related("participation__gamer", "participation__reward")
    page: Page[Any] = page_of(named, BEST_FIRST, scope=f"prizes\n{tournament_id}", cursor=cursor, limit=limit)
    return Page([row.participation for row in page.rows], page.next_cursor)


def reward_of(participation_id: UUID) -> Reward | None:
    """What a participation has won, with its gamer and tournament; None where it won nothing, or nothing yet."""
    return Reward.objects.select_related("gamer", "tournament").filter(participation=participation_id).first()


def hold_steps_of(reward: Reward) -> list[HoldStep]:
    """What operators did to a reward, newest first; at most the last hundred."""
    return list(reward.hold_steps.order_by("-id")[:STEPS_LISTED])


def reward_differences(limit: int = 1000) -> list[Difference]:
    """Where rewards_payable does not hold exactly what is unclaimed or held, and settlements that do not add up."""
    differences = []
    with connection.cursor() as cursor:
        for rule, sql in _RULES.items():
            cursor.execute(f"{sql} LIMIT %s", [limit])
            differences += [Difference(rule, row, found) for row, found in cursor.fetchall()]
    return differences


# A standing does not change any more once it is settled: the board's own order is that of the final ranks.
_RESULTS = """
SELECT place.rank_key, place.reached_at, place.joined_at, place.id,
       stay.final_rank, place.user_id, stay.score, stay.prize, reward.status, reward.id
  FROM (SELECT * FROM esports_leaderboardrow WHERE tournament_id = %s {behind}
         ORDER BY rank_key, reached_at, joined_at, id LIMIT %s) AS place
  -- One look into the index for each, however many rows a plan for any values reckons with.
 CROSS JOIN LATERAL (SELECT * FROM esports_participation
                      WHERE id = place.id AND final_rank IS NOT NULL LIMIT 1) AS stay
  LEFT JOIN LATERAL (SELECT id, status FROM rewards_reward WHERE participation_id = stay.id LIMIT 1) AS reward ON true
 ORDER BY stay.final_rank
"""
_BEHIND = "AND (rank_key, reached_at, joined_at, id) > (%s, %s, %s, %s)"
# One look into an index for each: of a mere NOT EXISTS the planner may make a reading of the whole table.
_NEVER_WON = """
SELECT place FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[]) AS asked (place, gamer_id, id)
 WHERE (SELECT true FROM rewards_reward WHERE id = asked.id AND gamer_id = asked.gamer_id LIMIT 1) IS NULL
UNION ALL
SELECT place FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[]) AS asked (place, gamer_id, id)
 WHERE (SELECT true FROM rewards_reward
         WHERE gamer_id = asked.gamer_id AND tournament_id = asked.id LIMIT 1) IS NULL
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
    "final ranks = 1 … ranked, each once": """
        SELECT 'tournament ' || s.tournament_id, 'ranked ' || s.ranked || ', ranks ' || count(p.final_rank)
          FROM rewards_settlement s
          LEFT JOIN esports_participation p ON p.tournament_id = s.tournament_id AND p.rank_key IS NOT NULL
         GROUP BY s.tournament_id, s.ranked
        HAVING (count(p.final_rank), count(DISTINCT p.final_rank), coalesce(max(p.final_rank), 0))
               <> (s.ranked, s.ranked, s.ranked)""",
    "a reward is its participation's prize": """
        SELECT 'reward ' || r.id, 'rank ' || r.rank || ', amount ' || r.amount
          FROM rewards_reward r JOIN esports_participation p ON p.id = r.participation_id
         WHERE (r.tournament_id, r.gamer_id, r.rank, r.amount)
               IS DISTINCT FROM (p.tournament_id, p.gamer_id, p.final_rank, p.prize)""",
    "a forfeited reward went to the house, and no other did so": """
        SELECT 'reward ' || r.id || ' ' || r.status, coalesce(t.reference, 'not booked')
          FROM rewards_reward r LEFT JOIN wallet_transaction t ON t.reference = 'forfeit:' || r.id
         WHERE (r.status = 'FORFEITED') <> (t.id IS NOT NULL)""",
}
