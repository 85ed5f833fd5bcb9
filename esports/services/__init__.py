"""Journeys of play. Lock order, everywhere: seats (the tournament) → participations by id → accounts by id."""
