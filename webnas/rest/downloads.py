"""Files on their way out, and tables whose cells no spreadsheet takes for programs."""

import hashlib
import re
from io import BytesIO
from typing import IO, Any

from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponseBase,
    HttpResponseNotModified,
)
from rest_framework.request import Request

FORMULA = re.compile(r"[=+\-@\t\r]")
UNSAFE = re.compile(r"[^\w.() -]+")
PRIVATE = {"Cache-Control": "private, no-cache"}


class Attachment(FileResponse):
    """A file to keep, with the hash of its content."""

    block_size = 2**16

    def __init__(self, file: IO[bytes], *, filename: str, sha256: str, content_type: str):
        safe = UNSAFE.sub("_", filename).strip(" .") or "download"
        headers = PRIVATE | {"ETag": f'"{sha256}"', "X-Content-SHA256": sha256}
        super().__init__(
            file, as_attachment=True, filename=safe, content_type=content_type, headers=headers
        )


def stored_file(
    request: Request | HttpRequest,
    name: str,
    *,
    filename: str,
    sha256: str,
    content_type: str = "application/octet-stream",
) -> HttpResponseBase:
    """A file of the storage under the name that a person keeps it by."""
    if _has_it(request, sha256):
        return HttpResponseNotModified(headers={"ETag": f'"{sha256}"'})
    try:
        file = default_storage.open(name)
    except FileNotFoundError:
        raise Http404(f"The file {filename} is no longer in the storage.") from None
    return Attachment(file, filename=filename, sha256=sha256, content_type=content_type)


def picture(request: Request | HttpRequest, name: str) -> HttpResponseBase:
    """A PNG of the storage; its name is never used for another content."""
    tag = hashlib.sha256(name.encode()).hexdigest()
    if _has_it(request, tag):
        return HttpResponseNotModified(headers={"ETag": f'"{tag}"'})
    try:
        file = default_storage.open(name)
    except FileNotFoundError:
        raise Http404("This picture is no longer in the storage.") from None
    return FileResponse(file, content_type="image/png", headers=PRIVATE | {"ETag": f'"{tag}"'})


def content(
    request: Request | HttpRequest, data: bytes, *, filename: str, content_type: str
) -> HttpResponseBase:
    """A file that was made just now."""
    sha256 = hashlib.sha256(data).hexdigest()
    if _has_it(request, sha256):
        return HttpResponseNotModified(headers={"ETag": f'"{sha256}"'})
    return Attachment(BytesIO(data), filename=filename, sha256=sha256, content_type=content_type)


def _has_it(request: Request | HttpRequest, sha256: str) -> bool:
    return f'"{sha256}"' in request.headers.get("If-None-Match", "")


def cell(value: Any) -> Any:
    """A value as a table's cell: a text that looks like a formula gets an apostrophe in front."""
    if isinstance(value, str) and FORMULA.match(value) and not _is_number(value):
        return f"'{value}"
    return "" if value is None else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
