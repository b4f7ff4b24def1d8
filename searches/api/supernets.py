"""REST: trained shared weights."""

from django_filters import rest_framework as filters
from rest_framework import mixins, serializers

from searches.api.run_answers import Named
from searches.models import Supernet
from webnas.rest.filters import IdFilter, RowFilter
from webnas.rest.views import OwnedRows


class SupernetRow(serializers.ModelSerializer[Supernet]):
    """A supernet, what made it, and the runs that use it."""

    dataset = Named()
    space = Named()
    recipe = serializers.DictField()
    runs = serializers.SerializerMethodField()

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
            "created_at",
        )

    def get_runs(self, row: Supernet) -> list[int]:
        return [run.pk for run in row.runs.all()]


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
        Supernet.objects.select_related("dataset", "space")
        .prefetch_related("runs")
        .order_by("-pk")
    )
    serializer_class = SupernetRow
    filterset_class = SupernetFilter
    ordering_fields = ("id", "created_at", "seconds")

    def get_serializer_class(self) -> type[SupernetRow]:
        return SupernetDetail if self.action == "retrieve" else SupernetRow
