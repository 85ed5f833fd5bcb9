"""The audit trail as a list, with the changes of each entry."""

import re
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG, SEARCH_VAR
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html

from kgen.admin_site.admin import ReadOnlyAdmin
from kgen.admin_site.days import DaysFilter
from kgen.admin_site.links import link_to
from kgen.admin_site.moments import moment
from kgen.admin_site.navigation import Nav
from kgen.admin_site.paging import NEXT, PREVIOUS, KeysetChangeList
from kgen.admin_site.scope import clients_of
from kgen.api.fields import id_of
from kgen.models import AuditEntry

# What the days that narrow the list are called in the form for exports.
EXPORTED_DAYS = {"at_from": "since", "at_to": "until"}
# What an address says beside the filters.
BESIDE_FILTERS = frozenset({SEARCH_VAR, NEXT, PREVIOUS, ERROR_FLAG})
_ACT = re.compile(r"[a-z_]+\.[a-z_]+")


class OperatorFilter(admin.SimpleListFilter):
    """By operator."""

    title, parameter_name = "operator", "operator_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        operators = get_user_model()._base_manager.order_by("username")
        clients = clients_of(request.user)
        if clients is not None:
            # Operators of other clients are not shown to a limited operator.
            operators = operators.filter(Q(clients=None) | Q(clients__in=clients)).distinct()
        return [(str(key), name) for key, name in operators.values_list("pk", "username")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        # Only an offered operator filters: garbage filters nothing.
        known = {key for key, _ in self.lookup_choices}
        return queryset.filter(operator_id=self.value()) if self.value() in known else queryset


class TrailList(KeysetChangeList):
    """The list. Each entry gets the link to its row."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        for entry in self.result_list:
            entry.link = link_to(request, entry)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what, newest first."""

    nav = Nav("Oversight", "Audit trail", "history", 20)
    permission = "kgen.see_audit"
    timed = "at"
    list_display = ["when", "operator_name", "act", "about", "reason", "request_id"]
    list_filter = [OperatorFilter, ("at", DaysFilter)]
    list_filter_submit = True
    list_before_template = "console/trail_tools.html"
    search_fields = ["object_id"]
    search_help_text = "id of a row, action (withdrawal.approve), request id"
    fields = [
        *("at", "operator_name", "act", "object_type", "object_id", "about"),
        *("client_id", "reason", "request_id", "changes"),
    ]
    readonly_fields = ["about", "changes"]

    class Media:
        js = ["console/moments.js"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(request, extra_context)
        shown = getattr(answer, "context_data", None) or {}
        if "cl" in shown:
            shown["export_query"] = self._export_of(request, shown["cl"].query)
        return answer

    def _export_of(self, request: HttpRequest, search: str) -> str:
        """The export form's query for what the list shows; "" where an export cannot be narrowed to that."""
        given = {name: str(value) for name, value in request.GET.items() if value and name not in BESIDE_FILTERS}
        query = {"name": "audit"}
        for column, value in _compared(self.get_queryset(request), search.strip()).items():
            if column != "object_id" or id_of(value) is None:
                return ""
            query["about"] = value
        query |= {field: given.pop(name) for name, field in EXPORTED_DAYS.items() if name in given}
        return "" if given else urlencode(query)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Searches exactly one column, so that its index is used."""
        return queryset.filter(**_compared(queryset, search_term.strip())), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return TrailList

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The entry, with the link to its row."""
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            entry.link = link_to(request, entry)
        return entry

    @admin.display(description="at")
    def when(self, entry: AuditEntry) -> str:
        """The time, by the database's clock."""
        return moment(entry.at)

    @admin.display(description="about")
    def about(self, entry: Any) -> str:
        """The row that the action changed, with a link for operators who may see it."""
        link, label = entry.link, entry.object_label
        return format_html('<a href="{}" class="kc-link">{}</a>', link, label) if link else label

    @admin.display(description="before and after")
    def changes(self, entry: AuditEntry) -> str:
        """The changed values, then the others."""
        return render_to_string("console/diff.html", {"rows": difference(entry.before, entry.after)})


def _compared(entries: QuerySet[AuditEntry], term: str) -> dict[str, str]:
    """The column and value that a search compares; {} without a search term."""
    if not term:
        return {}
    if _ACT.fullmatch(term):
        return {"act": term}
    # A caller may give a request any id, also one of the form of a row's id.
    if entries.filter(request_id=term).exists():
        return {"request_id": term}
    return {"object_id": str(id_of(term) or term)}


def difference(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[tuple[str, Any, Any, bool]]:
    """(name, before, after, whether it changed) of each value, the changed ones first."""
    first, second = before or {}, after or {}
    names = [*first, *(name for name in second if name not in first)]
    rows = [(name, first.get(name), second.get(name), first.get(name) != second.get(name)) for name in names]
    return sorted(rows, key=lambda row: not row[3])
