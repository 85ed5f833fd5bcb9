"""Prize tables in the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.forms.fields import InvalidJSONInput

from esports import prizes
from esports.errors import PrizeTableInvalid
from esports.models import PrizeTable
from kgen.console.admin import ClientFilter, EditableAdmin
from kgen.console.navigation import Nav


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
