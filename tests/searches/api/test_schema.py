"""The OpenAPI document: a change of the contract shows up as a change of a file."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

SNAPSHOT = Path(__file__).parent / "openapi.yaml"
REFRESH = "manage.py spectacular --file tests/searches/api/openapi.yaml"


@pytest.mark.slow
@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="integers have other bounds on other databases"
)
def test_the_contract_is_the_one_that_was_agreed(tmp_path):
    now = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(now), validate=True, fail_on_warn=True)
    is_same = now.read_text() == SNAPSHOT.read_text()
    assert is_same, f"The contract has changed; if that is meant: {REFRESH}"
