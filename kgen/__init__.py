"""The floor of the product: settings, errors, API plumbing, and what every app stands on."""

from kgen.celery import app as celery_app

__all__ = ["celery_app"]
