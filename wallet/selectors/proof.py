"""The ledger's proof: recomputes every stored balance and total from the postings alone."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from wallet import references


@dataclass(frozen=True)
class Difference:
    """A contradiction between a stored value and the postings: the rule, the row, and the two values."""

    rule: str
    row: str
    found: str


def ledger_differences(limit: int = 1000) -> list[Difference]:
    """Every contradiction between the stored ledger and its postings; empty if the ledger is right.

    At most `limit` per rule. Reads whole tables: a tool for audits, not for requests.
    """
    differences = []
    with connection.cursor() as cursor:
        _read_everything(cursor)
        for rule, sql in _RULES.items():
            cursor.execute(f"{sql} LIMIT %s", [limit])
            differences += [Difference(rule, str(row), str(found)) for row, found in cursor.fetchall()]
    return differences


def ledger_totals() -> list[dict[str, Any]]:
    """Per currency and kind of account: the number of accounts and their total balance, from the postings."""
    with connection.cursor() as cursor:
        _read_everything(cursor)
        cursor.execute(_TOTALS)
        return [
            {"currency": currency, "kind": kind, "accounts": accounts, "balance": int(balance)}
            for currency, kind, accounts, balance in cursor.fetchall()
        ]


def _read_everything(cursor: CursorWrapper) -> None:
    """Lift the statement timeout, and forbid nested loops: stale statistics after a burst would choose them."""
    cursor.execute("SET LOCAL statement_timeout = 0")
    cursor.execute("SET LOCAL enable_nestloop = off")


_SUMS = """
SELECT account_id, sum(amount) AS balance FROM (
    SELECT destination_id AS account_id, amount::numeric FROM wallet_posting
     UNION ALL
    SELECT source_id, -amount::numeric FROM wallet_posting) AS side
 GROUP BY account_id
"""
# Each change of a gamer's account, in posting order, with the stored balances before and after it.
_STEPS = """
SELECT side.id, account_id, change, after,
       lag(after, 1, 0::bigint) OVER (PARTITION BY account_id ORDER BY side.id) AS before
  FROM (SELECT id, destination_id AS account_id, amount AS change, destination_balance AS after FROM wallet_posting
         UNION ALL
        SELECT id, source_id, -amount, source_balance FROM wallet_posting) AS side
  JOIN wallet_account account ON account.id = account_id AND account.wallet_id IS NOT NULL
