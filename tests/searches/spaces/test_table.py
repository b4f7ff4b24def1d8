"""The space of a table: every combination of its choices, and no layers."""

import json
from itertools import product
from random import Random

import pytest

from searches.runner.costing import Costing
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.registry import load

COLUMNS = [
    {"name": "op", "options": ["conv", "none", "skip"]},
    {"name": "width", "options": ["8", "16"]},
]
DEFINITION = {"family": "table", "table": "a" * 64, "columns": COLUMNS}


def test_it_holds_every_combination_once():
    space = load(DEFINITION)
    described = [tuple(space.describe(genes).values()) for genes in space.enumerate()]
    assert described == list(product(*(column["options"] for column in COLUMNS)))
    assert space.size() == len(described) == 6
    assert space.size_formula() == "3 × 2"


def test_it_is_what_it_was_defined_to_be():
    space = load(DEFINITION)
    assert space.to_json() == DEFINITION
    assert load(json.loads(json.dumps(space.to_json()))) == space
    assert space.with_data(in_channels=2, n_classes=0) == space
    for genes in space.enumerate():
        assert space.parse(space.describe(genes)) == genes


def test_nothing_of_it_has_a_cost():
    space = load(DEFINITION)
    costing = Costing(space, {})
    population = [space.sample(Random(seed)) for seed in range(5)]
    assert costing.measures(population) == [{}] * 5
    assert not costing.knows("macs", None)
    assert costing.violations(population, []).tolist() == [0.0] * 5
    genes, violation = costing.most_feasible([], Random(0))
    assert violation == 0
    assert space.validate(genes) == genes


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"table": "short"}, "table"),
        ({"columns": []}, "columns"),
        ({"columns": [{"options": ["a"]}]}, "columns.0.name"),
        ({"columns": [{"name": "a", "options": []}]}, "columns.0.options"),
        ({"columns": [{"name": "a", "options": [1]}]}, "columns.0.options"),
        ({"columns": [{"name": "a", "options": ["x", "x"]}]}, "columns.0.options"),
    ],
)
def test_a_wrong_definition_is_refused_by_its_place(changes, place):
    with pytest.raises(InvalidSpace) as refusal:
        load(DEFINITION | changes)
    assert place in refusal.value.problems
