"""Which size of a space suits a device: the first stage of TinyNAS.

For every width multiplier and resolution, random architectures are drawn, and those beyond a
limit of the device are dropped. Of the others the distribution of multiply-accumulates is kept:
within one family of networks more of them make better networks on average, so the space whose
survivors have most of them on average is proposed.

Source: Lin, Chen, Lin, Cohn, Gan, Han: MCUNet: Tiny Deep Learning on IoT Devices, NeurIPS 2020
(arXiv 2007.10319), section 3.1 and figure 4. There memory and flash limit; here any cost may.

All sizes see the same random numbers, gene by gene, so that they differ by nothing but size.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from devices.profiles.cost_table import CostTable
from devices.profiles.operations import Operation
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.pruning import parts_of
from searches.spaces.scaling import scaled

Floats = npt.NDArray[np.float64]
Price = Callable[[Sequence[Operation]], CostTable]

# Measures that can be limited, and what a table calls their totals.
LIMITED = {
    "latency": "latency_ms",
    "energy": "energy_mj",
    "peak_memory": "peak_memory_bytes",
    "storage": "storage_bytes",
}
DRAWN = 1000  # architectures of every size
FEWEST = 30  # survivors that a ranking asks for
MOST_DRAWN = 10_000  # of a size with fewer
CONFIDENCE = 1.96  # standard deviations of a 95 % interval


class UnknownCost(ValueError):
    """The device gives no value for a limited measure."""


@dataclass(frozen=True)
class Size:
    """A space at a width multiplier and a resolution."""

    width: float
    resolution: int
    space: SearchSpace


@dataclass(frozen=True)
class LeftOut:
    """A size that is not looked at, and why."""

    width: float
    resolution: int
    reason: str


@dataclass(frozen=True)
class Nearest:
    """The architecture that comes nearest to the limits, though beyond them.

    Attributes:
        excess: sum of the relative excess over the limits.
        values: its cost by measure.
    """

    genes: Genes
    excess: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class Survey:
    """What was drawn of one size.

    Attributes:
        table: costs of the operations of its space.
        macs: of the survivors, ascending.
        least: the smallest that each limited measure can be; only known where nothing survived.
        nearest: only where nothing survived.
    """

    size: Size
    table: CostTable
    n_drawn: int
    macs: Floats
    least: Mapping[str, float] = field(default_factory=dict)
    nearest: Nearest | None = None

    @property
    def n_feasible(self) -> int:
        return len(self.macs)

    @property
    def share(self) -> float:
        return self.n_feasible / self.n_drawn

    @property
    def score(self) -> float:
        """Mean multiply-accumulates of the survivors; NaN without any."""
        return float(self.macs.mean()) if self.n_feasible else math.nan

    @property
    def is_sure(self) -> bool:
        """Whether enough survived for the mean to be ranked."""
        return self.n_feasible >= FEWEST


def sizes(
    space: SearchSpace, widths: Sequence[float], resolutions: Sequence[int]
) -> tuple[list[Size], list[LeftOut]]:
    """The space at all widths and resolutions; those that rounding makes equal are there once.

    Raises:
        TypeError: the family of the space has no width and resolution.
    """
    found: list[Size] = []
    left_out: list[LeftOut] = []
    known: dict[str, Size] = {}
    for resolution in sorted(set(resolutions)):
        for width in sorted(set(widths), reverse=True):
            try:
                size = Size(width, resolution, scaled(space, width, resolution))
            except InvalidSpace as error:
                left_out.append(LeftOut(width, resolution, str(error)))
                continue
            same = known.setdefault(size.space.content_hash(), size)
            if same is size:
                found.append(size)
            else:
                left_out.append(LeftOut(width, resolution, f"The same as width {same.width:g}."))
    return sorted(found, key=lambda size: (size.resolution, size.width)), left_out


class Draws:
    """Random numbers that all sizes share: batch after batch, one per gene and architecture.

    Args:
        seed: of everything.
        genes: names of all genes of all sizes.
        n: architectures per batch.
    """

    def __init__(self, seed: int, genes: Sequence[str], n: int = DRAWN):
        self.n, self._seed = n, seed
        self._columns = {name: column for column, name in enumerate(genes)}
        self._known: dict[int, Floats] = {}

    def batch(self, space: SearchSpace, number: int) -> npt.NDArray[np.int64]:
        """[n, n_genes] options, every gene uniform; not canonical."""
        if number not in self._known:
            rng = np.random.default_rng([self._seed, number])
            self._known[number] = rng.random((self.n, len(self._columns)))
        uniform = self._known[number]
        options = [
            (uniform[:, self._columns[gene.name]] * len(gene.options)).astype(np.int64)
            for gene in space.genes
        ]
        return np.stack(options, axis=1)


def draws_for(found: Sequence[Size], seed: int, n: int = DRAWN) -> Draws:
    """Random numbers for these sizes."""
    names = dict.fromkeys(gene.name for size in found for gene in size.space.genes)
    return Draws(seed, list(names), n)


def survey(size: Size, price: Price, limits: Mapping[str, float], draws: Draws) -> Survey:
    """Draw one size; more of it while fewer than `FEWEST` survive and some still may.

    Args:
        size: what to draw.
        price: costs of operations on the device.
        limits: the most of each measure of `LIMITED`, in its unit.
        draws: shared with the other sizes.

    Raises:
        UnknownCost: a limited measure has no value on this device.
    """
    table = price(size.space.operation_table())
    _refuse_unknown(table, limits)
    macs, best = _one_batch(size.space, table, limits, draws.batch(size.space, 0))
    least: dict[str, float] = {}
    n_drawn = draws.n
    if not len(macs):
        least, others = _cheapest(size.space, table, limits)
        best = min([best, *others], key=lambda n: n.excess)
    is_possible = all(least.get(measure, 0) <= at_most for measure, at_most in limits.items())
    while len(macs) < FEWEST and is_possible and n_drawn < MOST_DRAWN:
        batch = draws.batch(size.space, n_drawn // draws.n)
        more, other = _one_batch(size.space, table, limits, batch)
        macs, n_drawn = np.concatenate([macs, more]), n_drawn + draws.n
        best = min(best, other, key=lambda n: n.excess)
    nearest = None if len(macs) else best
    return Survey(size, table, n_drawn, np.sort(macs), least if nearest else {}, nearest)


def _refuse_unknown(table: CostTable, limits: Mapping[str, float]) -> None:
    known = {"latency": table.has_latency, "energy": table.has_energy}
    for measure in limits:
        if not known.get(measure, True):
            raise UnknownCost(measure)


def _one_batch(
    space: SearchSpace, table: CostTable, limits: Mapping[str, float], genes: npt.NDArray[np.int64]
) -> tuple[Floats, Nearest]:
    """Multiply-accumulates of those within the limits, and the one nearest to them."""
    costs = table.total(space.operation_indices(genes))
    values = {name: np.asarray(getattr(costs, LIMITED[name]), np.float64) for name in limits}
    excess = np.zeros(len(genes))
    for name, at_most in limits.items():
        excess += np.maximum(0.0, values[name] / at_most - 1)
    best = int(excess.argmin())
    found = {name: float(column[best]) for name, column in values.items()}
    nearest = Nearest(space.canonical(tuple(map(int, genes[best]))), float(excess[best]), found)
    return np.asarray(costs.macs[excess == 0], np.float64), nearest


def _cheapest(
    space: SearchSpace, table: CostTable, limits: Mapping[str, float]
) -> tuple[dict[str, float], list[Nearest]]:
    """The smallest that each measure can be, and architectures that have it.

    For activations plus weights it is a bound, and the architectures have the least of each.
    """
    least, found = {}, []
    for measure in limits:
        parts, least[measure] = parts_of(table, measure)
        for values, aggregate in parts:
            cost, genes = space.extreme(values, aggregate=aggregate, largest=False)
            least[measure] += cost
            found.append(_one_batch(space, table, limits, np.array([genes]))[1])
    return least, found


def ranked(surveys: Sequence[Survey]) -> list[Survey]:
    """Those with survivors, the proposal first: the largest mean of multiply-accumulates.

    Sizes with fewer than `FEWEST` survivors come after all others.
    """
    alive = [found for found in surveys if found.n_feasible]
    return sorted(
        alive, key=lambda s: (s.is_sure, s.score, s.size.resolution, s.size.width), reverse=True
    )


def nearest(surveys: Sequence[Survey]) -> Survey | None:
    """Of sizes without survivors, the one with the architecture nearest to the limits."""
    missed = [found for found in surveys if found.nearest is not None]
    return min(missed, key=lambda s: s.nearest.excess if s.nearest else math.inf, default=None)


def wilson(n_found: int, n_drawn: int) -> tuple[float, float]:
    """The 95 % interval of a share.

    Source: Wilson: Probable inference, the law of succession, and statistical inference, JASA 22,
    1927.
    """
    z2, share = CONFIDENCE**2, n_found / n_drawn
    middle = share + z2 / (2 * n_drawn)
    half = CONFIDENCE * math.sqrt(share * (1 - share) / n_drawn + z2 / (4 * n_drawn**2))
    scale = 1 + z2 / n_drawn
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
