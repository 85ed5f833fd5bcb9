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
    """A table as JSON. Deep nesting and numbers of 5,000 digits, which Django does not catch, are field errors."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        """The sent text, for showing the form again."""
        try:
            return super().bound_data(data, initial)
        except (ValueError, RecursionError):
            return InvalidJSONInput(data)

    def to_python(self, value: Any) -> Any:
        """The parsed JSON.

        :raises ValidationError: the text is not JSON, or exceeds the parser's limits.
        """
        try:
            return super().to_python(value)
        except (ValueError, RecursionError):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class PrizeTableForm(forms.ModelForm):  # type: ignore[type-arg]
    """A prize table for tournaments. Solvency is checked with each tournament's terms."""

    class Meta:
        model = PrizeTable
        fields = ("client", "name", "table")
        field_classes = {"table": TableField}

    def clean_table(self) -> Any:
        """The table in its wire form.

        :raises ValidationError: the table is invalid.
        """
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
    """Participations, also free ones and those that the gamer left; a row opens the participation's page."""

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
        """Search by id only. The pages of tournaments and gamers list theirs, with indexes for that."""
        term = search_term.strip()
        if not term:
            return queryset, False
        id = id_of(term)
        return (queryset.filter(pk=id) if id else queryset.none()), False

    @admin.display(description="joined")
    def joined(self, row: Participation) -> str:
        """The time of joining."""
        return moment(row.joined_at)

    @admin.display(description="gamer")
    def player(self, row: Participation) -> str:
        """The gamer's user id."""
        return row.gamer.user_id

    @admin.display(description="left")
    def left(self, row: Participation) -> str:
        """The time of leaving."""
        return moment(row.left_at)
