-- Gamers 1 … %(gamers)s with wallets, sessions, ten transactions each and a score in the main tournament; behind
-- them a crowd that only stands on the large board. Ids are computed from numbers, so that pgbench can name any row.

INSERT INTO wallet_wallet (id, client_id, currency, address, created_at)
SELECT (%(wallet)s || lpad(to_hex(n), 12, '0'))::uuid, %(client)s, 'KCASH', '0x' || md5('w' || %(world)s::text || ':' || n) || lpad(to_hex(n), 8, '0'),
       now() - interval '10 days'
  FROM generate_series(1, %(gamers)s + %(crowd)s) AS n;

INSERT INTO users_gamer (id, client_id, user_id, wallet_id, created_at, updated_at, username, level, rank, name, email,
                         device_id, phonenumber, date_joined, playertag, location, location_name, device_model,
                         screen_height, screen_width, os_name, os_version, browser_name, fb_login, google_login,
                         app_version)
SELECT (%(gamer)s || lpad(to_hex(n), 12, '0'))::uuid, %(client)s, 'player-' || n,
       (%(wallet)s || lpad(to_hex(n), 12, '0'))::uuid, now() - interval '10 days', now() - interval '10 days',
       'Player ' || n, 0, 0, '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', ''
  FROM generate_series(1, %(gamers)s + %(crowd)s) AS n;

INSERT INTO users_gamersession (id, client_id, gamer_id, started_at, expires_at, end_reason)
SELECT (%(session)s || lpad(to_hex(n), 12, '0'))::uuid, %(client)s, (%(gamer)s || lpad(to_hex(n), 12, '0'))::uuid,
       now() - interval '1 day', now() + interval '29 days', ''
  FROM generate_series(1, %(gamers)s) AS n;

-- Four accounts a gamer, in this order: account ids can be computed from the first one's.
INSERT INTO wallet_account (wallet_id, client_id, kind, currency, balance)
SELECT (%(wallet)s || lpad(to_hex(n), 12, '0'))::uuid, %(client)s, kind, 'KCASH',
       CASE kind WHEN 'bonus' THEN %(bonus)s - %(stake)s ELSE 0 END
  FROM generate_series(1, %(gamers)s) AS n,
       unnest(ARRAY['bonus', 'bought', 'earned', 'held']) WITH ORDINALITY AS bucket (kind, position)
 ORDER BY n, position;

-- Steps 0 … 9 of everybody: the welcome bonus, then in and out of the main tournament, and in at last.
INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
SELECT (%(step)s || lpad(to_hex(step), 4, '0') || lpad(to_hex(n), 8, '0'))::uuid, %(client)s,
       (%(wallet)s || lpad(to_hex(n), 12, '0'))::uuid,
       CASE WHEN step = 0 THEN 'WELCOME_BONUS' WHEN step %% 2 = 1 THEN 'JOIN' ELSE 'LEAVE' END,
       CASE WHEN step = 0 THEN 'welcome:' || (%(gamer)s || lpad(to_hex(n), 12, '0'))
            WHEN step = 9 THEN 'join:' || (%(stay)s || lpad(to_hex(n), 12, '0'))
            WHEN step %% 2 = 1 THEN 'join:' || (%(past)s || lpad(to_hex(step + 1), 4, '0') || lpad(to_hex(n), 8, '0'))
            ELSE 'refund:' || (%(past)s || lpad(to_hex(step), 4, '0') || lpad(to_hex(n), 8, '0')) END,
       %(bonus)s - %(stake)s * (step %% 2), now() - interval '10 days' + step * interval '1 day' + n * interval '1 ms'
  FROM generate_series(0, 9) AS step, generate_series(1, %(gamers)s) AS n
 ORDER BY step, n;

WITH first AS (SELECT min(id) AS account FROM wallet_account WHERE wallet_id = (%(wallet)s || lpad('1', 12, '0'))::uuid),
promotions AS (SELECT id FROM wallet_account WHERE client_id = %(client)s AND kind = 'promotions')
INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount, source_balance,
                            destination_balance)
SELECT (%(step)s || lpad(to_hex(step), 4, '0') || lpad(to_hex(n), 8, '0'))::uuid,
       CASE WHEN step = 0 THEN promotions.id WHEN step %% 2 = 1 THEN first.account + (n - 1) * 4 ELSE %(escrow)s END,
       CASE WHEN step %% 2 = 0 THEN first.account + (n - 1) * 4 ELSE %(escrow)s END,
       'KCASH', CASE WHEN step = 0 THEN %(bonus)s ELSE %(stake)s END,
       CASE WHEN step %% 2 = 1 THEN %(bonus)s - %(stake)s END, CASE WHEN step %% 2 = 0 THEN %(bonus)s END
  FROM first, promotions, generate_series(0, 9) AS step, generate_series(1, %(gamers)s) AS n
 ORDER BY step, n;

INSERT INTO esports_participation (id, client_id, tournament_id, gamer_id, stake, joined_at, score, rank_key, reached_at)
SELECT (%(stay)s || lpad(to_hex(n), 12, '0'))::uuid, %(client)s, %(main)s, (%(gamer)s || lpad(to_hex(n), 12, '0'))::uuid,
       %(stake)s, now() - interval '1 day' + n * interval '1 ms', score, -score, now() - interval '1 hour'
  FROM (SELECT n, hashint8(n) & 16777215 AS score FROM generate_series(1, %(gamers)s) AS n) AS player;
INSERT INTO esports_scoreevent (client_id, participation_id, value, source, accepted_at, standing)
SELECT %(client)s, id, score, 'gamer', reached_at, score FROM esports_participation WHERE tournament_id = %(main)s;
UPDATE esports_seats SET taken = %(gamers)s, ever_taken = true WHERE tournament_id = %(main)s;

INSERT INTO esports_participation (id, client_id, tournament_id, gamer_id, stake, joined_at, score, rank_key, reached_at)
SELECT (%(seat)s || lpad(to_hex(n), 12, '0'))::uuid, %(client)s, %(large)s, (%(gamer)s || lpad(to_hex(n), 12, '0'))::uuid,
       0, now() - interval '1 day' + n * interval '1 ms', score, -score, now() - interval '1 hour'
  FROM (SELECT n, hashint8(n + 7) & 16777215 AS score FROM generate_series(1, %(gamers)s + %(crowd)s) AS n) AS player;
UPDATE esports_seats SET taken = %(gamers)s + %(crowd)s, ever_taken = true WHERE tournament_id = %(large)s;

INSERT INTO esports_leaderboardrow (tournament_id, rank_key, reached_at, joined_at, id, score, user_id, username)
SELECT tournament_id, rank_key, reached_at, joined_at, stay.id, score, user_id, username
  FROM esports_participation stay JOIN users_gamer gamer ON gamer.id = stay.gamer_id
 WHERE tournament_id IN (%(main)s, %(large)s);
