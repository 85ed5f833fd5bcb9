"""Where a row is shown: from its kind and key to an address, without reading it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch

from kgen.admin_site.pages import address
from kgen.admin_site.scope import may_touch
from kgen.models import AuditEntry


@dataclass(frozen=True)
class RowLink:
    """To the page of rows that have no list: who may open it, and what the row keeps its key under."""

    page: str
    permission: str
    by: str = "id"
    # Shown to nobody but the operator who made it.
    is_own: bool = False


ROW_LINKS: dict[str, RowLink] = {}


def row_address(row: Model) -> str:
    """The page that tells most of a row of a list."""
    return _address(admin.site._registry[type(row)], row.pk)


def link_to(request: HttpRequest, entry: AuditEntry) -> str:
    """Where what an entry of the trail is about is shown; "" where this operator may not see it, or nothing does.

    What the entry itself says has been removed has no address either.
    """
    if not may_touch(request.user, entry.client_id) or (entry.before and entry.after is None):
        return ""
    try:
        if way := ROW_LINKS.get(entry.object_type):
            return _by_way(way, request, entry)
        shown = _list_of(entry.object_type)
        return _address(shown, entry.object_id) if shown and shown.has_view_permission(request) else ""
    except NoReverseMatch:
        # The trail is for good; kinds of keys are not.
        return ""


def _by_way(way: RowLink, request: HttpRequest, entry: AuditEntry) -> str:
    operator: Any = request.user
    key = (entry.after or entry.before or {}).get(way.by)
    is_theirs = not way.is_own or entry.operator_id == operator.pk
    return address(way.page, pk=key) if key and is_theirs and operator.has_perm(way.permission) else ""


def _list_of(label: str) -> Any:
    return next((shown for model, shown in admin.site._registry.items() if model._meta.label_lower == label), None)


def _address(shown: Any, key: Any) -> str:
    page = getattr(shown, "page", None) or getattr(shown, "told_on", None)
    if page:
        return address(page, pk=key)
    return address(f"{shown.opts.app_label}_{shown.opts.model_name}_change", object_id=key)
