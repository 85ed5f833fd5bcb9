"""Filters of the list of active tournaments."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from esports.lifecycle import ACTIVE, Status
from esports.models import Tournament
from esports.selectors.tournaments import DEFAULT_ORDERING, ORDERINGS, in_statuses
from kgen.api.fields import MAX_INTEGER
from kgen.api.numbers import whole_number
from kgen.errors import Invalid


class WholeNumberField(forms.Field):
    """A whole number from 0 on, in any spelling that JSON has for it."""

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        number = whole_number(value)
        if number is None or not 0 <= number <= MAX_INTEGER:
            raise forms.ValidationError("Not a whole number.", code="invalid")
        return number


class SeveralField(forms.MultipleChoiceField):
    """Any of the choices; an empty value chooses nothing."""

    def to_python(self, value: Any) -> list[str]:
        return [choice for choice in super().to_python(value) if choice]


class SeveralFilter(django_filters.MultipleChoiceFilter):  # type: ignore[misc]
    """Filters by any of the given values: the parameter may be repeated."""

    field_class = SeveralField


class WholeNumberFilter(django_filters.Filter):  # type: ignore[misc]
    """Filters by a whole number."""

    field_class = WholeNumberField


class ActiveFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The filters and orders of the list of active tournaments."""

    status = SeveralFilter(choices=[(status.value, status.value) for status in ACTIVE], method="filter_status")
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

    def filter_status(self, rows: QuerySet[Tournament], name: str, values: list[str]) -> QuerySet[Tournament]:
        """The tournaments in one of these statuses now."""
        return in_statuses(rows, list(map(Status, values)))

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
