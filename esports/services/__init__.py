"""Services of play. All take locks in one order: seats (the tournament) → participations by id → accounts by id."""
