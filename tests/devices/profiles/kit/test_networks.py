"""Whole networks as ONNX: the blocks one after the other, nothing else."""

from collections import Counter
from random import Random

import numpy as np
import onnx
import pytest

from devices.profiles.kit import onnx_blocks
from devices.profiles.kit.files import run
from devices.profiles.kit.graph import TILE, repeated_tile
from devices.profiles.kit.networks import NotAChain, network_model
from devices.profiles.operations import Operation

CHAIN = [
    Operation("conv", h=9, cin=3, cout=8, k=3, s=2, act="hswish"),
    Operation("mbconv", h=5, cin=8, cout=8, mid=24, k=5, act="hswish", se=True, skip=True),
    Operation("mbconv", h=5, cin=8, cout=16, mid=24, k=3, s=2, act="relu"),
    Operation("gap", h=3, cin=16),
    Operation("conv", h=1, cin=16, cout=32, k=1, act="hswish", norm="none"),
    Operation("linear", cin=32, cout=10),
]


def outputs(model: bytes, x: np.ndarray) -> np.ndarray:
    return run.prepare({}, model, threads=1).session.run(None, {"x0": x})[0]


def test_a_network_computes_what_its_blocks_compute_one_after_the_other():
    x = np.random.default_rng(0).normal(size=(1, 3, 9, 9)).astype(np.float32)
    found = outputs(network_model(CHAIN), x)

    y = x
    for op in CHAIN:
        if op.type == "linear":
            y = y.reshape(1, -1)
        y = outputs(onnx_blocks.block_model(op), y)

    assert found.shape == (1, 10)
    np.testing.assert_allclose(found, y, rtol=1e-4, atol=1e-6)


def test_a_batch_is_as_many_samples():
    x = np.random.default_rng(0).normal(size=(3, 3, 9, 9)).astype(np.float32)
    together = outputs(network_model(CHAIN, batch=3), x)
    alone = [outputs(network_model(CHAIN), x[i : i + 1])[0] for i in range(3)]
    np.testing.assert_allclose(together, np.stack(alone), rtol=1e-4, atol=1e-6)


def test_weights_in_a_file_of_their_own_give_the_same_numbers(tmp_path):
    x = np.random.default_rng(0).normal(size=(1, 3, 9, 9)).astype(np.float32)
    (tmp_path / "weights.bin").write_bytes(repeated_tile(2048))
    small = network_model(CHAIN, weights="weights.bin")
    (tmp_path / "net.onnx").write_bytes(small)

    session = run.prepare({}, tmp_path / "net.onnx", threads=1).session

    np.testing.assert_array_equal(
        session.run(None, {"x0": x})[0], outputs(network_model(CHAIN), x)
    )
    assert len(small) < len(network_model(CHAIN)) - len(TILE)


def test_a_network_passes_the_checker():
    onnx.checker.check_model(onnx.load_from_string(network_model(CHAIN)), full_check=True)


@pytest.mark.parametrize(
    ("operations", "reason"),
    [
        ([], "without operations"),
        ([Operation("add", h=8, cin=8)], "joins several branches"),
        ([CHAIN[0], CHAIN[2], CHAIN[1]], "does not take the output"),
        ([CHAIN[0], Operation("conv", h=5, cin=9, cout=8, k=1)], "does not take the output"),
    ],
)
def test_other_than_a_chain_is_refused(operations, reason):
    with pytest.raises(NotAChain, match=reason):
        network_model(operations)


@pytest.mark.slow
def test_a_network_has_the_operators_of_the_file_that_people_download():
    from searches.export import graphs
    from searches.networks import families
    from searches.spaces import registry
    from searches.spaces.registry import FAMILIES

    preset = FAMILIES["ofa_mobilenet_v3"].presets["small"]
    space = registry.load({"family": "ofa_mobilenet_v3", **preset})
    genes = space.sample(Random(5))
    family = families.family_of(space)
    network = family.network(family.config(space, genes)).eval()
    exported = graphs.onnx_bytes(graphs.exported_program(network), "images")

    def operators(model: bytes) -> Counter:
        found = Counter(node.op_type for node in onnx.load_from_string(model).graph.node)
        # Inputs are normalised in the file; a row is made by one operator or the other.
        return found - Counter({"Sub": 1, "Div": 1, "Reshape": 1, "Flatten": 1})

    assert operators(network_model(space.operations(genes))) == operators(exported)
