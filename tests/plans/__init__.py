"""How the database goes about its work on a game that has grown: a package, so that what it shares ends with it."""
