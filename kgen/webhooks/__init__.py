"""News for studios: events written with the change they tell of, delivered at least once (Standard Webhooks)."""
