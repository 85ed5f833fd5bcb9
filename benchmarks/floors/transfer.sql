-- A stake into an escrow, as double entry in one statement: balance, transaction, posting.
\set n random(1, :gamers)
WITH moved AS (
    UPDATE wallet_account SET balance = balance - :stake::bigint WHERE id = :account::bigint + (:n::bigint - 1) * 4 RETURNING id, wallet_id, balance
), entry AS (
    INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
    SELECT gen_random_uuid(), :client::uuid, moved.wallet_id, 'REWARD', 'floor:' || gen_random_uuid(),
           moved.balance + (SELECT sum(balance) FROM wallet_account other
                             WHERE other.wallet_id = moved.wallet_id AND other.kind IN ('bought', 'earned')),
           clock_timestamp() FROM moved
    RETURNING id
)
INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount, source_balance)
SELECT entry.id, moved.id, :house::bigint, 'KCASH', :stake::bigint, moved.balance FROM entry, moved;
