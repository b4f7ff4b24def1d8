"""POSTs that carry an Idempotency-Key do their work once, however often they are sent.

The first request with a key takes the key's row; its answer is kept there for a day
(webnas.accounts.expiry). A repetition gets the kept answer, one that comes while the first is at
work is told to wait, and the same key with another content is refused. Refused requests keep
nothing: they may be corrected and sent again under the same key.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webnas.accounts.models import IdempotentAnswer
from webnas.refusals import ConflictingRequest, RefusedRequest

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
# A request that took longer than this died with its process: the next one may try.
GIVEN_UP = timedelta(minutes=15)
LATER_SECONDS = 2


class AnsweredBefore(Exception):
    """The answer to this request is known."""

    def __init__(self, answer: IdempotentAnswer):
        super().__init__(answer.key)
        self.answer = answer


class IdempotentPosts(APIView):
    """A view whose POSTs take an Idempotency-Key; `takes_keys`: not where answers are secret."""

    takes_keys: ClassVar[bool] = True
    reserved: IdempotentAnswer | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.reserved = None
        if request.method != "POST" or HEADER not in request.headers:
            return
        if not self.takes_keys:
            raise RefusedRequest({HEADER: ["The answer holds a secret and cannot be kept."]})
        self.reserved = reserve(request)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, AnsweredBefore):
            return _repeated(exc.answer)
        try:
            return super().handle_exception(exc)
        except BaseException:
            self._forget()
            raise

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        if self.reserved is not None and 200 <= final.status_code < 300:
            _keep(self.reserved, final)
        else:
            self._forget()
        return final

    def _forget(self) -> None:
        if self.reserved is not None:
            IdempotentAnswer.objects.filter(pk=self.reserved.pk, status=None).delete()
            self.reserved = None


def reserve(request: Request) -> IdempotentAnswer:
    """Take the key for this request.

    Raises:
        AnsweredBefore: the same request was answered under this key.
        RefusedRequest: no usable key, or one that stands for another request.
        ConflictingRequest: the same request is being answered right now.
    """
    key = request.headers[HEADER].strip()
    if not 1 <= len(key) <= LONGEST_KEY:
        raise RefusedRequest({HEADER: [f"{len(key)} characters; 1 to {LONGEST_KEY} are needed."]})
    now, fingerprint = timezone.now(), fingerprint_of(request)
    answers = IdempotentAnswer.objects.filter(owner=request.user.pk)
    answers.filter(status=None, created_at__lt=now - GIVEN_UP).delete()
    try:
        with transaction.atomic():
            return IdempotentAnswer.objects.create(
                owner_id=cast(int, request.user.pk), key=key, request_sha256=fingerprint
            )
    except IntegrityError:
        raise _reason(answers.filter(key=key).first(), fingerprint) from None


def _reason(answer: IdempotentAnswer | None, fingerprint: str) -> Exception:
    if answer is not None and answer.request_sha256 != fingerprint:
        return ConflictingRequest({HEADER: ["This key was used for another request."]})
    if answer is None or answer.status is None:
        message = "The first request with this key is still at work; send it again in a while."
        return ConflictingRequest({HEADER: [message]}, retry_after=LATER_SECONDS)
    return AnsweredBefore(answer)


def _repeated(answer: IdempotentAnswer) -> Response:
    headers = {"Idempotent-Replayed": "true"}
    if answer.status == 202:
        headers["Retry-After"] = str(LATER_SECONDS)
    return Response(answer.body, status=answer.status, headers=headers)


def _keep(reserved: IdempotentAnswer, response: Response) -> None:
    body = json.loads(JSONRenderer().render(response.data)) if response.data is not None else None
    IdempotentAnswer.objects.filter(pk=reserved.pk).update(status=response.status_code, body=body)


def fingerprint_of(request: Request) -> str:
    """A hash of what is asked: address and content, not the boundaries between parts."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}".encode())
    for part in _parts(request.data):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _parts(data: Any) -> Iterator[bytes]:
    if not isinstance(data, MultiValueDict):
        yield json.dumps(data, sort_keys=True).encode()
        return
    for name in sorted(data):
        for value in data.getlist(name):
            yield name.encode()
            yield _hashed(value) if isinstance(value, UploadedFile) else str(value).encode()


def _hashed(file: "UploadedFile[Any]") -> bytes:
    digest = hashlib.sha256(str(file.name).encode())
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.digest()
