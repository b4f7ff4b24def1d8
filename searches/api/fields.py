"""References in requests: ids of rows that the person who asks may see."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from webnas.accounts.models import Owned
from webnas.refusals import RefusedRequest
from webnas.rest.views import person

HIGHEST_ID = 2**31 - 1


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": HIGHEST_ID})
class VisibleRow(serializers.Field[Any, Any, Any, Any]):
    """The id of a visible row, turned into the row."""

    def __init__(self, model: type[Owned], **kwargs: Any):
        self.model = model
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if type(data) is not int or not 1 <= data <= HIGHEST_ID:
            raise ValidationError(f"The id of a {name_of(self.model)} is needed.")
        row = self.model.objects.visible_to(asking(self)).filter(pk=data).first()
        if row is None:
            raise ValidationError(f"There is no {name_of(self.model)} {data}.")
        return row


class VisibleRows(serializers.ListField):
    """Ids of visible rows, turned into the rows in the order given, with one query."""

    def __init__(self, model: type[Owned], **kwargs: Any):
        self.model = model
        child = serializers.IntegerField(min_value=1, max_value=HIGHEST_ID)
        super().__init__(child=child, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        ids = super().to_internal_value(data)
        rows = self.model.objects.visible_to(asking(self)).in_bulk(ids)
        missing = [str(pk) for pk in ids if pk not in rows]
        if missing:
            raise ValidationError(f"There is no {name_of(self.model)} {', '.join(missing)}.")
        if len(set(ids)) < len(ids):
            raise ValidationError("Each may be named once.")
        return [rows[pk] for pk in ids]


def asking(field: serializers.Field[Any, Any, Any, Any]) -> User:
    return person(field.context["request"])


def name_of(model: type[Model]) -> str:
    names = {"DeviceProfile": "device", "DataSet": "data set"}
    return names.get(model.__name__, model.__name__.lower())


def of_query(request: Request, name: str, model: type[Owned]) -> Any:
    """The visible row that a parameter of the address names; None without one."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isdecimal() and len(text) < 10):
        raise RefusedRequest({name: [f"{text[:20]!r} is no id of a {name_of(model)}."]})
    return get_object_or_404(model.objects.visible_to(person(request)), pk=int(text))
