"""REST: devices, their versions and operations."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from devices import services
from devices.api import serializers as shown
from devices.api import uploads
from devices.models import DeviceProfile, ProfileVersion
from devices.profiles.profile import Profile
from webnas.accounts import kit_tokens
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.rest import downloads
from webnas.rest.filters import NameFilter, RowFilter
from webnas.rest.parsing import BoundedMultiPart, StrictJSON
from webnas.rest.schema import TABLE, query
from webnas.rest.serializers import Question
from webnas.rest.views import OwnedRows, person

BODY = {"application/json": uploads.shown_document()}
FORM = "multipart/form-data"
STORED = {
    201: shown.DeviceDetail,
    422: OpenApiResponse(Question, "Something must be known first: send it again with `field`."),
}
PREVIEW = {200: shown.Preview, 422: STORED[422]}
VERSION = query("version", "Number of a version; left out: the newest.", type="integer", minimum=1)
FORMAT = query("format", "Layout of the file.", enum=["json", "csv"], default="json")
CONTENT_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


class DeviceFilter(RowFilter):
    name = NameFilter()
    is_host = filters.BooleanFilter()


class Devices(mixins.ListModelMixin, OwnedRows):
    """Devices with their profiles: one's own, and those that come with webnas."""

    queryset = DeviceProfile.objects.all()
    serializer_class = shown.Device
    filterset_class = DeviceFilter
    ordering_fields = ("name", "created_at", "id")
    upload_actions = ("create", "upload", "add_version", "preview")
    kit_actions = ("create", "upload", "add_version")

    def get_queryset(self) -> QuerySet[Any]:
        newest = ProfileVersion.objects.filter(device=OuterRef("pk")).order_by("-number")
        newest_id = Subquery(newest.values("pk")[:1])
        rows: QuerySet[Any] = super().get_queryset().annotate(newest_id=newest_id)
        return rows

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        if self.action == "list" and page is not None:
            shown.newest_of(page)
        return page

    @extend_schema(responses=shown.DeviceDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._shown(self.get_object()))

    def _shown(self, device: DeviceProfile) -> dict[str, Any]:
        shown.newest_of([device])
        return dict(shown.DeviceDetail(device).data)

    def _stored(self, version: ProfileVersion) -> Response:
        device = self.get_queryset().get(pk=version.device_id)
        return Response(self._shown(device), status=status.HTTP_201_CREATED)

    @extend_schema(request=BODY, responses=STORED)
    def create(self, request: Request) -> Response:
        """Add a device; the body is its profile."""
        return self._import(request, uploads.of_body(request))

    @extend_schema(request={FORM: shown.UploadDevice}, responses=STORED)
    @action(detail=False, methods=["post"], parser_classes=[BoundedMultiPart])
    def upload(self, request: Request) -> Response:
        """Add a device from a profile in a file, CSV or JSON."""
        return self._import(request, uploads.of_form(request, shown.UploadDevice))

    @extend_schema(request={FORM: shown.UploadVersion, **BODY}, responses=PREVIEW)
    @action(detail=False, methods=["post"], parser_classes=[StrictJSON, BoundedMultiPart])
    def preview(self, request: Request) -> Response:
        """What an upload would store, and what the import has to say; nothing is stored."""
        upload = uploads.of_either(request)
        found = services.preview(
            owner=person(request),
            data=upload.data,
            filename=upload.filename,
            answers=upload.answers,
        )
        return Response(shown.Preview.of(found))

    def _import(self, request: Request, upload: uploads.Upload) -> Response:
        with kit_tokens.spent(request.auth):
            version = services.import_profile(
                owner=person(request),
                data=upload.data,
                filename=upload.filename,
                answers=upload.answers,
                name=upload.name,
            )
        return self._stored(version)

    @extend_schema(responses=shown.Version(many=True))
    @action(
        detail=True,
        filterset_class=None,
        ordering_fields=("number",),
        parser_classes=[StrictJSON, BoundedMultiPart],
    )
    def versions(self, request: Request, pk: int) -> Response:
        """All states of a profile, the newest first."""
        rows = self.get_object().versions.defer(*ProfileVersion.LARGE).order_by("-number")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(shown.Version(page, many=True).data)

    @extend_schema(request={FORM: shown.UploadVersion, **BODY}, responses=STORED)
    @versions.mapping.post
    def add_version(self, request: Request, pk: int) -> Response:
        """Add a state to a profile; runs that are bound to an older one keep it."""
        device = self.get_own()
        upload = uploads.of_either(request)
        with kit_tokens.spent(request.auth):
            version = services.new_version(
                device=device, data=upload.data, filename=upload.filename, answers=upload.answers
            )
        return self._stored(version)

    def _version(self, request: Request) -> ProfileVersion:
        """The version that the address asks for."""
        device = self.get_object()
        number = request.query_params.get("version", "")
        if number and not (number.isdecimal() and len(number) < 10):
            raise RefusedRequest({"version": [f"{number[:20]!r} is no number of a version."]})
        rows = device.versions.filter(number=int(number)) if number else device.versions
        version: ProfileVersion | None = rows.order_by("-number").first()
        if version is None and number:
            raise NotFound(f"There is no version {number}.")
        if version is None:
            raise ConflictingRequest({}, "This device has no profile yet: it was never measured.")
        return version

    @extend_schema(parameters=[VERSION], responses=shown.Row(many=True))
    @action(detail=True, filterset_class=None, ordering_fields=())
    def operations(self, request: Request, pk: int) -> Response:
        """The rows of a profile: what each operation costs."""
        entries = self._version(request).document.get("entries", [])
        page = self.paginate_queryset(entries)
        return self.get_paginated_response([shown.row_of(entry) for entry in page or []])

    @extend_schema(parameters=[VERSION, FORMAT], responses=TABLE)
    @action(detail=True, filterset_class=None, ordering_fields=(), pagination_class=None)
    def download(self, request: Request, pk: int) -> HttpResponseBase:
        """The profile in webnas' own layout, as JSON or CSV."""
        layout = request.query_params.get("format", "json")
        if layout not in CONTENT_TYPES:
            raise RefusedRequest({"format": [f"{layout[:20]!r}; json or csv."]})
        version = self._version(request)
        profile = Profile.from_dict(version.document)
        text = profile.to_csv() if layout == "csv" else profile.to_json()
        return downloads.content(
            request,
            text.encode(),
            filename=f"{version.device.name}-v{version.number}.{layout}",
            content_type=CONTENT_TYPES[layout],
        )

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a device with all its versions; 409 names the runs that use it."""
        services.delete_device(device=self.get_own())
        return Response(status=status.HTTP_204_NO_CONTENT)
