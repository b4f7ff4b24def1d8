"""The operations of an OFA-MobileNetV3 space, laid out for look-ups over many architectures."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from devices.profiles.operations import Operation
from searches.spaces.mobile_definition import BlockShape, MobileDefinition, UnitDefinition

Indices = npt.NDArray[np.int32]


@dataclass(frozen=True)
class OperationTables:
    """All distinct operations, and where each choice finds its own.

    Attributes:
        operations: in the order of first use.
        before: [2, n_resolutions] rows of stem and first block.
        blocks: per unit and position: [n_resolutions, n_kernels, n_expands].
        after: [4, n_resolutions] rows of final convolution, pooling, feature mix, classifier.
    """

    operations: tuple[Operation, ...]
    before: Indices
    blocks: tuple[tuple[Indices, ...], ...]
    after: Indices


class _Numbering:
    """Gives equal operations one number."""

    def __init__(self) -> None:
        self.rows: dict[Operation, int] = {}

    def __call__(self, operation: Operation) -> int:
        return self.rows.setdefault(operation, len(self.rows))


@lru_cache(maxsize=8)
def operation_tables(definition: MobileDefinition) -> OperationTables:
    """The tables of a space; kept, because a request builds its space anew."""
    number = _Numbering()
    before, blocks, after = [], [], []
    for resolution in definition.resolutions:
        stem, first = _before(definition, resolution)
        before.append([number(stem), number(first)])
        side, rows = first.output_size()[0], []
        for index, unit in enumerate(definition.units):
            of_unit = []
            for position in range(max(unit.depths)):
                shape = definition.block(index, position)
                of_unit.append([[number(o) for o in row] for row in _choices(shape, unit, side)])
                side = (side - 1) // shape.stride + 1
            rows.append(of_unit)
        blocks.append(rows)
        after.append([number(o) for o in _after(definition, side)])
    return OperationTables(
        tuple(number.rows),
        np.array(before, np.int32).T,
        tuple(
            tuple(
                np.array([rows[unit][position] for rows in blocks], np.int32)
                for position in range(max(definition.units[unit].depths))
            )
            for unit in range(len(definition.units))
        ),
        np.array(after, np.int32).T,
    )


def mbconv(shape: BlockShape, *, kernel: int, mid: int, side: int) -> Operation:
    """The block as one operation, on a square map of `side`."""
    return Operation(
        type="mbconv",
        h=side,
        cin=shape.cin,
        cout=shape.cout,
        mid=mid,
        k=kernel,
        s=shape.stride,
        act=shape.act,
        se=shape.se,
        skip=shape.skip,
    )


def _before(definition: MobileDefinition, resolution: int) -> tuple[Operation, Operation]:
    stem = Operation(
        type="conv",
        h=resolution,
        cin=definition.in_channels,
        cout=definition.stem_width,
        k=definition.stem_kernel,
        s=definition.stem_stride,
        act=definition.stem_act,
    )
    shape = definition.first_block
    side = stem.output_size()[0]
    return stem, mbconv(shape, kernel=definition.first_kernel, mid=shape.cin, side=side)


def _choices(shape: BlockShape, unit: UnitDefinition, side: int) -> Iterator[list[Operation]]:
    """One row per kernel, one column per expand ratio."""
    for kernel in unit.kernels:
        yield [mbconv(shape, kernel=kernel, mid=shape.mid(e), side=side) for e in unit.expands]


def _after(definition: MobileDefinition, side: int) -> Iterator[Operation]:
    last, final, mix = (
        definition.units[-1].width,
        definition.final_width,
        definition.mix_width,
    )
    yield Operation(type="conv", h=side, cin=last, cout=final, k=1, act=definition.final_act)
    yield Operation(type="gap", h=side, cin=final)
    act = definition.mix_act
    yield Operation(type="conv", h=1, cin=final, cout=mix, k=1, act=act, norm="none")
    yield Operation(type="linear", cin=mix, cout=definition.n_classes)
