"""Bodies of requests, read so that nothing a client sends can reach further than it should."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request

MOST_DEPTH = 32
MOST_INTEGER = 2**63
# What the parts of a multipart body need besides the file itself.
ENVELOPE_BYTES = 2**20


class TooLarge(APIException):
    status_code = 413
    default_detail = "The body is too large."
    default_code = "too_large"


class LengthRequired(APIException):
    status_code = 411
    default_detail = "Say how long the body is (Content-Length); it is not read piece by piece."
    default_code = "length_required"


class StrictJSON(JSONParser):
    """JSON of bounded size and depth: finite numbers that fit, no key twice, no NUL in texts.

    Databases refuse such values later and elsewhere; here the answer can say what is wrong.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content = stream.read(most + 1)
        if len(content) > most:
            raise TooLarge(f"A JSON body may have {most:,} bytes.")
        return strict_json(content)


def strict_json(content: bytes) -> Any:
    """The value that the bytes spell.

    Raises:
        ParseError: with the reason.
    """
    try:
        value = json.loads(
            content,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
        _check(value)
    except RecursionError:
        raise ParseError(f"The JSON is nested more than {MOST_DEPTH} deep.") from None
    except UnicodeError:
        raise ParseError("The JSON, or a text in it, is not UTF-8.") from None
    except ValueError as error:
        raise ParseError(f"This is no JSON: {error}") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The key {twice[:60]!r} stands twice.")
    return found


def _integer(text: str) -> int:
    if len(text) > 20 or not -MOST_INTEGER <= int(text) < MOST_INTEGER:
        raise ValueError(f"The number {text[:20]}… does not fit 64 bits.")
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"The number {text[:40]} is too large.")
    return number


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON.")


def _check(value: Any) -> None:
    """Refuse what is nested too deep, NUL, and half of a pair of surrogates, level by level."""
    level = [value]
    for _ in range(MOST_DEPTH + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                inner += [*item, *item.values()]
            elif isinstance(item, list):
                inner += item
        if not inner:
            return
        level = inner
    raise ValueError(f"It is nested more than {MOST_DEPTH} deep.")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("A text holds the character NUL.")
    if not text.isascii():
        text.encode()


class BoundedMultiPart(MultiPartParser):
    """A form with files; one that is larger than any upload may be is not even read."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {}).get("request")
        most = settings.WEBNAS_UPLOAD_BYTES
        if isinstance(request, Request) and _length(request) > most + ENVELOPE_BYTES:
            raise TooLarge(f"An upload may have {most:,} bytes.")
        return super().parse(stream, media_type, parser_context)


def _length(request: Request) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
