"""Webhooks: events are written with the change they report and delivered at least once (Standard Webhooks)."""
