-- The best hundred with their names.
SELECT stay.id, stay.score, gamer.user_id, gamer.username
  FROM esports_leaderboardrow stay JOIN users_gamer gamer ON gamer.id = stay.gamer_id
 WHERE stay.tournament_id = :main::uuid
 ORDER BY stay.rank_key, stay.reached_at, stay.joined_at, stay.id LIMIT 101;
