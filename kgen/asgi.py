"""The ASGI entry point that the web server serves."""

import os
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from kgen.serving.application import Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kgen.settings")


def _application() -> "Application":
    # The first import sets Django up, which the others need.
    from kgen.wsgi import application as django_application  # isort: split
    from kgen.serving.application import Application
    from kgen.serving.wsgi_threads import WsgiThreads

    return Application(WsgiThreads(django_application, threads=settings.WEB_THREADS))


application = _application()
