-- The best hundred with their names.
SELECT stay.id, stay.score, stay.user_id, stay.username
  FROM esports_leaderboardrow stay
 WHERE stay.tournament_id = :main::uuid
 ORDER BY stay.rank_key, stay.reached_at, stay.joined_at, stay.id LIMIT 101;
