"""What the views of all apps share: who may see what, and how calls are answered."""

from typing import Any, ClassVar, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import GenericViewSet

from webnas.accounts.models import Owned, OwnedQuerySet
from webnas.errors import error_body
from webnas.rest.idempotency import IdempotentPosts
from webnas.rest.parsing import LengthRequired

# When it makes sense to ask again how work that was just queued goes.
RETRY_SECONDS = 2


def person(request: Request) -> User:
    """Who asks; the permission class has let nobody else in."""
    return cast(User, request.user)


def accepted(data: Any) -> Response:
    """202: the work is queued; `status` in the answer says how it goes."""
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return Response(data, status=status.HTTP_202_ACCEPTED, headers=headers)


class Api(IdempotentPosts, GenericViewSet[Any]):
    """A view set whose uploads are counted apart."""

    upload_actions: ClassVar[tuple[str, ...]] = ()
    # What a kit's token may do: nothing, unless a view says so.
    kit_actions: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        is_in_pieces = "HTTP_TRANSFER_ENCODING" in request.META
        if is_in_pieces and not request.META.get("CONTENT_LENGTH"):
            raise LengthRequired  # it would be taken for an empty body
        super().initial(request, *args, **kwargs)

    def get_throttles(self) -> list[BaseThrottle]:
        self.throttle_scope = "upload" if self.action in self.upload_actions else None
        return super().get_throttles()

    def checked(self, request: Request) -> dict[str, Any]:
        """The checked body of a request."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        return cast(dict[str, Any], body.validated_data)


class OwnedRows(Api):
    """Rows of the person who asks, and those that come with webnas; others do not exist here."""

    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[Any]:
        rows = cast(OwnedQuerySet, super().get_queryset())
        return rows.visible_to(cast(User, self.request.user))

    def get_own(self) -> Any:
        """The row of the address, for a change.

        Raises:
            PermissionDenied: it comes with webnas.
        """
        row = cast(Owned, self.get_object())
        if row.owner_id is None:
            raise PermissionDenied("This comes with webnas and cannot be changed or deleted.")
        return row


API = "/api/v1/"


def server_error(request: HttpRequest) -> HttpResponse:
    """500 in the form of all errors below the API, as a page elsewhere."""
    if not request.path_info.startswith(API):
        return defaults.server_error(request)
    detail = "Something broke here; it is in the log of the web server."
    return JsonResponse(error_body(detail, {}), status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 for what Django itself refuses, such as a host that it does not serve."""
    if not request.path_info.startswith(API):
        return defaults.bad_request(request, exception)
    return JsonResponse(error_body("The request was refused.", {}), status=400)


@csrf_exempt
def nothing_here(request: HttpRequest, path: str = "") -> JsonResponse:
    """404 in the form of all errors."""
    hint = "" if path.endswith("/") else " Addresses end with a slash."
    detail = f"There is no {request.path}.{hint}"
    return JsonResponse(error_body(detail, {}), status=404)
