-- A score: the standing of one stay, and the event that says where it came from.
\set n random(1, :gamers)
\set value random(1, 9999999)
WITH stay AS (
    UPDATE esports_participation
       SET score = :value::bigint, rank_key = -:value::bigint, reached_at = clock_timestamp(),
           changed_xid = pg_current_xact_id()::text::bigint
     WHERE id = (:stay::text || lpad(to_hex(:n::bigint), 12, '0'))::uuid
    RETURNING id, client_id, reached_at
)
INSERT INTO esports_scoreevent (client_id, participation_id, value, source, accepted_at, standing)
SELECT client_id, id, :value::bigint, 'gamer', reached_at, :value::bigint FROM stay;
