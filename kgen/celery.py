"""The Celery application. Messages are only hints: a sweep finds every duty in the database."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kgen.settings")

app = Celery("kgen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
