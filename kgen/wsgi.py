"""Django's own entry point, which the ordinary path serves (kgen.serving.wsgi_threads)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kgen.settings")

application = get_wsgi_application()
