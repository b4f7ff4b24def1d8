"""Parts of request bodies and answers that all calls share."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class Strict(serializers.Serializer[Any]):
    """A body in which every field is known: a typing mistake is refused, not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = [name for name in data if name not in self.fields] if is_mapping(data) else []
        if not unknown:
            return super().to_internal_value(data)
        message = [f"Unknown field. Known: {', '.join(self.fields)}."]
        found: dict[str, Any] = {str(name)[:100]: message for name in unknown}
        try:
            super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                found |= error.detail
        raise serializers.ValidationError(found)


def is_mapping(data: Any) -> bool:
    return isinstance(data, Mapping)


class Refusal(serializers.Serializer[Any]):
    """Every error: what happened, and messages by the field that they belong to."""

    detail = serializers.CharField()
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]


class FurtherQuestion(serializers.Serializer[Any]):
    """What else is not known yet."""

    question = serializers.CharField()
    field = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())


class Question(Refusal):
    """An upload that needs answers: repeat it with each `field` set to one of its `choices`."""

    question = serializers.CharField()
    field = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    also = FurtherQuestion(many=True)
