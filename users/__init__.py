"""Who: clients (one client = one game), gamers, their sessions, and operators."""
