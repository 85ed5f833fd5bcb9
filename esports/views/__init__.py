"""Play over HTTP: the gamers' side and the studios' side."""
