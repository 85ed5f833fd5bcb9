-- A claim in one statement: the reward's state, and its amount as a transfer. Rewards in the order of a counter.
WITH reward AS (
    UPDATE rewards_reward reward SET status = 'CLAIMED', updated_at = clock_timestamp()
      FROM benchmark_reward
     WHERE benchmark_reward.n = (SELECT nextval('benchmark_counter')) AND reward.id = benchmark_reward.id
       AND reward.status = 'UNCLAIMED'
    RETURNING reward.id, reward.amount, benchmark_reward.account_id
), moved AS (
    UPDATE wallet_account SET balance = balance + reward.amount FROM reward
     WHERE wallet_account.id = reward.account_id
    RETURNING wallet_account.id, wallet_id, balance, reward.id AS reward_id, reward.amount
), entry AS (
    INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
    SELECT gen_random_uuid(), :client::uuid, moved.wallet_id, 'REWARD', 'claim:' || moved.reward_id,
           moved.balance + (SELECT sum(balance) FROM wallet_account other
                             WHERE other.wallet_id = moved.wallet_id AND other.kind IN ('bonus', 'bought')),
           clock_timestamp() FROM moved
    RETURNING id
)
INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount, destination_balance)
SELECT entry.id, :payable::bigint, moved.id, 'KCASH', moved.amount, moved.balance FROM entry, moved;
