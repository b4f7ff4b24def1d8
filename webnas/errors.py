"""The shape of every REST error."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from webnas.disk import is_no_space
from webnas.refusals import ConflictingRequest, QuestionedRequest, RefusedRequest


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error as `{detail, errors: {field: [message]}}`; a question as it is documented."""
    if isinstance(error, QuestionedRequest):
        body = error.body() | {"also": [further.body() for further in error.also]}
        return Response(body | error_body(error.detail, error.errors), status=error.status)
    if isinstance(error, RefusedRequest):
        return _refusal(error)
    if isinstance(error, SuspiciousOperation):  # Django's own limits: fields, files, sizes
        status = 413 if isinstance(error, RequestDataTooBig) else 400
        return Response(error_body(str(error), {}), status=status)
    if is_no_space(error):
        return Response(error_body("No space left on the server; nothing was stored.", {}), 507)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        response.data = error_body("The request was refused; see errors.", flat(error.detail))
    else:
        response.data = error_body(str(getattr(error, "detail", error)), {})
    return response


def _refusal(error: RefusedRequest) -> Response:
    body = error_body(error.detail, error.errors)
    if error.problems:
        body["problems"] = error.problems
    wait = error.retry_after if isinstance(error, ConflictingRequest) else None
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Response(body, status=error.status, headers=headers)


def error_body(detail: str, errors: Mapping[str, list[str]]) -> dict[str, Any]:
    return {"detail": detail, "errors": dict(errors)}


def flat(detail: Any, name: str = "") -> dict[str, list[str]]:
    """Nested messages of a serializer as one level: `limits.0.at_most`."""
    if isinstance(detail, Mapping):
        nested = [(str(key), value) for key, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        nested = [(str(position), value) for position, value in enumerate(detail)]
    else:
        messages = detail if isinstance(detail, list) else [detail]
        return {name or "non_field_errors": [str(m) for m in messages]}
    found: dict[str, list[str]] = {}
    for inner, value in nested:
        is_of_whole = inner == "non_field_errors" and name
        found |= flat(value, name if is_of_whole else f"{name}.{inner}" if name else inner)
    return found
