"""Filters of lists. Wrong values are refused with 400, whatever they are."""

from typing import Any

from django import forms
from django_filters import rest_framework as filters


class RowFilter(filters.FilterSet):  # type: ignore[misc]
    """What a list can be narrowed down to."""


class IdFilter(filters.Filter):  # type: ignore[misc]
    """Rows of one parent, by its id; an id that does not exist gives no rows."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, min_value=0, max_value=2**31 - 1, **kwargs)


class NameFilter(filters.CharFilter):  # type: ignore[misc]
    """Rows whose name holds a text."""

    def __init__(self) -> None:
        super().__init__(field_name="name", lookup_expr="icontains", label="Part of the name.")
