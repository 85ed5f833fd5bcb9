"""Play: tournaments, participations, scores, leaderboards."""
