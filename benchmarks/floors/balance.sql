-- A balance: the wallet's accounts, and when they last changed.
\set n random(1, :gamers)
SELECT wallet.address, wallet.created_at, account.kind, account.balance,
       (SELECT created_at FROM wallet_transaction entry WHERE entry.wallet_id = wallet.id
         ORDER BY created_at DESC, id DESC LIMIT 1)
  FROM wallet_wallet wallet JOIN wallet_account account ON account.wallet_id = wallet.id
 WHERE wallet.id = (:wallet::text || lpad(to_hex(:n::bigint), 12, '0'))::uuid;
