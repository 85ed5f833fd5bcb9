"""The floor as a Django app: it has small tables of its own, and hands out the roles of the console."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KgenConfig(AppConfig):
    """kgen."""

    name = "kgen"
    verbose_name = "Floor"

    def ready(self) -> None:
        # Here and not in the package: the launcher, which is part of it, needs no Celery.
        from kgen import celery, checks  # noqa: F401
        from kgen.admin_site.groups import sync_roles

        post_migrate.connect(sync_roles, dispatch_uid="kgen.roles")
