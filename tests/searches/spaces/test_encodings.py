"""Measured networks are read in the encodings that people have."""

import json
from random import Random

import pytest

from devices.profiles import networks
from searches.spaces import registry
from searches.spaces.encodings import operations_of, spelled_out
from searches.spaces.registry import FAMILIES


def preset(family, name):
    return registry.load({"family": family, **FAMILIES[family].presets[name]})


OFA = preset("ofa_mobilenet_v3", "full")
GENES = OFA.sample(Random(0))


@pytest.mark.parametrize("named", ["ofa_mobilenet_v3/small", "proxyless/fbnet"])
def test_choices_are_read_beside_the_name_of_a_preset(named):
    family, _, name = named.partition("/")
    space = preset(family, name)
    genes = space.sample(Random(1))

    for arch in (
        {"space": named, "choices": space.describe(genes)},
        {"space": named, "genes": list(genes)},
        {"space": space.to_json(), **space.describe(genes)},
    ):
        assert operations_of(json.loads(json.dumps(arch))) == space.operations(genes)


def test_the_profile_may_name_the_space():
    choices = OFA.describe(GENES)

    assert operations_of(choices, "ofa-mbv3-w1.0") == OFA.operations(GENES)
    assert operations_of(choices) is None


def test_the_form_of_once_for_all_is_read():
    described = OFA.describe(GENES)
    kernels, expands = [], []
    for unit in described["units"]:
        blocks = unit["blocks"] + [{"kernel": 7, "expand": 6}] * (4 - unit["depth"])
        kernels += [block["kernel"] for block in blocks]
        expands += [block["expand"] for block in blocks]
    depths = [unit["depth"] for unit in described["units"]]
    arch = {"r": [described["resolution"]], "ks": kernels, "e": expands, "d": depths}

    assert operations_of(arch) == OFA.operations(GENES)


def test_single_numbers_hold_for_all_blocks():
    found = operations_of({"r": 224, "ks": [3], "e": 4, "d": [2]})

    blocks = [op for op in found if op.type == "mbconv"]
    assert len(blocks) == 1 + 5 * 2
    assert {op.k for op in blocks} == {3}


@pytest.mark.parametrize(
    "arch",
    [
        {},
        {"r": 224, "ks": [3], "e": [4], "d": [9]},
        {"r": "x", "ks": None, "e": {}, "d": 2},
        {"space": "nowhere/full", "genes": [0]},
        {"space": "ofa_mobilenet_v3/full", "genes": [0]},
        {"space": "ofa_mobilenet_v3/full", "choices": 7},
        {"space": 7, "genes": []},
        {"space": {"family": "cells"}, "genes": [1]},
        {"layers": 6},
    ],
)
def test_what_no_space_has_is_unknown(arch):
    assert operations_of(arch) is None


def test_a_network_that_is_spelled_out_needs_no_space():
    arch = json.loads(json.dumps(spelled_out(OFA, GENES)))

    assert networks.operations_of(arch) == OFA.operations(GENES)
    assert arch["choices"]["resolution"] == OFA.describe(GENES)["resolution"]
