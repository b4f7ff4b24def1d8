"""Options of a space with which no architecture is within the limits.

An option goes when the least cost of any architecture that has it is above one of the limits. For
latency, energy and storage that least is exact, as it is for the activations of a device that
keeps its weights in flash; where peak memory is activations plus weights, the sum of both leasts
is a bound. So no architecture within the limits is ever lost, but several limits together may
leave options that only one of them would have ruled out.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from devices.profiles.cost_table import CostTable
from searches.spaces.base import Aggregate, SearchSpace
from searches.spaces.factors import plain
from searches.spaces.marginals import Allowed, costs_of, option_costs
from searches.spaces.restriction import Restricted, factors_of

Floats = npt.NDArray[np.float64]
ROUNDS = 20  # until no limit rules out more; each round but the last removes something
TOLERANCE = 1e-9  # relative: sums in another order


def pruned(space: SearchSpace, table: CostTable, limits: Mapping[str, float]) -> SearchSpace:
    """The space without the options that a limit rules out; the space itself if there are none.

    Args:
        space: of a family with slots; any other stays as it is.
        table: of its operations.
        limits: the most of each measure, in its unit.

    Raises:
        InvalidSpace: a limit rules out all architectures.
    """
    if not factors_of(space):
        return space
    allowed: Allowed = [list(range(len(gene.options))) for gene in space.genes]
    for _ in range(ROUNDS):
        before = allowed
        for measure, at_most in limits.items():
            costs = least_costs(space, table, measure, allowed)
            most = at_most * (1 + TOLERANCE)
            allowed = [
                [option for option in options if cost[option] <= most]
                for options, cost in zip(allowed, costs, strict=True)
            ]
        if allowed == before:
            break
    return _without(space, allowed)


def _without(space: SearchSpace, allowed: Allowed) -> SearchSpace:
    only = {
        gene.name: [plain(gene.options[option]) for option in options]
        for gene, options in zip(space.genes, allowed, strict=True)
        # A gene without an option that can be reached is never active: its controller sees to it.
        if len(options) < len(gene.options) and (options or gene.controller is None)
    }
    return Restricted(space, only) if only else space


def least_costs(
    space: SearchSpace, table: CostTable, measure: str, allowed: Allowed
) -> Sequence[Floats]:
    """Per gene [n_options]: what an architecture with this option costs at least."""
    parts, constant = parts_of(table, measure)
    found = [np.full(len(gene.options), constant) for gene in space.genes]
    for values, aggregate in parts:
        factors = costs_of(factors_of(space), values, aggregate=aggregate)
        costs = option_costs(space.genes, factors, allowed, aggregate=aggregate)
        found = [total + cost for total, cost in zip(found, costs, strict=True)]
    return found


def parts_of(table: CostTable, measure: str) -> tuple[list[tuple[Floats, Aggregate]], float]:
    """What a cost is made of: values of operations and how they combine, and a constant."""
    if measure != "peak_memory":
        values, constant = table.slot_costs(measure)
        return [(np.asarray(values, np.float64), "sum")], constant
    parts: list[tuple[Floats, Aggregate]] = [(np.asarray(table.peak_bytes, np.float64), "max")]
    if table.weights_in_memory:
        parts.append((np.asarray(table.weight_bytes, np.float64), "sum"))
    return parts, 0.0
