"""What is timed when not everything can be."""

import pytest

from devices.profiles.kit.plan import plan
from devices.profiles.operations import Operation
from tests.devices.simulated import blocks, stems

HEADS = [Operation("linear", cin=64, cout=10), *(Operation("gap", h=h, cin=64) for h in (4, 5, 8))]
SPACE = [*stems(), *blocks(), *HEADS]


@pytest.mark.parametrize(("preset", "n"), [("quick", 40), ("standard", 150), ("full", len(SPACE))])
def test_presets_have_their_sizes(preset, n):
    assert len(plan(SPACE, preset)) == n


def test_a_limit_overrules_the_preset():
    assert len(plan(SPACE, "standard", limit=12)) == 12


def test_few_operations_are_all_taken():
    assert plan(SPACE[:30]) == SPACE[:30]


def test_repeated_operations_count_once():
    assert plan([*HEADS, *HEADS]) == HEADS


def test_unknown_presets_are_refused():
    with pytest.raises(KeyError):
        plan(SPACE, "thorough")


def test_every_kind_of_layer_is_there_with_its_smallest_and_largest():
    taken = set(plan(SPACE))

    assert {stems()[0], stems()[-1], HEADS[0], HEADS[1], HEADS[-1]} <= taken


def test_the_blocks_span_every_choice():
    taken = [op for op in plan(SPACE) if op.type == "mbconv"]

    for field in ("k", "s", "act", "se", "skip", "cin", "cout", "h"):
        assert {getattr(op, field) for op in taken} >= extremes(field)


def extremes(field: str) -> set:
    values = sorted({getattr(op, field) for op in blocks()})
    return {values[0], values[-1]}


def test_the_plan_is_always_the_same():
    assert plan(SPACE) == plan(list(SPACE))


def test_a_smaller_plan_is_part_of_a_larger_one():
    assert set(plan(SPACE, limit=40)) <= set(plan(SPACE, limit=60))
