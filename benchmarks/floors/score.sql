-- A score: the standing of one stay, its row of the board, and the event that says where it came from. Each of the 32
-- clients has gamers of its own: in one statement, whoever waited for another's row would look for where it stood before.
\set n :client_id + 1 + 32 * random(0, :gamers / 32 - 1)
\set value random(1, 9999999)
WITH old AS (
    SELECT id, rank_key, reached_at FROM esports_participation
     WHERE id = (:stay::text || lpad(to_hex(:n::bigint), 12, '0'))::uuid
), stay AS (
    UPDATE esports_participation AS stay
       SET score = :value::bigint, rank_key = -:value::bigint, reached_at = clock_timestamp()
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
SELECT client_id, id, score, 'gamer', reached_at, score FROM stay;
