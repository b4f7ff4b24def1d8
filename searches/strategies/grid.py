"""Grid search: every point of a sub-grid of the space, in a fixed order.

Each gene takes every step-th of its options, the first one always. The points are counted like a
clock (mixed radix, the last gene fastest); genes that are inactive stand still, so that every
architecture comes once. The number of the next point is all that a search has to remember.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from math import prod
from random import Random
from typing import Any

from searches.spaces.base import Genes, SearchSpace
from searches.strategies.base import Problem
from searches.strategies.feasible import Drawer, refuse
from searches.strategies.sampling import SamplingStrategy
from searches.strategies.settings.sampling import GridSettings, parse_steps

# Points in a row outside the limits that end the search, unless the budget is larger: no grid
# that `precheck` lets pass has more.
PATIENCE = 10_000
LARGEST_BATCH = 256
Axis = Sequence[int]  # the options that a gene takes, ascending, 0 first


def axes(space: SearchSpace, settings: GridSettings) -> Sequence[Axis]:
    """The options of each gene that are on the grid."""
    steps = list(parse_steps(settings.steps).items())
    found = []
    for gene in space.genes:
        fitting = [step for name, step in steps if _fits(name, gene.name)]
        step = fitting[-1] if fitting else settings.step
        found.append(range(0, len(gene.options), step))
    return found


def _fits(pattern: str, name: str) -> bool:
    return pattern == name or fnmatchcase(name, pattern)


def n_points(space: SearchSpace, grid: Sequence[Axis]) -> int:
    """Number of architectures on the grid: inactive genes do not count."""
    dependants: dict[int | None, list[int]] = {}
    for position, gene in enumerate(space.genes):
        dependants.setdefault(gene.controller, []).append(position)

    def count(position: int) -> int:
        below = [(space.genes[p].least, count(p)) for p in dependants.get(position, [])]
        return sum(prod(n for least, n in below if option >= least) for option in grid[position])

    return prod(count(position) for position in dependants.get(None, []))


def precheck(space: SearchSpace, settings: GridSettings, budget: int) -> Mapping[str, list[str]]:
    """Why a run cannot search this grid: messages by place; empty when it can."""
    names = [gene.name for gene in space.genes]
    for pattern in parse_steps(settings.steps):
        if not any(_fits(pattern, name) for name in names):
            some = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
            return {"strategy_settings.steps": [f"No gene is called “{pattern}”. Genes: {some}."]}
    n = n_points(space, axes(space, settings))
    if n <= budget:
        return {}
    reason = f"The grid has {n:,} points, more than the budget of {budget:,}"
    return {"strategy_settings.step": [f"{reason}: take larger steps, or a larger budget."]}


class Grid(SamplingStrategy[GridSettings]):
    """Visits the points in order and passes over those outside the limits.

    Attributes:
        next: number of the next point, 0 for the first.
        end: number after the last point.
    """

    def __init__(self, problem: Problem, settings: GridSettings, rng: Random):
        super().__init__(problem, settings, rng)
        self.axes = axes(problem.space, settings)
        self.next, self.end = 0, prod(len(axis) for axis in self.axes)

    def _choose(self, n: int) -> list[Genes]:
        drawer = Drawer(self.problem, self.rng, self.seen, patience=0)
        found: list[Genes] = []
        vain, patience = 0, max(PATIENCE, self.problem.budget)
        while len(found) < n and self.next < self.end and vain < patience:
            batch = min(LARGEST_BATCH, n + vain)
            taken = self._take(n - len(found), batch, drawer)
            found += taken
            vain = 0 if taken else vain + batch
        self.is_exhausted = self.next >= self.end or len(found) < n
        if not self.seen:
            refuse(self.problem)
        return found

    def _take(self, n: int, batch: int, drawer: Drawer) -> list[Genes]:
        """At most `n` of the next `batch` points; `next` moves behind what was looked at."""
        after: dict[Genes, int] = {}  # point -> number of the point after it
        behind = self.next
        for genes, behind in islice(self._points(), batch):
            after.setdefault(self.problem.space.canonical(genes), behind)
        taken = drawer.take(list(after), n)
        self.next = after[taken[-1]] if len(taken) == n else behind
        return taken

    def _points(self) -> Iterator[tuple[Genes, int]]:
        """The points from `next` on, each with the number of the one after it."""
        digits = _digits(self.next, self.axes)
        is_last = False
        while not is_last:
            genes = tuple(axis[digit] for axis, digit in zip(self.axes, digits, strict=True))
            is_last = not self._advance(digits, genes)
            yield genes, self.end if is_last else _number(digits, self.axes)

    def _advance(self, digits: list[int], genes: Genes) -> bool:
        """Turn the digits to the next point; False when there is none."""
        for position in reversed(range(len(digits))):
            if not self.problem.space.is_active(position, genes):
                continue
            if digits[position] + 1 < len(self.axes[position]):
                digits[position] += 1
                return True
            digits[position] = 0
        return False

    def _own_state(self) -> dict[str, Any]:
        return {"next": self.next}

    def _restore_own(self, state: dict[str, Any], history: Sequence[Any]) -> None:
        self.next = state["next"]


def _digits(number: int, grid: Sequence[Axis]) -> list[int]:
    """The mixed-radix digits of a point's number."""
    found = []
    for axis in reversed(grid):
        number, digit = divmod(number, len(axis))
        found.append(digit)
    return found[::-1]


def _number(digits: Sequence[int], grid: Sequence[Axis]) -> int:
    number = 0
    for digit, axis in zip(digits, grid, strict=True):
        number = number * len(axis) + digit
    return number
