-- The session of a known gamer: found by the studio's name for it, and its life counted from now.
\set n random(1, :gamers)
WITH gamer AS (
    SELECT id, client_id, user_id, wallet_id, username, kgen_account_id FROM users_gamer
     WHERE client_id = :client::uuid AND user_id = 'player-' || :n::text
)
UPDATE users_gamersession session SET expires_at = clock_timestamp() + interval '30 days'
  FROM gamer JOIN wallet_wallet wallet ON wallet.id = gamer.wallet_id
 WHERE session.gamer_id = gamer.id AND session.ended_at IS NULL
RETURNING session.id, session.started_at, gamer.id, gamer.username, wallet.address;
