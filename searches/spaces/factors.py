"""Spaces whose operations each depend on a few genes: everything but the family follows.

A network is a list of slots. What runs in a slot is decided by some of the genes, so a cost that
adds up over operations is a sum of small tables (a factor graph). Its exact optimum over all
architectures is found by eliminating one gene after the other.

Source of the elimination: Dechter: Bucket elimination: a unifying framework for reasoning,
Artificial Intelligence 113, 1999, section 3.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from devices.profiles.operations import Operation
from searches.spaces.base import Aggregate, Genes, InvalidArchitecture, SearchSpace

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]
T = TypeVar("T")
R = TypeVar("R")
# Entries of a table of costs; what is larger would not fit into memory.
LARGEST_TABLE = 20_000_000
CHUNK = 4096  # architectures looked up at once: their genes stay in the cache of a core


@dataclass(frozen=True)
class Slot:
    """A place of the network at which one operation runs, or none.

    An inactive gene changes no slot: one that depends on it depends on its controller, too.

    Attributes:
        genes: positions of the genes that decide what runs, ascending.
        operations: object array with one axis per gene, as long as the gene has options; each
            entry an Operation, or None where nothing runs.
        rows: for slots of many genes and few operations, instead: `operations` is then a list
            without such axes, and these are positions in it, -1 where nothing runs.
    """

    genes: tuple[int, ...]
    operations: npt.NDArray[np.object_]
    rows: Indices | None = None


@dataclass(frozen=True)
class Factor:
    """A table that depends on some genes: one axis per gene, in the order of `genes`."""

    genes: tuple[int, ...]
    table: npt.NDArray[Any]


class FactorSpace(SearchSpace):
    """A family gives its genes and slots, a formula for its size, and its JSON.

    Architectures are described by the names and options of their active genes.
    """

    @abstractmethod
    def _slots(self) -> Sequence[Slot]:
        """All slots in network order; asked once.

        Blocks that repeat each other best share their slots, which are then looked up once.
        """

    @cached_property
    def _numbered(self) -> tuple[tuple[Operation, ...], tuple[Factor, ...]]:
        """The distinct operations, and for each slot their rows (-1: nothing runs)."""
        rows: dict[Operation, int] = {}

        def number(slot: Slot) -> Factor:
            shape = tuple(len(self.genes[gene].options) for gene in slot.genes)
            numbers = [
                -1 if operation is None else rows.setdefault(operation, len(rows))
                for operation in slot.operations.ravel().tolist()
            ]
            table = np.array(numbers, np.int32)
            if slot.rows is None:
                table = table.reshape(slot.operations.shape)
            else:
                table = np.append(table, np.int32(-1))[slot.rows]
            if table.shape != shape:
                raise ValueError(f"Slot of genes {slot.genes}: {table.shape} ≠ {shape}.")
            return Factor(slot.genes, table)

        factors = each_once(list(self._slots()), number)
        return tuple(rows), tuple(factors)

    def operation_table(self) -> tuple[Operation, ...]:
        return self._numbered[0]

    @property
    def slot_rows(self) -> tuple[Factor, ...]:
        """For each slot, rows of `operation_table` by the options of its genes; -1: nothing."""
        return self._numbered[1]

    def operation_indices(self, genes: npt.ArrayLike) -> Indices:
        table = self._canonical_rows(
            np.asarray(genes, dtype=np.int64).reshape(-1, len(self.genes))
        )
        return picked(self.slot_rows, table)

    def _canonical_rows(self, table: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """`canonical` for each row of a table [n, n_genes]."""
        found = table.copy()
        for position, gene in enumerate(self.genes):
            if gene.controller is not None:
                found[found[:, gene.controller] < gene.least, position] = 0
        return found

    def size(self) -> int:
        """Counts every tree of genes and the genes that they control."""
        dependants: dict[int | None, list[int]] = {}
        for position, gene in enumerate(self.genes):
            dependants.setdefault(gene.controller, []).append(position)

        def count(position: int) -> int:
            below = [(self.genes[p].least, count(p)) for p in dependants.get(position, [])]
            options = range(len(self.genes[position].options))
            return sum(prod(n for least, n in below if option >= least) for option in options)

        return prod(count(position) for position in dependants.get(None, []))

    def describe(self, genes: Genes) -> dict[str, Any]:
        canonical = self.canonical(genes)
        return {
            gene.name: gene.options[canonical[position]]
            for position, gene in enumerate(self.genes)
            if self.is_active(position, canonical)
        }

    def parse(self, description: Mapping[str, Any]) -> Genes:
        found: list[int] = []
        for position, gene in enumerate(self.genes):
            if not self.is_active(position, found):
                found.append(0)
                continue
            if not isinstance(description, Mapping) or gene.name not in description:
                raise InvalidArchitecture(f"“{gene.name}” is missing.")
            value = description[gene.name]
            options = [plain(option) for option in gene.options]
            if isinstance(value, bool) or plain(value) not in options:
                listed = ", ".join(map(str, gene.options))
                raise InvalidArchitecture(f"{gene.name}: {value!r} is none of {listed}.")
            found.append(options.index(plain(value)))
        return tuple(found)

    def extreme(
        self, values: npt.ArrayLike, *, aggregate: Aggregate, largest: bool
    ) -> tuple[float, Genes]:
        costs = np.asarray(values, dtype=np.float64)
        if costs.shape != (len(self.operation_table()),) or np.isnan(costs).any():
            raise ValueError("One cost per operation is needed, none of them NaN.")
        nothing = 0.0 if aggregate == "sum" else -np.inf
        padded = np.append(costs, nothing)  # row -1
        factors = each_once(self.slot_rows, lambda f: Factor(f.genes, padded[f.table]))
        best, genes = optimum(factors, len(self.genes), aggregate=aggregate, largest=largest)
        return best, self.canonical(genes)


def picked(factors: Sequence[Factor], genes: npt.NDArray[Any]) -> Indices:
    """The entry of each factor for each architecture: int32 [n, n_factors].

    Column by column, and with one flat index per factor: for 20 blocks of four genes that is
    five times as fast as indexing with a tuple of genes. The result is the transpose of a
    contiguous array, which is how sums over slots read it.

    Args:
        factors: with tables of whole numbers.
        genes: [n, n_genes] options.

    Raises:
        IndexError: an option is outside of a table.
    """
    found = np.empty((len(factors), len(genes)), dtype=np.int32)
    for start in range(0, len(genes), CHUNK):
        part = slice(start, start + CHUNK)
        _pick(factors, np.ascontiguousarray(genes[part].T, dtype=np.intp), found[:, part])
    return found.T


def _pick(factors: Sequence[Factor], columns: npt.NDArray[np.intp], found: Indices) -> None:
    """Writes the entries [n_factors, c] for the options [n_genes, c]."""
    least, most = columns.min(axis=1, initial=0), columns.max(axis=1, initial=0)
    known: dict[int, Indices] = {}
    for factor, row in zip(factors, found, strict=True):
        if id(factor) in known:
            row[:] = known[id(factor)]
            continue
        flat = np.zeros(columns.shape[1], dtype=np.intp)
        for gene, size in zip(factor.genes, factor.table.shape, strict=True):
            if least[gene] < 0 or most[gene] >= size:
                raise IndexError(f"Gene {gene} has {size} options.")
            flat *= size
            flat += columns[gene]
        table = np.ascontiguousarray(factor.table, dtype=np.int32).ravel()
        np.take(table, flat, out=row, mode="clip")  # within its bounds, as was looked at
        known[id(factor)] = row


def each_once(items: Sequence[T], compute: Callable[[T], R]) -> list[R]:
    """Results in the order of the items; for an item that is there again, the same result."""
    known: dict[int, R] = {}
    for item in items:
        if id(item) not in known:
            known[id(item)] = compute(item)
    return [known[id(item)] for item in items]


def plain(value: Any) -> Any:
    """Options as JSON has them: lists for tuples."""
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def optimum(
    factors: Sequence[Factor], n_genes: int, *, aggregate: Aggregate, largest: bool
) -> tuple[float, Genes]:
    """The smallest (or largest) sum or maximum of factors over all assignments of the genes.

    Exact: the gene whose elimination makes the smallest table goes first; for each assignment of
    its neighbours the best option is kept.

    Args:
        factors: of costs.
        n_genes: genes without a factor get option 0.
        aggregate: how the factors combine.
        largest: look for the largest instead of the smallest.

    Returns:
        The optimum and the options that have it.

    Raises:
        ValueError: the factors depend on each other so widely that a table would be too large.
    """
    combine = np.add if aggregate == "sum" else np.maximum
    pick = np.argmax if largest else np.argmin
    total = np.zeros(()) if aggregate == "sum" else np.full((), -np.inf)
    left = merged(factors, combine)
    chosen: list[tuple[int, tuple[int, ...], npt.NDArray[np.intp]]] = []
    while any(factor.genes for factor in left):
        gene = min({g for f in left for g in f.genes}, key=lambda g: (_joint_size(left, g), g))
        touched = [factor for factor in left if gene in factor.genes]
        joint = joined(touched, combine)
        axis = joint.genes.index(gene)
        options = pick(joint.table, axis=axis)
        kept = np.take_along_axis(joint.table, np.expand_dims(options, axis), axis).squeeze(axis)
        rest = joint.genes[:axis] + joint.genes[axis + 1 :]
        chosen.append((gene, rest, options))
        left = [factor for factor in left if gene not in factor.genes] + [Factor(rest, kept)]
        left = merged(left, combine)
    for factor in left:
        total = combine(total, factor.table)
    genes = [0] * n_genes
    for gene, others, options in reversed(chosen):
        genes[gene] = int(options[tuple(genes[other] for other in others)])
    return float(total), tuple(genes)


def merged(factors: Sequence[Factor], combine: np.ufunc) -> list[Factor]:
    """One factor for each set of genes."""
    found: dict[tuple[int, ...], npt.NDArray[Any]] = {}
    for factor in factors:
        known = found.get(factor.genes)
        found[factor.genes] = factor.table if known is None else combine(known, factor.table)
    return [Factor(genes, table) for genes, table in found.items()]


def _shapes(factors: Sequence[Factor]) -> dict[int, int]:
    """Number of options of every gene of the factors."""
    return {
        gene: size
        for factor in factors
        for gene, size in zip(factor.genes, factor.table.shape, strict=True)
    }


def _joint_size(factors: Sequence[Factor], gene: int) -> int:
    return prod(_shapes([factor for factor in factors if gene in factor.genes]).values())


def joined(factors: Sequence[Factor], combine: np.ufunc) -> Factor:
    """One table over all genes of the factors, at least one.

    Raises:
        ValueError: it would be too large.
    """
    sizes = _shapes(factors)
    if prod(sizes.values()) > LARGEST_TABLE:
        raise ValueError("Too many choices depend on each other for exact bounds.")
    genes = tuple(sorted(sizes))
    table: npt.NDArray[Any] | None = None
    for factor in factors:
        shape = [sizes[gene] if gene in factor.genes else 1 for gene in genes]
        spread = factor.table.reshape(shape)
        table = spread if table is None else combine(table, spread)
    assert table is not None  # noqa: S101 - never called without factors
    return Factor(genes, np.broadcast_to(table, [sizes[gene] for gene in genes]))