"""
# The references of the rows that the rules below call w (withdrawal) and a (adjustment), and the id in t.reference.
_HOLD, _PAID, _REVERSAL, _RETURN = (
    references.in_sql(make, "w.id")
    for make in (
        references.withdrawal_hold,
        references.withdrawal_paid,
        references.withdrawal_reversal,
        references.withdrawal_return,
    )
)
_ADJUSTMENT = references.in_sql(references.adjustment, "a.id")
_IS_ADJUSTMENT = references.is_about_in_sql(references.ADJUSTMENT, "t.reference")
_REFERENCE_ID = references.id_in_sql("t.reference")
_RULES = {
    "account balance = sum of its postings": f"""
        WITH sums AS ({_SUMS})
        SELECT 'account ' || a.id, 'stored ' || a.balance || ', postings say ' || coalesce(s.balance, 0)
          FROM wallet_account a LEFT JOIN sums s ON s.account_id = a.id
         WHERE a.wallet_id IS NOT NULL AND a.balance <> coalesce(s.balance, 0)""",
    "running balance = balance before + amount": f"""
        WITH steps AS ({_STEPS})
        SELECT 'posting ' || id || ' on account ' || account_id,
               'stored ' || coalesce(after::text, 'nothing') || ', expected ' || before + change
          FROM steps WHERE after IS DISTINCT FROM before + change""",
    "a transaction has postings": """
        SELECT 'transaction ' || t.id || ' ' || t.reference, 'none'
          FROM wallet_transaction t
         WHERE NOT EXISTS (SELECT 1 FROM wallet_posting p WHERE p.transaction_id = t.id)""",
    "balance after = the three buckets after its last posting": """
        WITH change AS (
            SELECT t.id, t.reference, t.wallet_id, t.balance_after, min(p.id) AS position,
                   coalesce(sum(p.amount::numeric) FILTER (WHERE into_bucket.id IS NOT NULL), 0)
                   - coalesce(sum(p.amount::numeric) FILTER (WHERE from_bucket.id IS NOT NULL), 0) AS amount
              FROM wallet_transaction t
              JOIN wallet_posting p ON p.transaction_id = t.id
              LEFT JOIN wallet_account into_bucket ON into_bucket.id = p.destination_id
                    AND into_bucket.wallet_id = t.wallet_id AND into_bucket.kind <> 'held'
              LEFT JOIN wallet_account from_bucket ON from_bucket.id = p.source_id
                    AND from_bucket.wallet_id = t.wallet_id AND from_bucket.kind <> 'held'
             WHERE t.wallet_id IS NOT NULL GROUP BY t.id
        ), running AS (
            SELECT *, sum(amount) OVER (PARTITION BY wallet_id ORDER BY position) AS total FROM change
        )
        SELECT 'transaction ' || id || ' ' || reference, 'stored ' || balance_after || ', postings say ' || total
          FROM running WHERE balance_after <> total""",
    "a transaction touches one client and one gamer at most": """
        SELECT 'transaction ' || t.id || ' ' || t.reference, 'posting ' || p.id
          FROM wallet_transaction t
          JOIN wallet_posting p ON p.transaction_id = t.id
          JOIN wallet_account a ON a.id IN (p.source_id, p.destination_id)
         WHERE (a.client_id <> t.client_id AND a.kind <> 'kgen')
            OR (a.wallet_id IS NOT NULL AND a.wallet_id IS DISTINCT FROM t.wallet_id)""",
    "escrow and payables are never overdrawn": f"""
        WITH sums AS ({_SUMS})
        SELECT 'account ' || a.id || ' ' || a.kind, 'holds ' || s.balance
          FROM wallet_account a JOIN sums s ON s.account_id = a.id
         WHERE a.kind IN ('escrow', 'rewards_payable', 'kgen') AND s.balance < 0""",
    "held = the open withdrawal": """
        SELECT 'account ' || a.id, 'stored ' || a.balance || ', withdrawals say ' || coalesce(w.amount, 0)
          FROM wallet_account a
          LEFT JOIN wallet_withdrawal w ON w.wallet_id = a.wallet_id AND w.settled_at IS NULL
         WHERE a.kind = 'held' AND a.balance <> coalesce(w.amount, 0)""",
    "a withdrawal is held once, and ends once as its state says": f"""
        SELECT 'withdrawal ' || w.id || ' ' || w.state,
               'hold ' || coalesce(h.amount::text, 'none') || ', paid ' || coalesce(p.amount::text, 'none')
               || ', reversal ' || coalesce(r.amount::text, 'none') || ', return ' || coalesce(b.amount::text, 'none')
          FROM wallet_withdrawal w
          LEFT JOIN LATERAL (SELECT sum(g.amount) AS amount FROM wallet_transaction t
                               JOIN wallet_posting g ON g.transaction_id = t.id
                              WHERE t.reference = {_HOLD}) h ON true
          LEFT JOIN LATERAL (SELECT sum(g.amount) AS amount FROM wallet_transaction t
                               JOIN wallet_posting g ON g.transaction_id = t.id
                               JOIN wallet_account s ON s.id = g.source_id AND s.kind = 'held'
                              WHERE t.reference = {_PAID}) p ON true
          LEFT JOIN LATERAL (SELECT sum(g.amount) AS amount FROM wallet_transaction t
                               JOIN wallet_posting g ON g.transaction_id = t.id
                              WHERE t.reference = {_REVERSAL}) r ON true
          LEFT JOIN LATERAL (SELECT sum(g.amount) AS amount FROM wallet_transaction t
                               JOIN wallet_posting g ON g.transaction_id = t.id
                               JOIN wallet_account s ON s.id = g.source_id AND s.kind = 'payouts'
                               JOIN wallet_account d ON d.id = g.destination_id AND d.kind = 'earned'
                              WHERE t.reference = {_RETURN}) b ON true
         WHERE h.amount IS DISTINCT FROM w.amount
            OR p.amount IS DISTINCT FROM CASE WHEN w.state IN ('PAID', 'RETURNED') THEN w.amount END
            OR r.amount IS DISTINCT FROM CASE WHEN w.state = 'FAILED' THEN w.amount END
            OR b.amount IS DISTINCT FROM CASE WHEN w.state = 'RETURNED' THEN w.amount END""",
    "a withdrawal's booking has its withdrawal": f"""
        SELECT 'transaction ' || t.id || ' ' || t.reference, 'none'
          FROM wallet_transaction t
         WHERE t.kind IN ('WITHDRAW', 'WITHDRAW_REVERSAL', 'PAYOUT')
           AND NOT EXISTS (SELECT 1 FROM wallet_withdrawal w WHERE w.id::text = {_REFERENCE_ID})""",
    "an adjustment is booked as it says when it is approved, and else not": f"""
        WITH booked AS (
            SELECT t.reference, t.kind || ' of ' || coalesce(t.wallet_id::text, 'nobody') || ': '
                   || string_agg(s.kind || ' → ' || d.kind || ' ' || p.amount, ', ' ORDER BY p.id) AS said
              FROM wallet_transaction t
              JOIN wallet_posting p ON p.transaction_id = t.id
              JOIN wallet_account s ON s.id = p.source_id
              JOIN wallet_account d ON d.id = p.destination_id
             WHERE {_IS_ADJUSTMENT} GROUP BY t.id
        ), due AS (
            SELECT a.id, a.state, {_ADJUSTMENT} AS reference,
                   CASE WHEN a.state = 'APPROVED' THEN 'ADJUSTMENT of ' || a.wallet_id || ': '
                        || CASE a.direction WHEN 'CREDIT' THEN c.kind || ' → ' || a.bucket
                                            ELSE a.bucket || ' → ' || c.kind END || ' ' || a.amount END AS said
              FROM wallet_adjustment a
              JOIN (VALUES ('bonus', 'promotions'), ('bought', 'deposits'), ('earned', 'house')) AS c (bucket, kind)
                   ON c.bucket = a.bucket
        )
        SELECT 'adjustment ' || due.id || ' ' || due.state,
               'booked ' || coalesce(booked.said, 'nothing') || ', expected ' || coalesce(due.said, 'nothing')
          FROM due LEFT JOIN booked USING (reference)
         WHERE booked.said IS DISTINCT FROM due.said""",
    "running totals by kind of account = sums of the postings counted": """
        WITH counted AS (
            SELECT t.client_id, p.currency, a.kind,
                   sum(CASE WHEN a.id = p.destination_id THEN p.amount::numeric ELSE -p.amount::numeric END) AS held
              FROM wallet_posting p
              JOIN wallet_transaction t ON t.id = p.transaction_id
              JOIN wallet_account a ON a.id IN (p.source_id, p.destination_id)
             WHERE p.id <= (SELECT counted FROM wallet_postingmark)
             GROUP BY t.client_id, p.currency, a.kind
        )
        SELECT 'total of ' || kind || ' of ' || client_id, 'stored ' || coalesce(k.held, 0) || ', postings say '
               || coalesce(c.held, 0)
          FROM counted c FULL JOIN wallet_kindtotal k USING (client_id, currency, kind)
         WHERE coalesce(c.held, 0) <> coalesce(k.held, 0)""",
    "running totals by day = sums of the postings counted": """
        WITH counted AS (
            SELECT t.client_id, p.currency, (t.created_at AT TIME ZONE 'UTC')::date AS day, t.kind, s.kind AS source,
                   d.kind AS destination, sum(p.amount::numeric) AS moved, count(*) AS postings
              FROM wallet_posting p
              JOIN wallet_transaction t ON t.id = p.transaction_id
              JOIN wallet_account s ON s.id = p.source_id
              JOIN wallet_account d ON d.id = p.destination_id
             WHERE p.id <= (SELECT counted FROM wallet_postingmark) GROUP BY 1, 2, 3, 4, 5, 6
        )
        SELECT 'total of ' || day || ' ' || kind || ' ' || source || ' → ' || destination || ' of ' || client_id,
               'stored ' || coalesce(t.moved, 0) || ', postings say ' || coalesce(c.moved, 0)
          FROM counted c
          FULL JOIN wallet_daytotal t USING (client_id, currency, day, kind, source, destination)
         WHERE (c.moved, c.postings) IS DISTINCT FROM (t.moved, t.postings)""",
    "an adjustment's booking has its adjustment": f"""
        SELECT 'transaction ' || t.id || ' ' || t.reference, 'none'
          FROM wallet_transaction t
         WHERE (t.kind = 'ADJUSTMENT' OR {_IS_ADJUSTMENT})
           AND NOT EXISTS (SELECT 1 FROM wallet_adjustment a WHERE t.reference = {_ADJUSTMENT})""",
}
_TOTALS = f"""
WITH sums AS ({_SUMS})
SELECT a.currency, a.kind, count(*), coalesce(sum(s.balance), 0)
  FROM wallet_account a LEFT JOIN sums s ON s.account_id = a.id
 GROUP BY a.currency, a.kind ORDER BY a.currency, a.kind
"""
