"""Pages of trials that cost the same wherever they lie: each starts after the last row before it.

A page ordered by a value comes from two ranges: rows that have the value, then rows without one,
whichever way the values run. Both follow an index.
"""

import base64
import json
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.db.models import Q, QuerySet

from searches.models import Trial
from webnas.refusals import RefusedRequest

HIGHEST_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Order:
    """By a column, and by number where that is equal; None: by number alone."""

    column: str | None
    is_descending: bool

    def sorted(self, rows: QuerySet[Trial], *, by_value: bool) -> QuerySet[Trial]:
        sign = "-" if self.is_descending else ""
        names = [self.column, "number"] if by_value and self.column else ["number"]
        return rows.order_by(*(f"{sign}{name}" for name in names))

    def after(self, place: "Place") -> Q:
        """Rows beyond a place, among those that have a value if the place has one."""
        step = "lt" if self.is_descending else "gt"
        beyond = Q(**{f"number__{step}": place.number})
        if self.column is None or place.value is None:
            return beyond
        further = Q(**{f"{self.column}__{step}": place.value})
        # The first condition alone bounds the range of the index.
        bound = Q(**{f"{self.column}__{step}e": place.value})
        return bound & (further | beyond)


@dataclass(frozen=True)
class Place:
    """The last row of a page: its value, if it had one, and its number."""

    value: float | None
    number: int

    def cursor(self) -> str:
        text = json.dumps([self.value, self.number])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, cursor: str) -> "Place":
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            value, number = json.loads(base64.urlsafe_b64decode(padded.encode()))
            if _is_value(value) and type(number) is int and 0 <= number <= HIGHEST_NUMBER:
                return cls(value, number)
        except (ValueError, TypeError, RecursionError):
            pass
        raise RefusedRequest({"cursor": ["Take it from `next` of the page before."]})


def _is_value(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and isfinite(value))


def page(
    rows: QuerySet[Trial], order: Order, cursor: str, size: int
) -> tuple[list[Trial], str | None]:
    """Up to `size` rows after the cursor, and the cursor of the next page if there is one."""
    place = Place.of(cursor) if cursor else None
    found = _from_values(rows, order, place, size + 1) if order.column else []
    if len(found) <= size:
        found += _from_rest(rows, order, place, size + 1 - len(found))
    if len(found) <= size:
        return found, None
    last = found[size - 1]
    value = getattr(last, order.column) if order.column else None
    return found[:size], Place(value, last.number).cursor()


def _from_values(
    rows: QuerySet[Trial], order: Order, place: Place | None, size: int
) -> list[Trial]:
    """Rows that have a value; none when the place is already beyond them."""
    if place is not None and place.value is None:
        return []
    known = rows.exclude(**{str(order.column): None})
    if place is not None:
        known = known.filter(order.after(place))
    return list(order.sorted(known, by_value=True)[:size])


def _from_rest(rows: QuerySet[Trial], order: Order, place: Place | None, size: int) -> list[Trial]:
    """Rows without a value; all rows when the order is by number."""
    rest = rows.filter(**{order.column: None}) if order.column else rows
    if place is not None and place.value is None:
        rest = rest.filter(order.after(place))
    return list(order.sorted(rest, by_value=False)[:size])
