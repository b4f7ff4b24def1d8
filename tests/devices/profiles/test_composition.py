"""Blocks from the rows of their primitives."""

import pytest

from devices.profiles import composition
from devices.profiles.estimates import PREDICTED
from devices.profiles.operations import Operation
from devices.profiles.profile import Device, Entry, Profile, Provenance, Runtime
from devices.profiles.table import RowTable
from tests.devices.simulated import blocks

BLOCKS = blocks(resolutions=(16,))


def table(operations, price) -> RowTable:
    entries = tuple(Entry(op=op, mean_ms=price(op)) for op in operations)
    return RowTable(
        Profile(
            name="p",
            device=Device(kind="cpu"),
            runtime=Runtime(engine="e", dtype="fp32", batch=1, threads=1),
            provenance=Provenance(kind="measured"),
            entries=entries,
            overhead_ms=0.5,
        )
    )


def primitives(blocks):
    return dict.fromkeys(part for block in blocks for part in block.decompose())


def sum_of_parts(block) -> float:
    return 0.5 + sum(price(part) - 0.5 for part in block.decompose())


def price(op) -> float:
    return 0.5 + len(op.label()) / 10


def test_without_blocks_the_plain_sum_stands_with_a_wide_interval():
    rows = table(primitives(BLOCKS), price)

    found = composition.of_primitives(rows, BLOCKS[0], composition.fit(rows))

    assert found.latency_ms == pytest.approx(sum_of_parts(BLOCKS[0]))
    assert (found.sigma, found.provenance) == (0.40, PREDICTED)


def test_blocks_that_have_both_show_the_bias():
    known = BLOCKS[:6]
    prices = {block: 0.7 * sum_of_parts(block) for block in known}
    rows = table([*primitives(BLOCKS), *known], lambda op: prices.get(op) or price(op))

    bias = composition.fit(rows)
    found = composition.of_primitives(rows, BLOCKS[-1], bias)

    assert bias == {"bias": pytest.approx(0.7), "sigma": 0.12, "n_blocks": 6}
    assert found.latency_ms == pytest.approx(0.7 * sum_of_parts(BLOCKS[-1]))


def test_one_missing_primitive_leaves_the_block_open():
    parts = list(primitives(BLOCKS[:1]))[1:]
    rows = table(parts, price)

    assert composition.of_primitives(rows, BLOCKS[0], composition.fit(rows)) is None


def test_a_primitive_is_no_sum_of_itself():
    conv = Operation("conv", h=8, cin=8, cout=8, k=3)
    rows = table([conv], price)

    assert composition.of_primitives(rows, conv, composition.fit(rows)) is None
