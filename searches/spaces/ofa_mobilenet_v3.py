"""OFA-MobileNetV3: elastic resolution, depth, kernel and width.

Source: Cai, Gan, Wang, Zhang, Han: Once-for-All, ICLR 2020 (arXiv 1908.09791), section 3.2.
The published space has (9² + 9³ + 9⁴)^5 = 2.18e19 architectures; the paper does not count the 25
resolutions, `size` does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from devices.profiles.operations import Operation
from searches.spaces import scaling
from searches.spaces.base import Aggregate, Gene, Genes, InvalidArchitecture, SearchSpace
from searches.spaces.factors import Factor, picked
from searches.spaces.mobile_definition import FAMILY, MobileDefinition, UnitDefinition
from searches.spaces.mobile_operations import Indices, OperationTables, operation_tables

Floats = npt.NDArray[np.float64]
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class OfaMobileNetV3(SearchSpace):
    """Genes: resolution; then per unit its depth and, block after block, kernel and expand."""

    family = FAMILY
    definition_class = MobileDefinition
    is_chain = True

    def __init__(self, definition: MobileDefinition):
        self.definition = definition
        self.genes = tuple(_genes(definition))
        depths = [i for i, gene in enumerate(self.genes) if gene.name.endswith("depth")]
        self._depth_genes = tuple(depths)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "OfaMobileNetV3":
        return cls(MobileDefinition.from_json(data))

    def to_json(self) -> dict[str, Any]:
        return self.definition.to_json()

    def with_data(self, *, in_channels: int, n_classes: int) -> "OfaMobileNetV3":
        """The same choices for images of so many channels and so many classes."""
        return OfaMobileNetV3(
            replace(self.definition, in_channels=in_channels, n_classes=n_classes)
        )

    def scaled(self, width: float, resolution: int) -> "OfaMobileNetV3":
        """As `scaling.Scalable`: stem, all blocks and the two last convolutions alike."""
        fields = ("stem_width", "first_width", "final_width", "mix_width")
        widths: dict[str, Any] = {
            name: scaling.channels(getattr(self.definition, name), width) for name in fields
        }
        units = tuple(
            replace(unit, width=scaling.channels(unit.width, width))
            for unit in self.definition.units
        )
        changed = replace(
            self.definition, units=units, resolutions=(resolution,), preset="", **widths
        )
        return OfaMobileNetV3(changed)

    def size(self) -> int:
        units = self.definition.units
        return len(self.definition.resolutions) * prod(_unit_size(unit) for unit in units)

    def size_formula(self) -> str:
        factors = [_unit_formula(unit) for unit in self.definition.units]
        text = str(len(self.definition.resolutions))
        while factors:
            same = next((i for i, f in enumerate(factors) if f != factors[0]), len(factors))
            power = str(same).translate(_SUPERSCRIPTS) if same > 1 else ""
            text += f" × ({factors[0]}){power}"
            del factors[:same]
        return text

    def describe(self, genes: Genes) -> dict[str, Any]:
        canonical = self.canonical(genes)
        units = []
        for unit, gene in zip(self.definition.units, self._depth_genes, strict=True):
            depth = unit.depths[canonical[gene]]
            pairs = [canonical[gene + 1 + 2 * b : gene + 3 + 2 * b] for b in range(depth)]
            blocks = [{"kernel": unit.kernels[k], "expand": unit.expands[e]} for k, e in pairs]
            units.append({"depth": depth, "blocks": blocks})
        return {"resolution": self.definition.resolutions[canonical[0]], "units": units}

    def parse(self, description: Mapping[str, Any]) -> Genes:
        units = _member(description, "resolution and units", "units")
        if not isinstance(units, list | tuple) or len(units) != len(self.definition.units):
            raise InvalidArchitecture(f"units: {len(self.definition.units)} units are needed.")
        resolution = _member(description, "resolution and units", "resolution")
        genes = [_option(self.definition.resolutions, resolution, "resolution")]
        for index, (unit, given) in enumerate(zip(self.definition.units, units, strict=True)):
            genes += _parse_unit(unit, given, f"units[{index}]")
        return tuple(genes)

    @property
    def _tables(self) -> OperationTables:
        return operation_tables(self.definition)

    def operation_table(self) -> tuple[Operation, ...]:
        return self._tables.operations

    @cached_property
    def slot_rows(self) -> tuple[Factor, ...]:
        """For each slot, rows of `operation_table` by the options of its genes; -1: nothing."""
        found = [Factor((0,), rows) for rows in self._tables.before]
        for index, depth in enumerate(self._depth_genes):
            for position, rows in enumerate(self._tables.blocks[index]):
                kernel = depth + 1 + 2 * position
                is_there = np.arange(len(self.genes[depth].options)) >= self.genes[kernel].least
                table = np.where(is_there[None, :, None, None], rows[:, None], -1)
                found.append(Factor((0, depth, kernel, kernel + 1), table))
        found += [Factor((0,), rows) for rows in self._tables.after]
        return tuple(found)

    def operation_indices(self, genes: npt.ArrayLike) -> Indices:
        return picked(self.slot_rows, np.asarray(genes).reshape(-1, len(self.genes)))

    def extreme(
        self, values: npt.ArrayLike, *, aggregate: Aggregate, largest: bool
    ) -> tuple[float, Genes]:
        costs = np.asarray(values, dtype=np.float64)
        if costs.shape != (len(self.operation_table()),) or np.isnan(costs).any():
            raise ValueError("One cost per operation is needed, none of them NaN.")
        sign = -1.0 if largest else 1.0  # the search below always looks for the smallest
        combine = np.add if aggregate == "sum" else np.minimum if largest else np.maximum
        costs = sign * costs
        fixed = np.concatenate([self._tables.before, self._tables.after])
        total: Floats = combine.reduce(costs[fixed], axis=0)  # [n_resolutions]
        choices = [np.arange(len(total))]
        for unit, rows in zip(self.definition.units, self._tables.blocks, strict=True):
            cost, genes = _cheapest_unit(unit, [costs[r] for r in rows], combine)
            total = combine(total, cost)
            choices += genes
        best = int(np.argmin(total))
        found = self.canonical(tuple(int(column[best]) for column in choices))
        return sign * float(total[best]), found


def _cheapest_unit(
    unit: UnitDefinition, costs: Sequence[Floats], combine: np.ufunc
) -> tuple[Floats, list[npt.NDArray[np.int64]]]:
    """The smallest cost of a unit at each resolution, and the genes that give it.

    Exact, because the cost of a block depends on its own choice and the resolution alone: the
    best block is part of the best unit, whatever stands beside it.

    Args:
        unit: the options.
        costs: per position [n_resolutions, n_kernels, n_expands].
        combine: np.add, np.maximum or np.minimum.

    Returns:
        [n_resolutions] costs, and per gene of the unit [n_resolutions] options.
    """
    flat = np.stack([cost.reshape(len(cost), -1) for cost in costs])  # [n_blocks, R, K·E]
    chosen = flat.argmin(axis=2)  # [n_blocks, R]
    up_to: Floats = combine.accumulate(flat.min(axis=2), axis=0)  # [n_blocks, R]
    by_depth = up_to[np.array(unit.depths) - 1]  # [n_depths, R]
    genes = [by_depth.argmin(axis=0)]
    for row in chosen:
        genes += list(np.divmod(row, len(unit.expands)))
    return by_depth.min(axis=0), genes


def _genes(definition: MobileDefinition) -> Iterator[Gene]:
    yield Gene("resolution", definition.resolutions, "input", dimension="resolution")
    position = 1
    for number, unit in enumerate(definition.units, start=1):
        group, depth_gene = f"unit {number}", position
        yield Gene(f"unit{number}.depth", unit.depths, group, dimension="depth")
        for block in range(max(unit.depths)):
            least = next(i for i, depth in enumerate(unit.depths) if depth > block)
            name = f"unit{number}.block{block + 1}"
            yield Gene(f"{name}.kernel", unit.kernels, group, depth_gene, least, "kernel")
            yield Gene(f"{name}.expand", unit.expands, group, depth_gene, least, "width")
        position += 1 + 2 * max(unit.depths)


def _unit_size(unit: UnitDefinition) -> int:
    return sum((len(unit.kernels) * len(unit.expands)) ** depth for depth in unit.depths)


def _unit_formula(unit: UnitDefinition) -> str:
    n_choices = len(unit.kernels) * len(unit.expands)
    return " + ".join(f"{n_choices}{str(d).translate(_SUPERSCRIPTS)}" for d in unit.depths)


def _parse_unit(unit: UnitDefinition, given: Any, where: str) -> list[int]:
    blocks = _member(given, where, "blocks")
    depth = _option(unit.depths, _member(given, where, "depth"), f"{where}.depth")
    if not isinstance(blocks, list | tuple) or len(blocks) != unit.depths[depth]:
        raise InvalidArchitecture(f"{where}.blocks: as many blocks as the depth are needed.")
    genes = [depth]
    for position, block in enumerate(blocks):
        place = f"{where}.blocks[{position}]"
        genes.append(_option(unit.kernels, _member(block, place, "kernel"), f"{place}.kernel"))
        genes.append(_option(unit.expands, _member(block, place, "expand"), f"{place}.expand"))
    return genes + [0, 0] * (max(unit.depths) - len(blocks))


def _member(value: Any, where: str, name: str) -> Any:
    if not isinstance(value, Mapping) or name not in value:
        raise InvalidArchitecture(f"{where}: “{name}” is missing.")
    return value[name]


def _option(options: Sequence[Any], value: Any, where: str) -> int:
    if isinstance(value, bool) or value not in options:
        choices = ", ".join(map(str, options))
        raise InvalidArchitecture(f"{where}: {value!r} is none of {choices}.")
    return options.index(value)
