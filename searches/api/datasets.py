"""REST: data sets."""

from typing import Any

from django.http import HttpResponseBase, QueryDict
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from searches.models import DataSet
from searches.services import datasets as services
from webnas.refusals import ConflictingRequest
from webnas.rest import downloads
from webnas.rest.filters import NameFilter, RowFilter
from webnas.rest.parsing import BoundedMultiPart, StrictJSON
from webnas.rest.schema import png
from webnas.rest.serializers import Strict
from webnas.rest.views import RETRY_SECONDS, OwnedRows, accepted, person

HIGHEST_SEED = 2**31 - 1


class DataSetRow(serializers.ModelSerializer[DataSet]):
    is_builtin = serializers.SerializerMethodField()
    shape = serializers.SerializerMethodField()
    n_classes = serializers.SerializerMethodField()
    n = serializers.SerializerMethodField()

    class Meta:
        model = DataSet
        fields = (
            "id",
            "name",
            "kind",
            "source",
            "status",
            "is_builtin",
            "split_seed",
            "sha256",
            "n_bytes",
            "shape",
            "n_classes",
            "n",
            "created_at",
        )

    def get_is_builtin(self, row: DataSet) -> bool:
        return row.owner_id is None

    def get_shape(self, row: DataSet) -> list[int]:
        """Height, width and channels, or the number of features or of choices; empty while it is
        not read.
        """
        return list(row.statistics.get("shape", []))

    def get_n_classes(self, row: DataSet) -> int:
        return len(row.statistics.get("classes", []))

    def get_n(self, row: DataSet) -> dict[str, int]:
        """Number of samples by split, or of a table's rows."""
        return dict(row.statistics.get("n", {}))


class DataSetDetail(DataSetRow):
    """With the counts per class and split, and mean and deviation by channel or feature; of a
    table its choices, and what was measured.
    """

    statistics = serializers.DictField()

    class Meta(DataSetRow.Meta):
        fields = (*DataSetRow.Meta.fields, "folder", "error", "statistics")  # type: ignore[assignment]


class UploadDataSet(Strict):
    """An .npz with x_train, y_train and more, a zip of pictures as class/name.png, or a CSV.

    A CSV with columns named like `error (% min)` or `score (max)` is a table of known results;
    its other columns become a search space of the same name.
    """

    name = serializers.CharField(max_length=120)
    file = serializers.FileField(allow_empty_file=True)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=HIGHEST_SEED)
    target = serializers.CharField(
        max_length=100,
        default="",
        allow_blank=True,
        help_text="Column of a CSV that holds the class; the last one unless given.",
    )


class RegisterFolder(Strict):
    """A folder of pictures on the workers, below one of WEBNAS_DATA_ROOTS; staff only."""

    name = serializers.CharField(max_length=120)
    folder = serializers.CharField(max_length=500)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=HIGHEST_SEED)


class DataSetFilter(RowFilter):
    name = NameFilter()
    kind = filters.CharFilter()
    status = filters.ChoiceFilter(choices=DataSet.Status.choices)
    source = filters.ChoiceFilter(choices=DataSet.Source.choices)


class DataSets(mixins.ListModelMixin, OwnedRows):
    """Labelled images and rows of numbers, split once at registration; tables of results."""

    queryset = DataSet.objects.all()
    serializer_class = DataSetRow
    filterset_class = DataSetFilter
    ordering_fields = ("name", "created_at", "n_bytes", "id")
    parser_classes = (StrictJSON, BoundedMultiPart)
    upload_actions = ("create",)

    @extend_schema(responses=DataSetDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(DataSetDetail(self.get_object()).data)

    @extend_schema(
        request={"multipart/form-data": UploadDataSet, "application/json": RegisterFolder},
        responses={201: DataSetDetail, 202: DataSetDetail},
    )
    def create(self, request: Request) -> Response:
        """Upload a data set, or register a folder, which a worker then reads."""
        is_upload = isinstance(request.data, QueryDict)
        body = (UploadDataSet if is_upload else RegisterFolder)(data=request.data)
        body.is_valid(raise_exception=True)
        values: dict[str, Any] = body.validated_data
        if not is_upload:
            row = services.register_folder(owner=person(request), **values)
            return accepted(DataSetDetail(row).data)
        name = values.pop("name")
        upload = services.Upload(filename=str(values["file"].name), **values)
        row = services.upload_dataset(owner=person(request), name=name, upload=upload)
        return Response(DataSetDetail(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=png("Training images, class after class; or a plot."))
    @action(detail=True, filterset_class=None, pagination_class=None, ordering_fields=())
    def samples(self, request: Request, pk: int) -> HttpResponseBase:
        """A picture of the samples, as PNG."""
        row = self.get_object()
        if not row.sheet:
            wait = RETRY_SECONDS if row.status == DataSet.Status.READING else None
            raise ConflictingRequest({}, f"The data set is {row.status}.", retry_after=wait)
        return downloads.picture(request, row.sheet)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a data set; 409 names the runs that use it."""
        services.delete_dataset(dataset=self.get_own())
        return Response(status=status.HTTP_204_NO_CONTENT)
