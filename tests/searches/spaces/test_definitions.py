"""Definitions from outside are refused with every fault at its place."""

from copy import deepcopy

import pytest

from searches.spaces import network_presets as presets
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.registry import load

RESNET, RESIDUAL = presets.OFA_RESNET50_FULL, presets.RESIDUAL_SMALL
PROXYLESS = presets.PROXYLESS_FULL


def changed(preset, path, value):
    """The preset with another value at a path such as "stages.0.width"."""
    found = deepcopy(preset)
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    inner = found
    for step in way:
        inner = inner[step]
    inner[last] = value
    return found


@pytest.mark.parametrize(
    ("preset", "path", "value", "place", "message"),
    [
        (RESNET, "n_classes", 1, "n_classes", "between 2 and"),
        (RESNET, "n_classes", "10", "n_classes", "a whole number"),
        (RESNET, "n_classes", True, "n_classes", "a whole number"),
        (RESNET, "resolutions", 224, "resolutions", "list of 1 to 64"),
        (RESNET, "resolutions", [32, 16], "resolutions", "ascend"),
        (RESNET, "resolutions", [32, "a"], "resolutions[1]", "a whole number"),
        (RESNET, "in_channels", 2, "in_channels", "one of 1, 3"),
        (RESNET, "stem_pool", 1, "stem_pool", "true or false"),
        (RESNET, "stages", [], "stages", "list of 1 to 64"),
        (RESNET, "stages.1", 5, "stages[1]", "an object"),
        (RESNET, "stages.1.stride", 3, "stages[1].stride", "one of 1, 2"),
        (RESNET, "stages.1.kernels", [3], "stages[1].kernels", "Unknown field"),
        (RESNET, "width_multipliers", [0.98, 1.0], "width_multipliers", "64, 64 channels"),
        (RESNET, "expands", [0.25, 0.26], "expands", "must differ"),
        (RESNET, "expands", [0.25, float("nan")], "expands[1]", "a number"),
        (RESIDUAL, "block", "sandwich", "block", "one of basic, bottleneck"),
        (RESIDUAL, "shortcut", "none", "shortcut", "one of convolution, average pool"),
        (RESIDUAL, "stages.2.kernels", [3, 4], "stages[2].kernels", "odd"),
        (RESIDUAL, "stages.0.widths", [0, 8], "stages[0].widths", "between 1 and 4096"),
        (RESIDUAL, "wings", 2, "wings", "Unknown field"),
        (PROXYLESS, "operations.1.kernel", 4, "operations[1].kernel", "one of 3, 5, 7"),
        (PROXYLESS, "operations.1.groups", 3, "operations[1].groups", "3 groups do not divide 16"),
        (PROXYLESS, "operations.1.expand", 3, "operations", "differ"),
        (PROXYLESS, "act", "gelu", "act", "one of relu, relu6, hswish"),
        (PROXYLESS, "skipping", "sometimes", "skipping", "one of nowhere, same shape"),
    ],
)
def test_fault_is_named_at_its_place(preset, path, value, place, message):
    with pytest.raises(InvalidSpace) as error:
        load(changed(preset, path, value))
    assert list(error.value.problems) == [place]
    assert message in error.value.problems[place][0]


def test_missing_fields_are_named_together():
    with pytest.raises(InvalidSpace) as error:
        load({"family": "ofa_resnet50", "stages": [{"width": 64}]})
    assert set(error.value.problems) == {
        *("resolutions", "width_multipliers", "extra_depths", "expands"),
        *("stages[0].depth", "stages[0].stride"),
    }


def test_so_many_choices_in_one_block_that_nobody_prices_them_are_refused():
    many = list(range(8, 8 * 41, 8))
    stage = {"widths": many, "depths": list(range(1, 13)), "stride": 1, "kernels": [3, 5, 7]}
    with pytest.raises(InvalidSpace, match="different blocks"):
        load({**RESIDUAL, "stages": [stage, stage]})
