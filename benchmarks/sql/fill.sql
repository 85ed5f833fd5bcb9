-- Everybody who is not in it joins a tournament, as so many calls of join would do it: with or without a score.
CREATE TEMP TABLE joiner ON COMMIT DROP AS
SELECT gamer.id AS gamer_id, gamer.wallet_id, account.id AS account_id, gen_random_uuid() AS stay_id,
       gen_random_uuid() AS transaction_id, (random() * 16777215)::bigint AS score,
       clock_timestamp() AS joined_at, clock_timestamp() AS reached_at
  FROM (SELECT (%(gamer)s || lpad(to_hex(n), 12, '0'))::uuid AS id, (%(wallet)s || lpad(to_hex(n), 12, '0'))::uuid AS wallet_id
          FROM generate_series(1, %(gamers)s) AS n) AS gamer
  JOIN wallet_account account ON account.wallet_id = gamer.wallet_id AND account.kind = 'bonus'
 WHERE NOT EXISTS (SELECT 1 FROM esports_participation stay
                    WHERE stay.tournament_id = %(tournament)s AND stay.gamer_id = gamer.id AND stay.left_at IS NULL);

UPDATE esports_seats SET taken = taken + (SELECT count(*) FROM joiner), ever_taken = true
 WHERE tournament_id = %(tournament)s;
INSERT INTO esports_participation (id, client_id, tournament_id, gamer_id, stake, joined_at, score, rank_key, reached_at)
SELECT stay_id, %(client)s, %(tournament)s, gamer_id, %(stake)s, joined_at, score, -score, moment
  FROM (SELECT stay_id, gamer_id, joined_at, CASE WHEN %(scored)s THEN score END AS score,
               CASE WHEN %(scored)s THEN reached_at END AS moment FROM joiner) AS new;
INSERT INTO esports_leaderboardrow (tournament_id, rank_key, reached_at, joined_at, id, score, user_id, username)
SELECT %(tournament)s, -score, reached_at, joined_at, stay_id, score, user_id, username
  FROM joiner JOIN users_gamer gamer ON gamer.id = joiner.gamer_id WHERE %(scored)s;
INSERT INTO esports_scoreevent (client_id, participation_id, value, source, accepted_at, standing)
SELECT %(client)s, stay_id, score, 'gamer', reached_at, score FROM joiner WHERE %(scored)s;
UPDATE wallet_account SET balance = balance - %(stake)s FROM joiner WHERE id = account_id;
INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
SELECT transaction_id, %(client)s, joiner.wallet_id, 'JOIN', 'join:' || stay_id, sum(account.balance), clock_timestamp()
  FROM joiner JOIN wallet_account account ON account.wallet_id = joiner.wallet_id AND account.kind <> 'held'
 GROUP BY transaction_id, joiner.wallet_id, stay_id;
INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount, source_balance)
SELECT transaction_id, account_id, %(escrow)s, 'KCASH', %(stake)s, account.balance
  FROM joiner JOIN wallet_account account ON account.id = account_id;
