"""REST: networks that people chose, and their files."""

from typing import Any

from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from searches.models import ChosenModel, ModelFile
from searches.services import models as services
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.rest import downloads
from webnas.rest.filters import IdFilter, NameFilter, RowFilter
from webnas.rest.schema import FILE, query
from webnas.rest.views import RETRY_SECONDS, OwnedRows, accepted

FORMATS = ("onnx", "pt2", "safetensors", "source", "card", "bundle")


class FileRow(serializers.ModelSerializer[ModelFile]):
    class Meta:
        model = ModelFile
        fields = ("format", "filename", "n_bytes", "sha256")


class ModelRow(serializers.ModelSerializer[ChosenModel]):
    """A chosen network; its files are there once `status` is ready."""

    run = serializers.IntegerField(source="trial.run_id")
    trial = serializers.IntegerField(source="trial.number")
    files = FileRow(many=True)

    class Meta:
        model = ChosenModel
        fields = (
            "id",
            "name",
            "status",
            "run",
            "trial",
            "settings",
            "progress",
            "files",
            "created_at",
            "ended_at",
        )


class ModelDetail(ModelRow):
    """With its card, the parity of every format, and the reason when it was refused."""

    card = serializers.DictField()
    report = serializers.DictField()

    class Meta(ModelRow.Meta):
        fields = (*ModelRow.Meta.fields, "card", "report", "error")  # type: ignore[assignment]


class ModelFilter(RowFilter):
    name = NameFilter()
    status = filters.ChoiceFilter(choices=ChosenModel.Status.choices)
    run = IdFilter(field_name="trial__run_id")


class Models(mixins.ListModelMixin, OwnedRows):
    """Networks that were chosen from runs."""

    queryset = ChosenModel.objects.select_related("trial").prefetch_related("files")
    serializer_class = ModelRow
    filterset_class = ModelFilter
    ordering_fields = ("id", "name", "status", "created_at", "ended_at")

    @extend_schema(responses=ModelDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(ModelDetail(self.get_object()).data)

    @extend_schema(
        parameters=[query("format", "Which file.", enum=list(FORMATS), default="bundle")],
        responses=FILE,
    )
    @action(detail=True, filterset_class=None, pagination_class=None, ordering_fields=())
    def download(self, request: Request, pk: int) -> HttpResponseBase:
        """A file of a model; 409 while it is being made."""
        model = self.get_object()
        wanted = request.query_params.get("format", "bundle")
        if wanted not in FORMATS:
            raise RefusedRequest({"format": [f"{wanted[:20]!r}; one of {', '.join(FORMATS)}."]})
        _refuse_unready(model)
        file = next((file for file in model.files.all() if file.format == wanted), None)
        if file is None:
            raise RefusedRequest({"format": [f"This model has no {wanted}."]})
        return downloads.stored_file(
            request, file.file, filename=file.filename, sha256=file.sha256
        )

    @extend_schema(request=None, responses={202: ModelDetail})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: int) -> Response:
        """Make a model again that failed or whose worker was lost."""
        model = self.get_own()
        services.retry_model(model=model)
        return accepted(ModelDetail(model).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a model and its files."""
        services.delete_model(model=self.get_own())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _refuse_unready(model: Any) -> None:
    if model.status == ChosenModel.Status.READY:
        return
    if model.status in ChosenModel.ENDED:
        reason = (model.error or "no reason is known").strip().rpartition("\n")[2]
        raise ConflictingRequest({}, f"This model is {model.get_status_display()}: {reason}")
    detail = f"This model is not ready: {model.get_status_display()}."
    raise ConflictingRequest({}, detail, retry_after=RETRY_SECONDS)
