"""Shared by every endpoint: bodies, problems, pages, idempotency keys, rate limits, base views."""
