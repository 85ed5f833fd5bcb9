"""The floor as a Django app: it has tables of its own and creates the console's roles after migrations."""

import structlog
from django.apps import AppConfig
from django.db.models.signals import post_migrate

from kgen import environment

log = structlog.get_logger(__name__)


class KgenConfig(AppConfig):
    """kgen."""

    name = "kgen"
    verbose_name = "Floor"

    def ready(self) -> None:
        # Imported here, because the launcher, a part of this package, must start without Celery.
        from kgen import celery, checks  # noqa: F401
        from kgen.admin_site.groups import sync_roles

        post_migrate.connect(sync_roles, dispatch_uid="kgen.roles")
        for former, present in environment.former_names_in_use():
            log.warning("setting has a new name", setting=former, now=present)
