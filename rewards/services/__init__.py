"""Journeys on top of all the others."""
