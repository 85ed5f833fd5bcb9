"""Prize tables and participations in the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest

from esports import prizes
from esports.errors import PrizeTableInvalid
from esports.models import Participation, PrizeTable
from kgen.admin_site.admin import ClientFilter, EditableAdmin, ReadOnlyAdmin
from kgen.admin_site.moments import moment
from kgen.admin_site.navigation import Nav
from kgen.api.fields import id_of


class TableField(forms.JSONField):
    """A table as JSON; also such as Django does not expect: numbers of 5,000 digits, endless brackets."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was sent, to be shown again."""
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)

    def to_python(self, value: Any) -> Any:
        """What was sent, or an error at the field."""
        try:
            return super().to_python(value)
        except (ValueError, RecursionError):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class PrizeTableForm(forms.ModelForm):  # type: ignore[type-arg]
    """A table that tournaments can be made from; whether it is solvent depends on their terms."""

    class Meta:
        model = PrizeTable
        fields = ("client", "name", "table")
        field_classes = {"table": TableField}

    def clean_table(self) -> Any:
        """The table in the form of the wire."""
        try:
            return prizes.to_wire(prizes.parse_table(self.cleaned_data["table"]))
        except PrizeTableInvalid as fault:
            raise forms.ValidationError(fault.detail) from None


@admin.register(PrizeTable)
class PrizeTableAdmin(EditableAdmin):
    """Named prize tables."""

    nav = Nav("Play", "Prize tables", "table_rows", 30)
    form = PrizeTableForm
    edit_permission = "esports.organise_tournament"
    list_display = ["name", "client"]
    list_filter = [("client", ClientFilter)]
    list_select_related = ["client"]
    search_fields = ["name"]


@admin.register(Participation)
class ParticipationAdmin(ReadOnlyAdmin):
    """Entries, also free ones and those that were left again; a row leads to the stay."""

    nav = Nav("Play", "Entries", "login", 15)
    permission = "esports.view_tournament"
    page = "participation_page"
    timed = "joined_at"
    list_display = ["joined", "tournament", "player", "stake", "score", "left"]
    list_filter = [("client", ClientFilter)]
    list_select_related = ["tournament", "gamer"]
    search_fields = ["id"]
    search_help_text = "id of the participation"
    list_before_template = "console/zone_note.html"

    class Media:
        js = ["console/moments.js"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By id. A tournament's entries are on its page, a gamer's on the gamer's: those have indexes for that."""
        term = search_term.strip()
        if not term:
            return queryset, False
        id = id_of(term)
        return (queryset.filter(pk=id) if id else queryset.none()), False

    @admin.display(description="joined")
    def joined(self, row: Participation) -> str:
        """When the seat was taken."""
        return moment(row.joined_at)

    @admin.display(description="gamer")
    def player(self, row: Participation) -> str:
        """Under the studio's own name for the gamer."""
        return row.gamer.user_id

    @admin.display(description="left")
    def left(self, row: Participation) -> str:
        """When it was given back."""
        return moment(row.left_at)
