"""Requests made from the OpenAPI document, sound and broken: every answer is one it agrees to."""

import gc

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from webnas.wsgi import application

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def one_connection(db):
    """The application as a server runs it closes connections: here that of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def document(one_connection):
    accept = {"Accept": "application/json"}
    return schemathesis.openapi.from_wsgi("/api/v1/schema/", application, headers=accept)


@pytest.fixture
def ids(run, model, device):
    """Rows that are there, by the part of the address that names their kind."""
    return {
        "runs": run.pk,
        "models": model.pk,
        "devices": device.pk,
        "datasets": run.dataset_id,
        "spaces": run.space_id,
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*unclosed file:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_every_answer_is_one_that_was_agreed(document, as_alice, ids, mode, monkeypatch):
    monkeypatch.setattr("rest_framework.throttling.SimpleRateThrottle.allow_request", always)
    headers = {"Authorization": as_alice._credentials["HTTP_AUTHORIZATION"]}
    failures = []
    for found in document.get_all_operations():
        operation = found.ok()
        try:
            _ask(operation, mode, ids, headers)
        except Unsatisfiable:
            continue  # nothing can be wrong about this request
        except FailureGroup as group:
            texts = "\n".join(str(failure) for failure in group.exceptions)
            failures.append(f"{operation.label}\n{texts}")
    gc.collect()  # closes the files of answers that nobody read to their end
    assert not failures, "\n\n".join(failures)


def _ask(operation, mode, ids, headers):
    @settings(EXAMPLES)
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        _aim(case, ids)
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()


def always(throttle, request, view):
    return True


def _aim(case, ids):
    """Let every other request reach a row that is there: a random id hardly ever does."""
    number = case.path_parameters.get("id") if case.path_parameters else None
    if isinstance(number, int) and number % 2 == 0:
        case.path_parameters["id"] = ids.get(case.path.split("/")[3], number)
        if "number" in case.path_parameters:
            case.path_parameters["number"] = 1
