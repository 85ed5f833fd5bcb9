-- Around me on the large board: one's own standing and fifty on either side, with their names. The rank itself is not counted.
\set n random(1, :gamers)
WITH mine AS (
    SELECT rank_key, reached_at, joined_at, id FROM esports_participation
     WHERE id = (:seat::text || lpad(to_hex(:n::bigint), 12, '0'))::uuid
), near AS (
    SELECT better.* FROM mine, LATERAL (
        SELECT id, score, user_id, username FROM esports_leaderboardrow stay
         WHERE stay.tournament_id = :large::uuid
           AND (stay.rank_key, stay.reached_at, stay.joined_at, stay.id)
             < (mine.rank_key, mine.reached_at, mine.joined_at, mine.id)
         ORDER BY stay.rank_key DESC, stay.reached_at DESC, stay.joined_at DESC, stay.id DESC LIMIT 50) AS better
    UNION ALL
    SELECT worse.* FROM mine, LATERAL (
        SELECT id, score, user_id, username FROM esports_leaderboardrow stay
         WHERE stay.tournament_id = :large::uuid
           AND (stay.rank_key, stay.reached_at, stay.joined_at, stay.id)
            >= (mine.rank_key, mine.reached_at, mine.joined_at, mine.id)
         ORDER BY stay.rank_key, stay.reached_at, stay.joined_at, stay.id LIMIT 51) AS worse
)
SELECT * FROM near;
