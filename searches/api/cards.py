"""REST: what can be chosen, with the settings of each choice."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from searches.services import catalogue
from webnas.rest.views import Api


class Setting(serializers.Serializer[Any]):
    """One field of the settings: what it accepts, and what it is when left out."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=("int", "float", "bool", "str"))
    optional = serializers.BooleanField()
    default = serializers.JSONField()
    help = serializers.CharField()
    min = serializers.FloatField(allow_null=True)
    max = serializers.FloatField(allow_null=True)
    choices = serializers.ListField(allow_null=True)


class Card(serializers.Serializer[Any]):
    """A choice: what it is, what it needs from the others, and what it offers them."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    summary = serializers.CharField()
    settings = Setting(many=True)
    requires = serializers.ListField(child=serializers.CharField())
    provides = serializers.ListField(child=serializers.CharField())
    presets = serializers.DictField(child=serializers.DictField())


class Quality(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField(allow_blank=True)
    direction = serializers.ChoiceField(choices=("min", "max"))


class EvaluatorCard(Card):
    """`qualities`: what it tells in place of the target's; empty: it tells those."""

    qualities = Quality(many=True)


class TargetCard(Card):
    data_kind = serializers.CharField()
    qualities = Quality(many=True)


class FamilyCard(Card):
    schema = serializers.DictField(help_text="JSON Schema of the definitions of such spaces.")


class Cards(Api):
    """The cards of a registry; `count` and `results` as in all lists."""

    filter_backends = ()

    def answer(self, registry: str) -> Response:
        page = self.paginate_queryset(catalogue.cards(registry))  # type: ignore[arg-type]
        return self.get_paginated_response(page)


class Strategies(Cards):
    @extend_schema(responses=Card(many=True))
    def list(self, request: Request) -> Response:
        """Ways to decide what is tried next."""
        return self.answer("strategies")


class Evaluators(Cards):
    @extend_schema(responses=EvaluatorCard(many=True))
    def list(self, request: Request) -> Response:
        """Ways to find out how good an architecture is."""
        return self.answer("evaluators")


class Families(Cards):
    @extend_schema(responses=FamilyCard(many=True))
    def list(self, request: Request) -> Response:
        """Kinds of search spaces, with the schemas of their definitions."""
        return self.answer("families")


class Targets(Cards):
    @extend_schema(responses=TargetCard(many=True))
    def list(self, request: Request) -> Response:
        """What networks are for."""
        return self.answer("targets")
