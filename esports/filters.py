"""Filters of the list of active tournaments."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from esports.lifecycle import ACTIVE, Status
from esports.models import Tournament
from esports.selectors.tournaments import DEFAULT_ORDERING, ORDERINGS, in_status
from kgen.api.fields import MAX_INTEGER
from kgen.errors import Invalid


class WholeNumberField(forms.Field):
    """ASCII digits, as an integer. (int() would also take '1_000' and full-width digits.)"""

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 16 and int(value) <= MAX_INTEGER):
            raise forms.ValidationError("Not a whole number.", code="invalid")
        return int(value)


class WholeNumberFilter(django_filters.Filter):  # type: ignore[misc]
    """Filters by a whole number."""

    field_class = WholeNumberField


class ActiveFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The filters and orders of the list of active tournaments."""

    status = django_filters.ChoiceFilter(
        choices=[(status.value, status.value) for status in ACTIVE], method="filter_status"
    )
    title = django_filters.CharFilter(lookup_expr="icontains", max_length=200)
    buy_in_price = WholeNumberFilter()
    buy_in_price_min = WholeNumberFilter(field_name="buy_in_price", lookup_expr="gte")
    buy_in_price_max = WholeNumberFilter(field_name="buy_in_price", lookup_expr="lte")
    ordering = django_filters.ChoiceFilter(
        choices=[(sign + name, sign + name) for name in ORDERINGS for sign in ("", "-")], method="keep_order"
    )

    class Meta:
        model = Tournament
        fields: list[str] = []

    def filter_status(self, rows: QuerySet[Tournament], name: str, value: str) -> QuerySet[Tournament]:
        """The tournaments in one status now."""
        return in_status(rows, Status(value))

    def keep_order(self, rows: QuerySet[Tournament], name: str, value: str) -> QuerySet[Tournament]:
        """No change: the page orders the rows, because a cursor depends on the order."""
        return rows

    @property
    def chosen_ordering(self) -> str:
        """The requested order, or the default."""
        return self.form.cleaned_data.get("ordering") or DEFAULT_ORDERING

    def checked(self) -> "ActiveFilter":
        """This filter, if it is valid.

        :raises Invalid: with each fault in `errors`.
        """
        if self.is_valid():
            return self
        faults = [
            {"field": name, "code": fault["code"] or "invalid", "detail": str(fault["message"])}
            for name, listed in self.form.errors.get_json_data().items()
            for fault in listed
        ]
        raise Invalid("A filter is not valid.", errors=faults)
