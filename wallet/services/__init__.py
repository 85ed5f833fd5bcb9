"""Journeys that bring money in and take it out."""
