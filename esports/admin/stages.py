"""A filter of tournaments by stage, for the list."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from esports.selectors.overview import STAGES

TITLES = {"live": "Live", "closing": "Closing within the hour", "awaiting": "Awaiting settlement or refunds"}


class StageFilter(admin.SimpleListFilter):
    """Filters tournaments by the stages that the home page counts."""

    title, parameter_name = "stage", "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(TITLES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        narrow = STAGES.get(self.value() or "")
        return narrow(queryset) if narrow else queryset
