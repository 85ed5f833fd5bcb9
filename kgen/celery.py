"""The Celery application. Messages are hints only: every duty is a row that a sweep finds."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kgen.settings")

app = Celery("kgen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
