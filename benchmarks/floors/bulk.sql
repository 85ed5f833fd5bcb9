-- A thousand scores at once: neighbours, so that two of these cannot wait for each other crosswise.
\set n random(1, :gamers - 1000)
\set value random(1, 9999999)
WITH stay AS (
    UPDATE esports_participation
       SET score = :value::bigint + i, rank_key = -:value::bigint - i, reached_at = clock_timestamp(),
           changed_xid = pg_current_xact_id()::text::bigint
      FROM generate_series(0, 999) AS i
     WHERE id = (:stay::text || lpad(to_hex(:n::bigint + i), 12, '0'))::uuid
    RETURNING id, client_id, reached_at, score
)
INSERT INTO esports_scoreevent (client_id, participation_id, value, source, accepted_at, standing)
SELECT client_id, id, score, 'server', reached_at, score FROM stay;
