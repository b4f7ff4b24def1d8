"""Filters of lists. Wrong values are refused with 400, whatever they are."""

from typing import Any

from django import forms
from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy
from django_filters import rest_framework as filters
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.views import APIView


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


class Ordering(OrderingFilter):
    """`?ordering=`; rows without a value come last, whichever way the values run."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> Any:
        names = super().get_ordering(request, queryset, view)
        model = queryset.model
        optional = {field.name for field in model._meta.concrete_fields if field.null}
        return [
            _nulls_last(name) if name.lstrip("-") in optional else name for name in names or ()
        ]


def _nulls_last(name: str) -> OrderBy:
    column = F(name.removeprefix("-"))
    is_down = name.startswith("-")
    return column.desc(nulls_last=True) if is_down else column.asc(nulls_last=True)
