"""REST: the kit that measures a device for a space."""

from dataclasses import asdict
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from devices.profiles.kit.kit import Kit
from searches.api.fields import of_query
from searches.api.spaces import ready_dataset
from searches.models import Space
from searches.services import kits as services
from webnas.refusals import RefusedRequest
from webnas.rest import downloads
from webnas.rest.schema import FILE, query
from webnas.rest.serializers import Strict
from webnas.rest.views import Api

PARAMETERS = [
    query("space", "Id of a space.", type="integer", required=True),
    query("dataset", "Id of a data set: its channels and classes.", type="integer"),
    query(
        "thinned",
        f"At most {services.THINNED_BLOCKS} blocks, those that say most about the others.",
        type="boolean",
        default=True,
    ),
    query("resolution", "Sides of the input, such as 160,224; left out: all."),
    query("batch", "Samples in one call.", type="integer", minimum=1, default=1),
    query(
        "networks",
        "Whole networks; every other one is held out to check the profile with.",
        type="integer",
        minimum=0,
        maximum=services.MOST_NETWORKS,
        default=services.N_NETWORKS,
    ),
]


CHOICES = ("thinned", "resolution", "batch", "networks")


class KitChoice(Strict):
    """How much of the space the kit shall hold."""

    thinned = serializers.BooleanField(default=True)
    resolution = serializers.CharField(default="", max_length=200)
    batch = serializers.IntegerField(default=1, min_value=1, max_value=services.MOST_BATCH)
    networks = serializers.IntegerField(
        default=services.N_NETWORKS, min_value=0, max_value=services.MOST_NETWORKS
    )

    def validate_resolution(self, value: str) -> tuple[int, ...]:
        sides = [side.strip() for side in value.split(",") if side.strip()]
        wrong = [side for side in sides if not (side.isdecimal() and len(side) < 6)]
        if wrong:
            raise serializers.ValidationError(f"{wrong[0][:20]!r} is no whole number.")
        return tuple(map(int, sides))


class Expected(serializers.Serializer[Any]):
    """What the kit will be; bytes and seconds are estimates."""

    n_blocks = serializers.IntegerField()
    n_networks = serializers.IntegerField()
    left_out = serializers.IntegerField(help_text="Operations that the kit cannot express.")
    zip_bytes = serializers.IntegerField()
    unpacked_bytes = serializers.IntegerField()
    laptop_seconds = serializers.FloatField()
    board_seconds = serializers.FloatField()


class Kits(Api):
    """A zip that measures a device for a space, with Python, numpy and ONNX Runtime alone."""

    filter_backends = ()

    @extend_schema(parameters=PARAMETERS, responses=FILE)
    def retrieve(self, request: Request) -> HttpResponseBase:
        """The kit: blocks and whole networks as ONNX, a runner, and how to use them."""
        filename, data = services.archive_of(_kit(request))
        return downloads.content(
            request, data, filename=filename, content_type="application/octet-stream"
        )

    @extend_schema(parameters=PARAMETERS, responses=Expected)
    def expected(self, request: Request) -> Response:
        """How large the kit will be and how long it will take, before it is made."""
        return Response(asdict(services.expected(_kit(request))))


def _kit(request: Request) -> Kit:
    space = of_query(request, "space", Space)
    if space is None:
        raise RefusedRequest({"space": ["Say which space: ?space=3."]})
    asked = {name: text for name, text in request.query_params.items() if name in CHOICES}
    body = KitChoice(data=asked)
    body.is_valid(raise_exception=True)
    choice = services.Choice(
        thinned=body.validated_data["thinned"],
        resolutions=body.validated_data["resolution"],
        batch=body.validated_data["batch"],
        n_networks=body.validated_data["networks"],
    )
    return services.kit_for(space=space, choice=choice, dataset=ready_dataset(request))
