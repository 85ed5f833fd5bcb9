"""What every page of the console shares."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class ReadOnly:
    """Shows rows and changes none: for money, and for whatever only services may change."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is removed here."""
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin[Any]):
    """A list and its rows, to read."""


class ReadOnlyInline(ReadOnly, admin.TabularInline[Any, Any]):
    """Rows that belong to another, to read."""

    extra = 0
    can_delete = False
