"""Questions about tournaments, boards and history. Each takes the actor, so that tenancy can't be forgotten."""
