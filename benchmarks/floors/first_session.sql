-- A new gamer in one statement: wallet, four accounts, gamer, session, the welcome bonus as a transfer, the day's count.
\set slot random(0, 15)
WITH wallet AS (
    INSERT INTO wallet_wallet (id, client_id, currency, address, created_at)
    SELECT gen_random_uuid(), :client::uuid, 'KCASH', '0x' || md5(random()::text) || left(md5(random()::text), 8),
           clock_timestamp()
    RETURNING id
), account AS (
    INSERT INTO wallet_account (wallet_id, client_id, kind, currency, balance)
    SELECT id, :client::uuid, kind, 'KCASH', CASE kind WHEN 'bonus' THEN 50 ELSE 0 END
      FROM wallet, unnest(ARRAY['bonus', 'bought', 'earned', 'held']) AS kind
    RETURNING id, kind
), gamer AS (
    INSERT INTO users_gamer (id, client_id, user_id, wallet_id, created_at, updated_at, username, level, rank, name,
                             email, device_id, phonenumber, date_joined, playertag, location, location_name,
                             device_model, screen_height, screen_width, os_name, os_version, browser_name, fb_login,
                             google_login, app_version)
    SELECT gen_random_uuid(), :client::uuid, 'floor-' || gen_random_uuid(), id, clock_timestamp(), clock_timestamp(),
           'A new player', 0, 0, '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', ''
      FROM wallet
    RETURNING id
), session AS (
    INSERT INTO users_gamersession (id, client_id, gamer_id, started_at, expires_at, end_reason)
    SELECT gen_random_uuid(), :client::uuid, id, clock_timestamp(), clock_timestamp() + interval '30 days', '' FROM gamer
), counted AS (
    INSERT INTO users_newgamers (client_id, day, slot, count) VALUES (:client::uuid, current_date, :slot::bigint, 1)
        ON CONFLICT (client_id, day, slot) DO UPDATE SET count = users_newgamers.count + 1
), entry AS (
    INSERT INTO wallet_transaction (id, client_id, wallet_id, kind, reference, balance_after, created_at)
    SELECT gen_random_uuid(), :client::uuid, wallet.id, 'WELCOME_BONUS', 'welcome:' || gamer.id, 50, clock_timestamp()
      FROM wallet, gamer
    RETURNING id
)
INSERT INTO wallet_posting (transaction_id, source_id, destination_id, currency, amount, destination_balance)
SELECT entry.id, :promotions::bigint, account.id, 'KCASH', 50, 50 FROM entry, account WHERE account.kind = 'bonus';
