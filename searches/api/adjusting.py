"""REST: which size of a space suits a device."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from devices.models import DeviceProfile
from searches.api.fields import of_query
from searches.api.spaces import newest_version, ready_dataset
from searches.models import Space
from searches.objectives.measures import COSTS
from searches.services.adjusting import (
    HIGHEST_SEED,
    LARGEST,
    NARROWEST,
    SMALLEST,
    WIDEST,
    Question,
    adjusted,
)
from searches.spaces.adjusting import LIMITED
from webnas.refusals import RefusedRequest
from webnas.rest.schema import query
from webnas.rest.views import Api, person

T = TypeVar("T", int, float)
LONGEST_LIST = 200  # characters


class Macs(serializers.Serializer[Any]):
    """Of the architectures within the limits."""

    mean = serializers.FloatField()
    median = serializers.FloatField()
    upper = serializers.FloatField(help_text="90 % have fewer.")


class Size(serializers.Serializer[Any]):
    """A width multiplier and a resolution; `distribution` has the MACs at 0, 2.5, … 100 %."""

    width = serializers.FloatField()
    resolution = serializers.IntegerField()
    size = serializers.CharField()
    n_drawn = serializers.IntegerField()
    n_feasible = serializers.IntegerField()
    share = serializers.FloatField()
    share_low = serializers.FloatField(help_text="Of the 95 % interval.")
    share_high = serializers.FloatField()
    is_sure = serializers.BooleanField(help_text="Enough are feasible to be ranked.")
    is_proposed = serializers.BooleanField()
    macs = Macs(allow_null=True)
    distribution = serializers.ListField(child=serializers.FloatField())


class LeftOut(serializers.Serializer[Any]):
    width = serializers.FloatField()
    resolution = serializers.IntegerField()
    reason = serializers.CharField()


class PrunedGene(serializers.Serializer[Any]):
    """Options with which no architecture is within the limits."""

    gene = serializers.CharField()
    options = serializers.ListField()


class Proposal(serializers.Serializer[Any]):
    """The size with the most MACs on average; POST its definition to make the space yours."""

    width = serializers.FloatField()
    resolution = serializers.IntegerField()
    is_sure = serializers.BooleanField()
    definition = serializers.DictField()
    size = serializers.CharField()
    size_formula = serializers.CharField()
    unpruned_size = serializers.CharField()
    pruned = PrunedGene(many=True)


class Nearest(serializers.Serializer[Any]):
    """What comes nearest to the limits, and the least that each of them could be."""

    width = serializers.FloatField()
    resolution = serializers.IntegerField()
    architecture = serializers.DictField()
    values = serializers.DictField(child=serializers.FloatField())
    least = serializers.DictField(child=serializers.FloatField())


class Adjusted(serializers.Serializer[Any]):
    """`unseen` sizes were not looked at before the time was over."""

    sizes = Size(many=True)
    left_out = LeftOut(many=True)
    unseen = serializers.IntegerField()
    proposal = Proposal(allow_null=True)
    nearest = Nearest(allow_null=True)
    limits = serializers.DictField(child=serializers.FloatField())
    number_format = serializers.CharField(help_text="Of storage and peak memory.")
    weights_in_memory = serializers.BooleanField(help_text="They count for peak memory.")


def _limit(name: str) -> Any:
    unit = COSTS[name].unit
    described = f"At most so much {COSTS[name].label.lower()}, in {unit}."
    return query(name, described, type="number", exclusiveMinimum=0)


class AdjustedSpaces(Api):
    """A space in the size that suits a device."""

    filter_backends = ()
    lookup_value_converter = "int"

    @extend_schema(
        parameters=[
            query("device", "Id of a device, for latency and energy.", type="integer"),
            query("dataset", "Id of a data set: its channels and classes.", type="integer"),
            *map(_limit, LIMITED),
            query("widths", f"Multipliers between commas, {NARROWEST} to {WIDEST}."),
            query("resolutions", f"Sides of images between commas, {SMALLEST} to {LARGEST}."),
            query("seed", f"Of the draws; 0 to {HIGHEST_SEED}.", type="integer"),
        ],
        responses=Adjusted,
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """Every width and resolution with the share that is within the limits."""
        _refuse_unknown(request)
        spaces = Space.objects.visible_to(person(request))
        device = of_query(request, "device", DeviceProfile)
        question = Question(
            space=get_object_or_404(spaces, pk=pk),
            version=None if device is None else newest_version(device),
            dataset=ready_dataset(request),
            limits={name: found for name in LIMITED for found in _numbers(request, name, float)},
            widths=_numbers(request, "widths", float),
            resolutions=_numbers(request, "resolutions", int),
            seed=next(iter(_numbers(request, "seed", int)), 0),
        )
        return Response(adjusted(question=question))


def _refuse_unknown(request: Request) -> None:
    """A limit that is misspelt, or on what cannot be limited here, is not left out silently."""
    known = ("device", "dataset", *LIMITED, "widths", "resolutions", "seed", "format")
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        text = f"There is no such parameter here. Known: {', '.join(known[:-1])}."
        raise RefusedRequest({name[:50]: [text] for name in unknown[:10]})


def _numbers(request: Request, name: str, kind: Callable[[str], T]) -> list[T]:
    """The numbers of a parameter, between commas; none when it is not there."""
    text = request.query_params.get(name, "").strip()
    if not text:
        return []
    is_list = name in ("widths", "resolutions")
    parts = text[:LONGEST_LIST].split(",") if is_list else [text[:LONGEST_LIST]]
    try:
        return [kind(part) for part in parts]
    except ValueError:
        what = "Numbers between commas are" if is_list else "A number is"
        raise RefusedRequest({name: [f"{text[:20]!r}: {what} needed."]}) from None
