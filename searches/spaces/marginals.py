"""The least cost of any architecture with a given option, for every option of every gene at once.

An option with which nothing is below a limit can be left out of a space without losing anything
that is. Costs are those of a factor graph (see `factors`); genes are eliminated one after the
other, and on the way back each table learns what the rest of the network costs at least.

Source: Dechter: Bucket elimination: a unifying framework for reasoning, Artificial Intelligence
113, 1999, section 3; the way back is that of Kask, Dechter, Larrosa, Dechter: Unifying tree
decompositions for reasoning in graphical models, Artificial Intelligence 166, 2005, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from searches.spaces.base import Aggregate, Gene
from searches.spaces.factors import Factor, joined, merged

Floats = npt.NDArray[np.float64]
Allowed = Sequence[Sequence[int]]  # per gene the options that may be chosen, ascending


@dataclass
class _Part:
    """A table, and the bucket whose elimination left it; None for one that was there before."""

    factor: Factor
    bucket: "_Bucket | None" = None


@dataclass
class _Bucket:
    """All tables with one gene, which they were rid of.

    Attributes:
        outer: least cost of everything else, over the same genes as what the elimination left.
    """

    gene: int
    parts: list[_Part]
    outer: Factor = field(default_factory=lambda: Factor((), np.zeros(())))


def option_costs(
    genes: Sequence[Gene], factors: Sequence[Factor], allowed: Allowed, *, aggregate: Aggregate
) -> list[Floats]:
    """The least cost of an architecture in which a gene is active with an option.

    Args:
        genes: of the space.
        factors: of costs, one axis per gene and as long as it has options.
        allowed: what may be chosen.
        aggregate: how factors combine.

    Returns:
        Per gene [n_options]; infinite where no architecture has the option.

    Raises:
        ValueError: the factors depend on each other so widely that a table would be too large.
    """
    still = [gene.controller is not None for gene in genes]  # may be inactive: one more option
    nothing = 0.0 if aggregate == "sum" else -np.inf
    tables = [_with_inactive(factor, still) for factor in factors]
    for position, gene in enumerate(genes):
        choice = np.full(len(gene.options) + still[position], np.inf)
        choice[list(allowed[position])] = nothing
        choice[len(gene.options) :] = nothing
        tables.append(Factor((position,), choice))
        if gene.controller is not None:
            tables.append(_rule(genes, position, nothing))
    combine = np.add if aggregate == "sum" else np.maximum
    found = _marginals(merged(tables, combine), combine)
    return [found[position][: len(gene.options)] for position, gene in enumerate(genes)]


def _with_inactive(factor: Factor, still: Sequence[bool]) -> Factor:
    """The factor with an entry more for each gene that may be inactive, equal to option 0."""
    table = factor.table
    for axis, gene in enumerate(factor.genes):
        if still[gene]:
            table = np.concatenate([table, table.take([0], axis)], axis)
    return Factor(factor.genes, table)


def _rule(genes: Sequence[Gene], position: int, nothing: float) -> Factor:
    """Forbids a gene to be inactive where its controller wants it, and to be active elsewhere."""
    gene = genes[position]
    assert gene.controller is not None  # noqa: S101 - asked for such genes only
    above = genes[gene.controller]
    chosen = [*range(len(above.options)), *([0] if above.controller is not None else [])]
    is_wanted = np.array(chosen)[:, None] >= gene.least
    is_active = np.arange(len(gene.options) + 1)[None, :] < len(gene.options)
    table = np.where(is_wanted == is_active, nothing, np.inf)
    if gene.controller < position:
        return Factor((gene.controller, position), table)
    return Factor((position, gene.controller), table.T)


def _marginals(factors: Sequence[Factor], combine: np.ufunc) -> dict[int, Floats]:
    """The least of the combined factors with each option of each gene that they depend on."""
    left = [_Part(factor) for factor in factors]
    buckets = []
    while any(part.factor.genes for part in left):
        gene = _next(left)
        bucket = _Bucket(gene, [part for part in left if gene in part.factor.genes])
        joint = joined([part.factor for part in bucket.parts], combine)
        left = [part for part in left if gene not in part.factor.genes]
        rest = tuple(other for other in joint.genes if other != gene)
        left.append(_Part(_least(joint, rest), bucket))
        buckets.append(bucket)
    _hand_down(left, combine)
    return {bucket.gene: _marginal(bucket, combine) for bucket in reversed(buckets)}


def _next(left: Sequence[_Part]) -> int:
    """The gene whose elimination makes the smallest table."""
    sizes: dict[int, dict[int, int]] = {}
    for part in left:
        shape = dict(zip(part.factor.genes, part.factor.table.shape, strict=True))
        for gene in part.factor.genes:
            sizes.setdefault(gene, {}).update(shape)
    return min(sizes, key=lambda gene: (np.prod([*map(float, sizes[gene].values())]), gene))


def _marginal(bucket: _Bucket, combine: np.ufunc) -> Floats:
    """The least cost with each option of the bucket's gene; tells the buckets before it, too.

    Buckets are asked from the last to the first, so that `outer` is known.
    """
    _hand_down([*bucket.parts, _Part(bucket.outer)], combine)
    joint = joined([*(part.factor for part in bucket.parts), bucket.outer], combine)
    return np.asarray(_least(joint, (bucket.gene,)).table, dtype=np.float64)


def _hand_down(parts: Sequence[_Part], combine: np.ufunc) -> None:
    """For each part that a bucket left: the least cost of all the others, over its genes."""
    for part in parts:
        if part.bucket is None:
            continue
        others = [other.factor for other in parts if other is not part]
        spread = Factor(part.factor.genes, np.full(part.factor.table.shape, _nothing(combine)))
        part.bucket.outer = _least(joined([*others, spread], combine), part.factor.genes)


def _nothing(combine: np.ufunc) -> float:
    return 0.0 if combine is np.add else -np.inf


def _least(factor: Factor, genes: tuple[int, ...]) -> Factor:
    """The factor over these genes alone, the best of all others chosen."""
    axes = tuple(axis for axis, gene in enumerate(factor.genes) if gene not in genes)
    return Factor(genes, factor.table.min(axis=axes)) if axes else factor


def costs_of(rows: Sequence[Factor], values: Floats, *, aggregate: Aggregate) -> list[Factor]:
    """Factors of costs from those of rows of the operation table; equal ones are added once.

    Args:
        rows: as `FactorSpace.slot_rows`.
        values: [n_operations] cost of each operation.
        aggregate: how they combine.
    """
    nothing = 0.0 if aggregate == "sum" else -np.inf
    padded = np.append(values, nothing)  # row -1
    combine = np.add if aggregate == "sum" else np.maximum
    known: dict[int, tuple[Factor, int]] = {}
    for factor in rows:
        known[id(factor)] = (factor, known.get(id(factor), (factor, 0))[1] + 1)
    found = []
    for factor, times in known.values():
        table = padded[factor.table]
        found.append(Factor(factor.genes, times * table if aggregate == "sum" else table))
    return merged(found, combine)
