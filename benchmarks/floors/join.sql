-- A join in one statement: the seat, the stay, and the stake as a transfer. Each gamer once, by a counter.
WITH seat AS (
    UPDATE esports_seats SET taken = taken + 1, ever_taken = true
     WHERE tournament_id = :tournament::uuid AND taken < size RETURNING taken
), moved AS (
    UPDATE wallet_account SET balance = balance - :stake::bigint FROM seat
     WHERE id = :account::bigint + (seat.taken - 1) * 4 RETURNING id, wallet_id, balance, seat.taken AS n
), stay AS (
    INSERT INTO esports_participation (id, client_id, tournament_id, gamer_id, stake, joined_at)
    SELECT gen_random_uuid(), :client::uuid, :tournament::uuid, (:gamer::text || lpad(to_hex(n), 12, '0'))::uuid,
           :stake::bigint, clock_timestamp() FROM moved
    RETURNING id
), entry AS (
    INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
    SELECT gen_random_uuid(), :client::uuid, moved.wallet_id, 'JOIN', 'join:' || stay.id,
           moved.balance + (SELECT sum(balance) FROM wallet_account other
                             WHERE other.wallet_id = moved.wallet_id AND other.kind IN ('bought', 'earned')),
           clock_timestamp() FROM moved, stay
    RETURNING id
)
INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount, source_balance)
SELECT entry.id, moved.id, :escrow::bigint, 'KCASH', :stake::bigint, moved.balance FROM entry, moved;
