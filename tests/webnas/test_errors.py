"""Every REST error has one shape."""

import errno

import pytest
from django.urls import path
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from webnas.errors import flat
from webnas.refusals import ConflictingRequest, QuestionedRequest, RefusedRequest


class Limit(serializers.Serializer):
    at_most = serializers.FloatField()


class Request(serializers.Serializer):
    name = serializers.CharField(max_length=3)
    limits = Limit(many=True)


class Echo(APIView):
    permission_classes = ()

    def post(self, request, kind):
        if kind == "refused":
            raise RefusedRequest({"seed": ["-1 is negative."]})
        if kind == "conflict":
            raise ConflictingRequest({}, "The run has ended.")
        if kind == "question":
            raise QuestionedRequest("Which unit?", "unit", ["ms", "us"])
        if kind == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        serializer = Request(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response({})


urlpatterns = [path("<str:kind>/", Echo.as_view())]
pytestmark = pytest.mark.urls(__name__)


def answer(kind: str, body=None, **extra):
    return APIClient().post(f"/{kind}/", body or {}, format="json", **extra)


def test_nested_fields_are_named_with_their_place():
    found = answer("valid", {"name": "abc", "limits": [{"at_most": 1}, {"at_most": "x"}]})
    assert found.status_code == 400
    assert found.json()["errors"] == {"limits.1.at_most": ["A valid number is required."]}


def test_all_wrong_fields_are_named_at_once():
    assert set(answer("valid", {"name": "abcd"}).json()["errors"]) == {"name", "limits"}


def test_a_body_that_is_no_json_is_a_400():
    found = APIClient().post("/valid/", "{", content_type="application/json")
    assert found.status_code == 400
    assert found.json()["errors"] == {}


def test_a_refusal_of_a_service_names_its_fields():
    found = answer("refused")
    assert found.status_code == 400
    assert found.json()["errors"] == {"seed": ["-1 is negative."]}


def test_a_conflict_is_a_409():
    found = answer("conflict")
    assert found.status_code == 409
    assert found.json() == {"detail": "The run has ended.", "errors": {}}


def test_a_question_is_a_422_with_its_choices():
    found = answer("question")
    assert found.status_code == 422
    body = found.json()
    assert (body["question"], body["field"], body["choices"]) == (
        "Which unit?",
        "unit",
        ["ms", "us"],
    )


def test_a_full_disk_is_a_507():
    found = answer("full")
    assert found.status_code == 507
    assert found.json() == {
        "detail": "No space left on the server; nothing was stored.",
        "errors": {},
    }


def test_a_method_that_is_not_allowed_has_the_same_shape():
    found = APIClient().get("/valid/")
    assert found.status_code == 405
    assert set(found.json()) == {"detail", "errors"}


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (["wrong"], {"non_field_errors": ["wrong"]}),
        ("wrong", {"non_field_errors": ["wrong"]}),
        ({"a": {"b": ["wrong"]}}, {"a.b": ["wrong"]}),
        ({"a": [{}, {"b": ["wrong"]}]}, {"a.1.b": ["wrong"]}),
    ],
)
def test_nested_messages_become_one_level(detail, expected):
    assert flat(detail) == expected
