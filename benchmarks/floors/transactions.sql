-- The first page of a statement: fifty transactions with their postings and the accounts on both sides.
\set n random(1, :gamers)
SELECT entry.id, entry.kind, entry.created_at, entry.balance_after, posting.amount, source.kind, source.address,
       destination.kind, destination.address
  FROM (SELECT * FROM wallet_transaction
         WHERE wallet_id = (:wallet::text || lpad(to_hex(:n::bigint), 12, '0'))::uuid
         ORDER BY created_at DESC, id DESC LIMIT 51) AS entry
  JOIN wallet_posting posting ON posting.transaction_id = entry.id
  JOIN wallet_account source ON source.id = posting.source_id
  JOIN wallet_account destination ON destination.id = posting.destination_id;
