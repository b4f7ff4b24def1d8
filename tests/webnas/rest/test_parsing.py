"""JSON bodies are read strictly, so that nothing odd gets as far as the database."""

import pytest
from rest_framework.exceptions import ParseError

from webnas.rest.parsing import strict_json


@pytest.mark.parametrize("text", ['{"a": [1, 2.5, "x", null, true]}', "[]", '"\\\\u0000"', "7"])
def test_plain_json_is_read(text):
    strict_json(text.encode())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[1e999]", "too large"),
        (b"[99999999999999999999]", "64 bits"),
        (b"[" + b"9" * 5000 + b"]", "64 bits"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": {"b": "x\\u0000"}}', "NUL"),
        (b'{"\\u0000": 1}', "NUL"),
        (b"[" * 40 + b"]" * 40, "nested"),
        (b"[" * 100_000, "nested"),
        (b'{"a": ', "no JSON"),
        (b"\xff", "UTF-8"),
        (b'["\\ud800"]', "UTF-8"),
        (b"", "no JSON"),
    ],
)
def test_what_no_database_takes_is_refused(text, reason):
    with pytest.raises(ParseError, match=reason):
        strict_json(text)


def test_a_body_has_a_largest_size(as_alice, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 50
    answer = as_alice.post("/api/v1/tokens/", {"label": "x" * 90})
    assert answer.status_code == 413
    assert set(answer.data) == {"detail", "errors"}


def test_a_body_without_a_length_is_not_taken_for_an_empty_one(as_alice):
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    answer = as_alice.post("/api/v1/tokens/", {"label": "x"}, **chunked)
    assert answer.status_code == 411
    assert set(answer.data) == {"detail", "errors"}


def test_an_upload_beyond_the_limit_is_not_read(as_alice, settings):
    settings.WEBNAS_UPLOAD_BYTES = 10
    answer = as_alice.post(
        "/api/v1/datasets/", b"x" * 2**21, content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "garbage"])
def test_another_kind_of_body_is_415(as_alice, kind):
    answer = as_alice.post("/api/v1/tokens/", b"x", content_type=kind)
    assert answer.status_code == 415
    assert set(answer.data) == {"detail", "errors"}
