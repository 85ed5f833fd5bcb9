"""The names of gamers, for other apps' statements: SQL, so that a join costs no second statement."""

# (id, user_id, username) of every gamer.
GAMER_NAMES = "SELECT id, user_id, username FROM users_gamer"
# The ids of a client's gamers by their user ids: the parameters are the client and an array of user ids.
GAMER_IDS = "SELECT id FROM users_gamer WHERE client_id = %s AND user_id = ANY(%s::text[])"
