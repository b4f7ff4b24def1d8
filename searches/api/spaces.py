"""REST: search spaces, and how well a device's profile covers one."""

from typing import Any

from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from devices.models import DeviceProfile, ProfileVersion
from searches.api.fields import of_query
from searches.models import DataSet, Space
from searches.services import spaces as services
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.rest.filters import NameFilter, RowFilter
from webnas.rest.schema import query
from webnas.rest.serializers import Strict
from webnas.rest.views import RETRY_SECONDS, Api, OwnedRows, person


class SpaceRow(serializers.ModelSerializer[Space]):
    """A space; `size` is a text, for it is larger than numbers of JSON readers."""

    is_builtin = serializers.SerializerMethodField()

    class Meta:
        model = Space
        fields = (
            "id",
            "name",
            "family",
            "is_builtin",
            "content_hash",
            "size",
            "summary",
            "created_at",
        )

    def get_is_builtin(self, row: Space) -> bool:
        return row.owner_id is None


class SpaceDetail(SpaceRow):
    definition = serializers.DictField()

    class Meta(SpaceRow.Meta):
        fields = (*SpaceRow.Meta.fields, "definition")  # type: ignore[assignment]


class CreateSpace(Strict):
    name = serializers.CharField(max_length=120)
    definition = serializers.DictField(
        help_text="As the detail of a space shows it; `family` says how it is read."
    )


class Gene(serializers.Serializer[Any]):
    name = serializers.CharField()
    group = serializers.CharField(allow_blank=True)
    options = serializers.ListField()


class Spread(serializers.Serializer[Any]):
    """The exact ends of a cost over the space, and quantiles of random architectures."""

    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField(allow_blank=True)
    min = serializers.FloatField()
    max = serializers.FloatField()
    cheapest = serializers.DictField()
    quantiles = serializers.DictField(child=serializers.FloatField())


class Analysis(serializers.Serializer[Any]):
    size = serializers.CharField()
    size_formula = serializers.CharField()
    size_note = serializers.CharField(allow_blank=True)
    n_genotypes = serializers.CharField()
    n_operations = serializers.IntegerField()
    genes = Gene(many=True)
    bounds = serializers.DictField(child=Spread())


class CoveredOperation(serializers.Serializer[Any]):
    """`config` is the operation without the size of its map, `side` that size."""

    label = serializers.CharField()  # type: ignore[assignment]
    config = serializers.CharField()
    side = serializers.IntegerField()
    provenance = serializers.CharField()
    sigma = serializers.FloatField(allow_null=True)


class TimeShares(serializers.Serializer[Any]):
    """Where the time of random networks of the space comes from; shares from 0 to 1.

    `interval` is the mean half width of the 90 % interval, relative to the latency. With
    `is_guess` no limit is taken on this device unless the run accepts guesses.
    """

    measured = serializers.FloatField()
    interpolated = serializers.FloatField()
    regressed = serializers.FloatField()
    analytic = serializers.FloatField()
    interval = serializers.FloatField()
    is_guess = serializers.BooleanField()


class Coverage(serializers.Serializer[Any]):
    """Number of operations by where their latency comes from.

    `time` is null where networks have no latency, as an operation lacks one.
    """

    total = serializers.IntegerField()
    looked_up = serializers.IntegerField()
    interpolated = serializers.IntegerField()
    predicted = serializers.IntegerField()
    analytic = serializers.IntegerField()
    missing = serializers.IntegerField()
    operations = CoveredOperation(many=True)
    time = TimeShares(allow_null=True)


class SpaceFilter(RowFilter):
    name = NameFilter()
    family = filters.CharFilter()


class Spaces(mixins.ListModelMixin, OwnedRows):
    """Search spaces: one's own, and the presets that come with webnas."""

    queryset = Space.objects.all()
    serializer_class = SpaceRow
    filterset_class = SpaceFilter
    ordering_fields = ("name", "created_at", "id")
    upload_actions = ("create",)

    @extend_schema(responses=SpaceDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(SpaceDetail(self.get_object()).data)

    @extend_schema(request=CreateSpace, responses={201: SpaceDetail})
    def create(self, request: Request) -> Response:
        """Describe a space of one's own."""
        body = CreateSpace(data=request.data)
        body.is_valid(raise_exception=True)
        row = services.create_space(owner=person(request), **body.validated_data)
        return Response(SpaceDetail(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[
            query("device", "Id of a device, for latency and energy.", type="integer"),
            query("dataset", "Id of a data set: its channels and classes.", type="integer"),
        ],
        responses=Analysis,
    )
    @action(detail=True, filterset_class=None, pagination_class=None, ordering_fields=())
    def analysis(self, request: Request, pk: int) -> Response:
        """Size, genes, and the reach of every cost."""
        space, device = self.get_object(), of_query(request, "device", DeviceProfile)
        dataset = ready_dataset(request)
        version = None if device is None else newest_version(device)
        return Response(services.analysis(space=space, version=version, dataset=dataset))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a space; 409 names the runs that use it."""
        services.delete_space(space=self.get_own())
        return Response(status=status.HTTP_204_NO_CONTENT)


class DeviceCoverage(Api):
    """How much of a space a device's profile knows."""

    filter_backends = ()

    @extend_schema(
        parameters=[query("space", "Id of a space.", type="integer", required=True)],
        responses=Coverage,
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        """By how many operations of the space are looked up, interpolated or predicted."""
        devices = DeviceProfile.objects.visible_to(person(request))
        device = get_object_or_404(devices, pk=pk)
        space = of_query(request, "space", Space)
        if space is None:
            raise RefusedRequest({"space": ["Say which space: ?space=3."]})
        version = newest_version(device)
        return Response(services.device_coverage(version=version, space=space))


def ready_dataset(request: Request) -> DataSet | None:
    """The data set that the address names, if it names one."""
    dataset: DataSet | None = of_query(request, "dataset", DataSet)
    if dataset is not None and dataset.status != DataSet.Status.READY:
        raise ConflictingRequest({"dataset": [f"It is {dataset.status}."]})
    return dataset


def newest_version(device: DeviceProfile) -> ProfileVersion:
    version = device.latest()
    if version is None:
        wait = RETRY_SECONDS if device.is_measuring else None
        raise ConflictingRequest({}, "This device has no profile yet.", retry_after=wait)
    return version
