"""What every endpoint shares: bodies, problems, pages, idempotency, limits, base views."""
