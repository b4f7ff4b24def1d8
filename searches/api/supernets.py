"""REST: trained shared weights."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from devices.models import DeviceProfile
from searches.api.fields import VisibleRows
from searches.api.run_answers import Named, RunDetail, shown
from searches.api.run_bodies import HIGHEST_SEED, MAX_LIMITS, LimitBody
from searches.models import Supernet, SupernetPredictor
from searches.objectives.measures import COSTS
from searches.services import supernets as services
from searches.services.requests import MAX_DEVICES
from searches.services.supernets import Specialisation
from webnas.rest.filters import IdFilter, RowFilter
from webnas.rest.serializers import Strict
from webnas.rest.views import OwnedRows, accepted, person


class Tau(serializers.Serializer[Any]):
    """Kendall's tau over n pairs, with its standard error."""

    tau = serializers.FloatField()
    error = serializers.FloatField()
    n = serializers.IntegerField()


class Worth(serializers.Serializer[Any]):
    """How the predictor ranks pairs that it has not seen, beside what is free to know."""

    predictor = Tau()
    macs = Tau()
    parameters = Tau()
    lead = Tau(help_text="By how much the predictor is ahead of the multiply-accumulates.")
    is_used = serializers.BooleanField(help_text="False: it is refused; MACs rank candidates.")


class PredictorRow(serializers.ModelSerializer[SupernetPredictor]):
    """What a supernet knows of the quality of its networks; `report` by quality measure."""

    report = serializers.DictField(child=Worth())

    class Meta:
        model = SupernetPredictor
        fields = (
            "status",
            "n_pairs",
            "n_wanted",
            "seed",
            "report",
            "sha256",
            "seconds",
            "error",
            "ended_at",
        )


class PairsBody(Strict):
    """How many networks are judged, to learn from them."""

    pairs = serializers.IntegerField(
        default=services.USUAL_PAIRS,
        min_value=services.FEWEST_PAIRS,
        max_value=services.MOST_PAIRS,
    )
    seed = serializers.IntegerField(default=0, min_value=0, max_value=HIGHEST_SEED)


class SpecialiseBody(Strict):
    """Devices and limits; a limit on latency without a device holds on each of them."""

    devices = VisibleRows(DeviceProfile, min_length=1, max_length=MAX_DEVICES)
    limits = LimitBody(  # type: ignore[call-arg]
        many=True, required=False, max_length=MAX_LIMITS
    )
    measures = serializers.ListField(
        child=serializers.ChoiceField(choices=tuple(COSTS)),
        required=False,
        min_length=1,
        max_length=4,
        help_text="Costs to optimise beside the quality; latency and storage unless given.",
    )
    name = serializers.CharField(required=False, allow_blank=True, max_length=80)
    networks = serializers.IntegerField(
        required=False,
        min_value=services.FEWEST_NETWORKS,
        max_value=services.MOST_NETWORKS,
        help_text="Judged on the supernet for each device.",
    )
    candidates = serializers.IntegerField(
        required=False, min_value=100, max_value=200_000, help_text="Looked at before."
    )
    seed = serializers.IntegerField(required=False, min_value=0, max_value=HIGHEST_SEED)
    accept_guesses = serializers.BooleanField(
        required=False, help_text="Limits may rest on latencies that were guessed."
    )


class Specialised(serializers.Serializer[Any]):
    """One run for each device, in the order of the request."""

    runs = RunDetail(many=True)


class SupernetRow(serializers.ModelSerializer[Supernet]):
    """A supernet, what made it, and the runs that use it."""

    dataset = Named()
    space = Named()
    recipe = serializers.DictField()
    runs = serializers.SerializerMethodField()
    predictor = serializers.SerializerMethodField()

    class Meta:
        model = Supernet
        fields = (
            "id",
            "dataset",
            "space",
            "is_trained",
            "step",
            "total_steps",
            "seconds",
            "sha256",
            "recipe",
            "runs",
            "predictor",
            "created_at",
        )

    def get_runs(self, row: Supernet) -> list[int]:
        return [run.pk for run in row.runs.all()]

    @extend_schema_field(PredictorRow(allow_null=True))
    def get_predictor(self, row: Supernet) -> dict[str, Any] | None:
        found = getattr(row, "predictor", None)
        return None if found is None else dict(PredictorRow(found).data)


class SupernetDetail(SupernetRow):
    """A supernet with what a one-shot strategy has found: choices, memory, derived genes."""

    report = serializers.DictField()

    class Meta(SupernetRow.Meta):
        fields = (*SupernetRow.Meta.fields, "report")  # type: ignore[assignment]


class SupernetFilter(RowFilter):
    dataset = IdFilter(field_name="dataset_id")
    space = IdFilter(field_name="space_id")
    is_trained = filters.BooleanFilter()


class Supernets(mixins.ListModelMixin, mixins.RetrieveModelMixin, OwnedRows):
    """Shared weights, reusable by any later run with the same space and data."""

    queryset = (
        Supernet.objects.select_related("dataset", "space", "predictor")
        .prefetch_related("runs")
        .order_by("-pk")
    )
    serializer_class = SupernetRow
    filterset_class = SupernetFilter
    ordering_fields = ("id", "created_at", "seconds")

    def get_serializer_class(self) -> type[SupernetRow]:
        return SupernetDetail if self.action == "retrieve" else SupernetRow

    @extend_schema(request=PairsBody, responses={202: PredictorRow})
    @action(detail=True, methods=["post"])
    def predictor(self, request: Request, pk: int) -> Response:
        """Judge networks on the supernet and learn from them; pairs that are there are kept."""
        supernet, values = self.get_own(), self._values(PairsBody, request)
        row = services.measure_pairs(supernet=supernet, n=values["pairs"], seed=values["seed"])
        return accepted(PredictorRow(row).data)

    @extend_schema(request=SpecialiseBody, responses={202: Specialised})
    @action(detail=True, methods=["post"])
    def specialise(self, request: Request, pk: int) -> Response:
        """A front for each device on the trained weights, without training, within seconds."""
        asked = Specialisation(self.get_own(), **self._values(SpecialiseBody, request))
        runs = services.specialise(owner=person(request), asked=asked)
        return accepted({"runs": [shown(run.pk) for run in runs]})

    def _values(self, body: type[Strict], request: Request) -> dict[str, Any]:
        checked = body(data=request.data, context=self.get_serializer_context())
        checked.is_valid(raise_exception=True)
        values: dict[str, Any] = checked.validated_data
        return values
