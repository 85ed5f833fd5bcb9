"""The bases of the console's lists and rows."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin as BaseModelAdmin
from django.contrib.admin import RelatedFieldListFilter, ShowFacets, display
from django.contrib.admin.options import ActionLocation
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models import DateTimeField, ForeignKey, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.options import Options
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from kgen import audit
from kgen.admin_site.actions import ConsoleAction
from kgen.admin_site.moments import moment
from kgen.admin_site.navigation import Nav
from kgen.admin_site.paging import KeysetChangeList
from kgen.admin_site.scope import clients_of, may_touch, scoped
from kgen.admin_site.search import exactly

# The message after Django has dropped the query of an address.
UNREADABLE = "This list cannot read a filter, a day or a page of the address, so it is shown from its beginning."


class ReasonForm(ActionForm):  # type: ignore[misc]
    """The action on the ticked rows, and its reason for the trail."""

    reason = forms.CharField(
        required=False,
        max_length=audit.LONGEST_REASON,
        label="",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Reason", "aria-label": "Reason"}),
    )


class ClientFilter(RelatedFieldListFilter):
    """A filter by client that offers the operator's own clients only."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        clients = clients_of(request.user)
        limit = {} if clients is None else {"pk__in": clients}
        return field.get_choices(include_blank=False, limit_choices_to=limit)


class ConsoleAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows of one model: a keyset list within the operator's clients, and pages to read.

    `permission` opens it (default: Django's own view permission). Forms add, change and remove nothing; operators act
    through the actions that `kgen.admin_site.actions.on_rows` makes.
    """

    nav: ClassVar[Nav | None] = None
    permission: ClassVar[str | None] = None
    # The path from a row to its client's id; None for rows of no client, which limited operators do not see.
    client_path: ClassVar[str | None] = "client_id"
    # The name of the page that replaces Django's form of a row, with the row's key as `pk`.
    page: ClassVar[str | None] = None
    # The name of a page that shows more of a row than Django's form, which stays too.
    told_on: ClassVar[str | None] = None
    # The order of the list. The key is appended; UUIDv7 keys are in the order of time.
    keyset: ClassVar[tuple[str, ...]] = ("-pk",)
    # The columns that a search compares as whole values; each has an index. Short lists can use `search_fields`.
    found_by: ClassVar[tuple[str, ...]] = ()

    # The column of time that orders a list filtered by it. Its index, often a BRIN, finds a day of long ago; going
    # through the keys would read every row since.
    timed: ClassVar[str | None] = None
    # Columns that an address may filter by, besides `timed` and those of the list's filters.
    linked: ClassVar[tuple[str, ...]] = ()

    action_form = ReasonForm
    show_full_result_count = False
    # A count beside each filter would read every row.
    show_facets = ShowFacets.NEVER
    sortable_by: Any = ()
    list_per_page = 50
    list_fullwidth = True
    list_filter_submit = False
    view_on_site = False

    class Media:
        js = ["console/moments.js"]

    @property
    def list_before_template(self) -> str | None:
        """The note on the time zone, above a list with times."""
        return "console/zone_note.html" if _times_among(self.opts, self.list_display) else None

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns. Times are shown as on all pages."""
        columns = super().get_list_display(request)
        times = _times_among(self.opts, columns)
        return [_time_column(times[column]) if column in times else column for column in columns]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return KeysetChangeList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The list. An address that it cannot read leads to the whole list, with a message."""
        if ERROR_FLAG in request.GET:
            messages.warning(request, UNREADABLE)
        return super().changelist_view(request, extra_context)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the list's own filters. If any column were allowed, counting rows by `phone__startswith` would reveal a
        masked number digit by digit."""
        name = lookup.split(LOOKUP_SEP)[0]
        known = {field.name for field in self.opts.get_fields()} | {field.attname for field in self.opts.fields}
        if name in known | {"pk"} and name not in self._filtered_by(request):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def _filtered_by(self, request: HttpRequest) -> set[str]:
        filters = self.get_list_filter(request)
        names = [each[0] if isinstance(each, tuple) else getattr(each, "parameter_name", each) for each in filters]
        return {*names, *self.linked, *([self.timed] if self.timed else [])}

    def get_search_fields(self, request: HttpRequest) -> Any:
        return self.found_by or super().get_search_fields(request)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        if not self.found_by:
            return super().get_search_results(request, queryset, search_term)
        return (exactly(queryset, term, self.found_by) if term else queryset), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scoped(super().get_queryset(request), request.user, self.client_path)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the sidebar shows the app."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Operators with `permission`, for rows within their limit."""
        needed = self.permission or f"{self.opts.app_label}.view_{self.opts.model_name}"
        return request.user.has_perm(needed) and self.is_within(request, obj)

    def is_within(self, request: HttpRequest, obj: Any) -> bool:
        """Whether the row's client is within the operator's limit."""
        return obj is None or may_touch(request.user, audit.client_of(obj))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is removed here."""
        return False

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Redirects to the row's own page, where rows have one."""
        if self.page and request.method == "GET" and self.has_view_permission(request):
            row = self.get_object(request, unquote(object_id))
            if row is not None:
                return HttpResponseRedirect(reverse(f"admin:{self.page}", kwargs={"pk": row.pk}))
        return super().change_view(request, object_id, form_url, extra_context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Redirects to the row's entries in the audit trail.

        :raises PermissionDenied: the role may not see these rows.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        query = urlencode({"q": unquote(object_id)})
        return HttpResponseRedirect(f"{reverse('admin:kgen_auditentry_changelist')}?{query}")

    def get_action_choices(
        self,
        request: HttpRequest,
        default_choices: Any = None,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> list[tuple[str, str]]:
        """Replaces unfold's method, which lacks Django's newest parameter."""
        return BaseModelAdmin.get_action_choices(self, request, [("", "Select action")], action_location)

    def _filter_actions_by_permissions(self, request: HttpRequest, actions: Iterable[Any]) -> list[Any]:
        """Django's hook: the actions that this operator may do. Each must have a `ConsoleAction`."""
        return [action for action in actions if request.user.has_perm(action_of(action).permission)]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: the audit trail replaces Django's own log."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """See `log_addition`."""


def _times_among(opts: Options[Any], columns: Sequence[Any]) -> dict[Any, DateTimeField[Any, Any]]:
    """Those of a list's columns that are times, by their names."""
    return {field.name: field for field in opts.fields if isinstance(field, DateTimeField) and field.name in columns}


def _time_column(field: DateTimeField[Any, Any]) -> Callable[[Any], str]:
    @display(description=field.verbose_name)
    def column(row: Any) -> str:
        return moment(getattr(row, field.name))

    return column


def action_of(action: Any) -> ConsoleAction:
    """The `ConsoleAction` of a list's action.

    :raises TypeError: `on_rows` did not make the action, so it has no permission.
    """
    what = getattr(action.func, "action", None)
    if not isinstance(what, ConsoleAction):
        raise TypeError(f"the action {action.name} has no ConsoleAction")
    return what


class ReadOnlyAdmin(ConsoleAdmin):
    """A list and its rows to read: for money, and for all rows that only services may change."""


class EditableAdmin(ConsoleAdmin):
    """Rows that forms may change, with `edit_permission`. The transaction of a saved form writes its trail entry."""

    edit_permission: ClassVar[str]
    # Many-to-many fields that the trail entry holds.
    traced: ClassVar[tuple[str, ...]] = ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Operators who may edit. Limited ones may add only rows that name their client."""
        if clients_of(request.user) is not None and self.client_path != "client_id":
            return False
        return request.user.has_perm(self.edit_permission)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Operators who may edit, for rows within their limit."""
        return request.user.has_perm(self.edit_permission) and self.is_within(request, obj)

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Offers a limited operator only the clients of the limit."""
        clients = clients_of(request.user)
        if clients is not None and db_field.related_model._meta.label_lower == "users.client":
            kwargs["queryset"] = db_field.related_model._default_manager.filter(pk__in=clients)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Save, and remember the row before: the trail entry is written after the many-to-many rows are saved.

        :raises PermissionDenied: the row would be outside the operator's limit.
        """
        if not self.is_within(request, obj):
            raise PermissionDenied
        stored = type(obj)._base_manager.filter(pk=obj.pk).first() if change else None
        request._before = stored, audit.snapshot(stored, self.traced)  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Called by Django last in the form's transaction."""
        self._trace(request, obj, "add")

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Called by Django last in the form's transaction."""
        self._trace(request, obj, "change")

    def _trace(self, request: HttpRequest, obj: Model, verb: str) -> None:
        stored, before = getattr(request, "_before", (None, None))
        after = audit.differing(stored, obj)[1] or {}
        related = audit.snapshot(obj, self.traced) or {}
        after |= {name: related[name] for name in self.traced}
        act = f"{self.opts.model_name}.{verb}"
        audit.record(operator=request.user, act=act, request=request, subject=obj, before=before, after=after)


class ReadOnlyInline(TabularInline):  # type: ignore[misc]
    """Rows that belong to another row, to read by all operators who may see that row."""

    extra = 0
    can_delete = False
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True: the page has checked the permission."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is removed here."""
        return False


def row_fields(model: type[Model], *but: str) -> list[str]:
    """The names of a model's columns except `but`, for a page that masks those."""
    return [column.name for column in model._meta.concrete_fields if column.name not in but]
