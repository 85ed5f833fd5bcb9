-- A thousand scores at once: neighbours, so that two of these cannot wait for each other crosswise. Locked first, for who
-- waited for another's rows must look for where they stand now.
\set n random(1, :gamers - 1000)
\set value random(1, 9999999)
BEGIN;
SELECT count(*) FROM (
    SELECT id FROM esports_participation
     WHERE id = ANY(ARRAY(SELECT (:stay::text || lpad(to_hex(:n::bigint + i), 12, '0'))::uuid FROM generate_series(0, 999) AS i))
     ORDER BY id FOR UPDATE) AS held;
WITH old AS (
    SELECT stay.id, stay.rank_key, stay.reached_at, i
      FROM generate_series(0, 999) AS i
      JOIN esports_participation stay ON stay.id = (:stay::text || lpad(to_hex(:n::bigint + i), 12, '0'))::uuid
), stay AS (
    UPDATE esports_participation AS stay
       SET score = :value::bigint + i, rank_key = -:value::bigint - i, reached_at = clock_timestamp()
      FROM old WHERE stay.id = old.id
    RETURNING stay.*, old.rank_key AS old_key, old.reached_at AS old_reached_at
), place AS (
    UPDATE esports_leaderboardrow AS place
       SET score = stay.score, rank_key = stay.rank_key, reached_at = stay.reached_at
      FROM stay
     WHERE (place.tournament_id, place.rank_key, place.reached_at, place.joined_at, place.id)
         = (stay.tournament_id, stay.old_key, stay.old_reached_at, stay.joined_at, stay.id)
)
INSERT INTO esports_scoreevent (client_id, participation_id, value, source, accepted_at, standing)
SELECT client_id, id, score, 'server', reached_at, score FROM stay;
COMMIT;
