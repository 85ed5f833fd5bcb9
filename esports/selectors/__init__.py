"""Reads of tournaments, boards and history. Each takes the caller, so that no read can forget the tenant."""
