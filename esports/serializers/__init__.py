"""Play on the wire, by noun."""
