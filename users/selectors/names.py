"""The names of gamers, for other apps' statements: SQL, so that a join costs no second statement."""

# (id, user_id, username) of every gamer.
GAMER_NAMES = "SELECT id, user_id, username FROM users_gamer"
