"""What an upload of a profile consists of: bytes, a file name, answers, perhaps a name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from rest_framework.request import Request

from devices.api.serializers import ANSWERS, UploadDevice, UploadVersion
from devices.services import MAX_UPLOAD_BYTES
from webnas.refusals import RefusedRequest
from webnas.rest.serializers import Strict


@dataclass(frozen=True)
class Upload:
    data: bytes
    filename: str
    answers: dict[str, str] = field(default_factory=dict)
    name: str | None = None


def of_form(request: Request, form: type[UploadDevice] | type[UploadVersion]) -> Upload:
    """A multipart upload: the file, and the other fields as answers."""
    checked: Strict = form(data=request.data)
    checked.is_valid(raise_exception=True)
    body = dict(checked.validated_data)
    file, name = body.pop("file"), body.pop("name", None)
    data = file.read(MAX_UPLOAD_BYTES + 1)  # what is larger is refused, not held in memory
    return Upload(data, str(file.name), body, name)


def of_body(request: Request) -> Upload:
    """A profile as the body itself; answers stand beside the profile's own fields."""
    if not isinstance(request.data, Mapping):
        raise RefusedRequest({"file": ["A profile is a JSON object."]})
    document = dict(request.data)
    answers = {
        name: str(document.pop(name))
        for name in ANSWERS
        if isinstance(document.get(name), str | int | float)
    }
    return Upload(json.dumps(document).encode(), "profile.json", answers)


def of_either(request: Request) -> Upload:
    is_form = isinstance(request.data, QueryDict)
    return of_form(request, UploadVersion) if is_form else of_body(request)


def shown_document() -> dict[str, Any]:
    """The schema of a JSON body, for the documentation."""
    parts = ("device", "runtime", "provenance")
    return {
        "type": "object",
        "description": "A profile as device-profile.schema.json describes it; answers to "
        "questions of the import, such as `unit`, may stand beside its own fields.",
        "properties": {
            "schema": {"type": "string"},
            "name": {"type": "string"},
            **{part: {"type": "object"} for part in parts},
            "entries": {"type": "array", "items": {"type": "object"}},
            "models": {"type": "array", "items": {"type": "object"}},
        },
    }
