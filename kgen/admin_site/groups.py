"""The matrix of roles, written to the database after every `migrate`.

Django makes the rows of permissions only after all migrations, so on a fresh database a migration finds none to hand
out. A migration makes the groups; this module sets their permissions, again after each `migrate`.
"""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as global_apps
from django.db import DEFAULT_DB_ALIAS, transaction

from kgen.admin_site.roles import MATRIX, Right, Role


def sync_roles(app_config: AppConfig, using: str = DEFAULT_DB_ALIAS, apps: Any = global_apps, **_: Any) -> None:
    """Give each role its permissions in one app, and take away those that are not in the matrix.

    A receiver of post_migrate, which is sent for each app, after Django's own receiver has filled the content types.
    Permissions that operators have outside the five groups stay.
    """
    rights = [right for right in MATRIX if right.permission.startswith(f"{app_config.label}.")]
    if not rights or not _is_there(apps, app_config.label, rights):
        return
    with transaction.atomic(using=using):
        made = {right.permission: _permission(apps, using, right) for right in rights}
        groups = apps.get_model("auth", "Group").objects.using(using)
        for role in Role:
            group, _made = groups.get_or_create(name=role.value)
            due = {made[right.permission] for right in rights if role in right.roles}
            has = set(group.permissions.filter(content_type__app_label=app_config.label))
            group.permissions.remove(*(has - due))
            group.permissions.add(*(due - has))


def _is_there(apps: Any, label: str, rights: list[Right]) -> bool:
    """Whether the tables exist. While migrations are undone, some do not."""
    try:
        apps.get_model("auth", "Group")
        for right in rights:
            apps.get_model(label, right.model)
    except LookupError:
        return False
    return True


def _permission(apps: Any, using: str, right: Right) -> Any:
    app, _, codename = right.permission.partition(".")
    kinds = apps.get_model("contenttypes", "ContentType").objects.using(using)
    kind, _made = kinds.get_or_create(app_label=app, model=right.model)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    permission, _made = permissions.update_or_create(
        content_type=kind, codename=codename, defaults={"name": right.name}
    )
    return permission
