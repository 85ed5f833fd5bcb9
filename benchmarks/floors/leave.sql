-- A leave in one statement: the seat back, the stay ended, the stake returned. The stays of a full tournament are
-- left in the order of the seats that are still taken.
WITH seat AS (
    UPDATE esports_seats SET taken = taken - 1
     WHERE tournament_id = :tournament::uuid AND taken > 0 RETURNING taken + 1 AS n
), stay AS (
    UPDATE esports_participation stay SET left_at = clock_timestamp() FROM seat
     WHERE stay.tournament_id = :tournament::uuid AND stay.left_at IS NULL
       AND stay.gamer_id = (:gamer::text || lpad(to_hex(seat.n), 12, '0'))::uuid
    RETURNING stay.id, seat.n
), moved AS (
    UPDATE wallet_account SET balance = balance + :stake::bigint FROM stay
     WHERE wallet_account.id = :account::bigint + (stay.n - 1) * 4 RETURNING wallet_account.id, wallet_id, balance, stay.id AS stay_id
), entry AS (
    INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
    SELECT gen_random_uuid(), :client::uuid, moved.wallet_id, 'LEAVE', 'refund:' || moved.stay_id,
           moved.balance + (SELECT sum(balance) FROM wallet_account other
                             WHERE other.wallet_id = moved.wallet_id AND other.kind IN ('bought', 'earned')),
           clock_timestamp() FROM moved
    RETURNING id
)
INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount, destination_balance)
SELECT entry.id, :escrow::bigint, moved.id, 'KCASH', :stake::bigint, moved.balance FROM entry, moved;
