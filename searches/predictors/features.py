"""What predictors see of an architecture: one column for each option of each gene that matters.

Source: Cai, Gan, Wang, Zhang, Han: Once-for-All, ICLR 2020, appendix A: one-hot vectors of the
choices of each layer, all zeros for a layer that is left out. Here that holds for every gene that
changes nothing: one that its controller turns off, and one on which, given all the others, no
operation of the network depends (an edge of a cell that no path leads to).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from searches.spaces.base import Genes, SearchSpace
from searches.spaces.factors import FactorSpace

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
# Entries of a slot's table up to which it is looked at; genes of larger ones count as active.
LARGEST_TABLE = 200_000


@dataclass(frozen=True)
class Features:
    """Architectures in numbers.

    Attributes:
        one_hot: [n, n_columns] 1 for the chosen option of each gene that matters.
        counts: [n, n_kinds] how often each kind is chosen.
    """

    one_hot: Floats
    counts: Floats

    def __len__(self) -> int:
        return len(self.one_hot)


class Encoding:
    """The columns of a space.

    Options of genes that have the same options are of one kind: of all edges of a cell, or of all
    layers of a network, it counts how many chose the convolution.

    Attributes:
        gene_of: [n_columns] the gene of each column.
        kind_of: [n_columns] the kind of each column.
    """

    def __init__(self, space: SearchSpace):
        self.genes = space.genes
        sizes = [len(gene.options) for gene in space.genes]
        first: dict[tuple[Any, ...], int] = {}
        self.n_kinds = 0
        kinds: list[int] = []
        for gene in space.genes:
            if gene.options not in first:
                first[gene.options] = self.n_kinds
                self.n_kinds += len(gene.options)
            kinds += [first[gene.options] + index for index in range(len(gene.options))]
        self.gene_of = np.repeat(np.arange(len(sizes)), sizes)
        self.kind_of = np.array(kinds)
        self._option = np.concatenate([np.arange(size) for size in sizes])
        self._members = np.equal.outer(self.kind_of, np.arange(self.n_kinds)).astype(np.float64)
        self._influence = influence(space) if isinstance(space, FactorSpace) else {}

    def features(self, genes: Sequence[Genes]) -> Features:
        """Of canonical genes."""
        table = np.asarray(genes, dtype=np.int64).reshape(-1, len(self.genes))
        is_chosen = table[:, self.gene_of] == self._option
        one_hot = (is_chosen & self.active(table)[:, self.gene_of]).astype(np.float64)
        return Features(one_hot, one_hot @ self._members)

    def active(self, table: npt.NDArray[np.int64]) -> Booleans:
        """Which genes matter: [n, n_genes] for canonical genes [n, n_genes]."""
        found = np.ones(table.shape, dtype=bool)
        for position, gene in enumerate(self.genes):
            if gene.controller is not None:
                found[:, position] = table[:, gene.controller] >= gene.least
        matters = np.zeros(table.shape, dtype=bool)
        judged = np.zeros(len(self.genes), dtype=bool)
        for genes, tables in self._influence.items():
            judged[list(genes)] = True
            if tables is None:
                matters[:, genes] = True
                continue
            index = tuple(table[:, position] for position in genes)
            for position, varies in zip(genes, tables, strict=True):
                matters[:, position] |= varies[index]
        return found & (matters | ~judged)


@lru_cache(maxsize=8)
def encoding_of(space: SearchSpace) -> Encoding:
    """The encoding of a space, made once."""
    return Encoding(space)


def influence(space: FactorSpace) -> dict[tuple[int, ...], list[Booleans] | None]:
    """Where genes change an operation, for each set of genes that decide a slot.

    Returns:
        For each gene of the set a table with an axis for each gene of the set: whether another
        option of this gene, with the others as they are, changes an operation. None where the
        tables would be too large.
    """
    found: dict[tuple[int, ...], list[Booleans] | None] = {}
    for factor in space.slot_rows:
        if factor.table.size > LARGEST_TABLE:
            found[factor.genes] = None
            continue
        rows = factor.table
        varies = [
            np.broadcast_to(np.ptp(rows, axis=axis, keepdims=True) > 0, rows.shape)
            for axis in range(len(factor.genes))
        ]
        known = found.get(factor.genes)
        if known is not None:
            varies = [a | b for a, b in zip(known, varies, strict=True)]
        found[factor.genes] = varies
    return found
