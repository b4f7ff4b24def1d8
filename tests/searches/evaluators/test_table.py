"""Looking results up."""

from io import BytesIO

import pytest

from searches.datasets.known_table import read
from searches.evaluators.registry import EVALUATORS
from searches.evaluators.table import NotInTable
from searches.spaces.table import TableSpace
from searches.targets.registry import TARGETS
from searches.training.base import always

KNOWN = b"op,width,error (% min),delay (min)\nconv,8,9,2\nconv,16,8,\nskip,8,30,1\n"


@pytest.fixture
def evaluator():
    table = read(BytesIO(KNOWN))
    columns = list(zip(table.columns, table.options, strict=True))
    space = TableSpace(table.sha256(), columns)
    task = TARGETS["table"].load()(space, table, None)
    return EVALUATORS["table"].load()(task, None, 0)


def test_a_candidate_is_ready_at_once_and_says_what_its_row_says(evaluator):
    assert evaluator.prepare() is None
    candidate = evaluator.candidate((0, 0), seed=0)
    assert candidate.advance(deadline=0, tick=always).done
    found = candidate.quality("validation")
    assert {name: (m.value, m.unit, m.provenance) for name, m in found.items()} == {
        "error": (9.0, "%", "table"),
        "delay": (2.0, "", "table"),
    }


def test_a_missing_value_is_left_out(evaluator):
    assert evaluator.candidate((0, 1), seed=0).quality("validation").keys() == {"error"}


def test_a_missing_row_is_named(evaluator):
    with pytest.raises(NotInTable, match="op = skip, width = 16"):
        evaluator.candidate((1, 1), seed=0).quality("validation")


def test_there_is_no_network(evaluator):
    with pytest.raises(NotInTable):
        evaluator.candidate((0, 0), seed=0).network()
