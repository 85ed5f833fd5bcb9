"""Addresses of rows, from their kind and key, without reading them."""

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
    """The page of rows without a list, the permission to open it, and the field of the row with the page's key."""

    page: str
    permission: str
    by: str = "id"
    # Only the operator who made the row sees it.
    is_own: bool = False


ROW_LINKS: dict[str, RowLink] = {}


def row_address(row: Model) -> str:
    """The page that shows most of a row that has a list."""
    return _address(admin.site._registry[type(row)], row.pk)


def link_to(request: HttpRequest, entry: AuditEntry) -> str:
    """The address of the row that a trail entry is about; "" where there is none, or not for this operator.

    A row that the entry itself removed has no address.
    """
    if not may_touch(request.user, entry.client_id) or (entry.before and entry.after is None):
        return ""
    try:
        if row_link := ROW_LINKS.get(entry.object_type):
            return _by_row_link(row_link, request, entry)
        shown = _list_of(entry.object_type)
        return _address(shown, entry.object_id) if shown and shown.has_view_permission(request) else ""
    except NoReverseMatch:
        # Entries stay for good, and may have keys of a kind that a page no longer takes.
        return ""


def _by_row_link(link: RowLink, request: HttpRequest, entry: AuditEntry) -> str:
    operator: Any = request.user
    key = (entry.after or entry.before or {}).get(link.by)
    is_theirs = not link.is_own or entry.operator_id == operator.pk
    return address(link.page, pk=key) if key and is_theirs and operator.has_perm(link.permission) else ""


def _list_of(label: str) -> Any:
    return next((shown for model, shown in admin.site._registry.items() if model._meta.label_lower == label), None)


def _address(shown: Any, key: Any) -> str:
    page = getattr(shown, "page", None) or getattr(shown, "told_on", None)
    if page:
        return address(page, pk=key)
    return address(f"{shown.opts.app_label}_{shown.opts.model_name}_change", object_id=key)
