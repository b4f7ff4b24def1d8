"""Spaces of slots: size, operations and exact bounds against plain enumeration."""

from itertools import product
from random import Random

import numpy as np
import pytest

from devices.profiles.operations import Operation
from searches.spaces.base import Gene, InvalidArchitecture
from searches.spaces.factors import Factor, FactorSpace, Slot, optimum


def linear(cin, cout):
    return Operation("linear", cin=cin, cout=cout)


class Chain(FactorSpace):
    """A width, an optional second layer with its own width, and a head that follows both."""

    family = "chain"
    genes = (
        Gene("width", (8, 16, 24)),
        Gene("depth", (1, 2)),
        Gene("second", (4, 12), "", 1, 1),
    )

    def _slots(self):
        first = np.array([linear(3, w) for w in (8, 16, 24)], object)
        second = np.full((3, 2, 2), None, object)
        head = np.full((3, 2, 2), None, object)
        for i, j, k in product(range(3), range(2), range(2)):
            width, other = (8, 16, 24)[i], (4, 12)[k]
            second[i, j, k] = linear(width, other) if j else None
            head[i, j, k] = linear(other if j else width, 10)
        return [Slot((0,), first), Slot((0, 1, 2), second), Slot((0, 1, 2), head)]

    def size_formula(self):
        return "3 × (1 + 2)"

    def to_json(self):
        return {"family": self.family}


SPACE = Chain()


def test_size_is_the_number_of_architectures_that_enumeration_finds():
    assert SPACE.size() == 9 == len(list(SPACE.enumerate()))


def test_operations_follow_the_genes_and_ignore_inactive_ones():
    assert SPACE.operations((1, 0, 0)) == (linear(3, 16), linear(16, 10))
    assert SPACE.operations((1, 0, 1)) == SPACE.operations((1, 0, 0))
    assert SPACE.operations((2, 1, 1)) == (linear(3, 24), linear(24, 12), linear(12, 10))


def test_description_names_active_genes_and_is_read_back():
    assert SPACE.describe((2, 0, 1)) == {"width": 24, "depth": 1}
    for genes in SPACE.enumerate():
        assert SPACE.parse(SPACE.describe(genes)) == genes
    with pytest.raises(InvalidArchitecture, match="second: 5 is none of 4, 12"):
        SPACE.parse({"width": 8, "depth": 2, "second": 5})
    with pytest.raises(InvalidArchitecture, match="“second” is missing"):
        SPACE.parse({"width": 8, "depth": 2})


class Repeated(Chain):
    """The same twice, the second time with the head as a list of operations and rows in it."""

    def _slots(self):
        first, second, head = super()._slots()
        listed = np.array(list(dict.fromkeys(head.operations.ravel())), object)
        find = np.vectorize(list(listed).index)
        other = Slot(head.genes, listed, find(head.operations))
        return [first, second, head, first, second, other]


def test_slots_may_be_repeated_and_list_their_operations():
    repeated = Repeated()
    assert repeated.operation_table() == SPACE.operation_table()
    for genes in SPACE.enumerate():
        assert repeated.operations(genes) == SPACE.operations(genes) * 2
    values = np.random.default_rng(0).normal(size=len(SPACE.operation_table()))
    once = SPACE.extreme(values, aggregate="sum", largest=True)
    assert repeated.extreme(values, aggregate="sum", largest=True)[0] == pytest.approx(2 * once[0])


def test_a_slot_whose_table_does_not_fit_its_genes_is_refused():
    wrong = Chain()
    wrong._slots = lambda: [Slot((0, 1), np.array([linear(3, 8)] * 3, object))]
    with pytest.raises(ValueError, match=r"\(3,\) ≠ \(3, 2\)"):
        wrong.operation_table()


@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("aggregate", ["sum", "max"])
@pytest.mark.parametrize("seed", range(5))
def test_extreme_is_the_best_of_all_architectures(aggregate, largest, seed):
    values = np.random.default_rng(seed).normal(size=len(SPACE.operation_table()))
    everything = list(SPACE.enumerate())
    rows = SPACE.operation_indices(np.array(everything))
    combine = np.sum if aggregate == "sum" else np.max
    costs = [combine(values[row[row >= 0]]) for row in rows]
    cost, genes = SPACE.extreme(values, aggregate=aggregate, largest=largest)
    assert cost == pytest.approx(max(costs) if largest else min(costs))
    assert costs[everything.index(genes)] == pytest.approx(cost)


@pytest.mark.parametrize("aggregate", ["sum", "max"])
def test_optimum_of_random_factor_graphs_equals_brute_force(aggregate):
    combine = sum if aggregate == "sum" else max
    for seed in range(20):
        rng = Random(seed)
        sizes = [rng.randint(1, 4) for _ in range(5)]
        tables = np.random.default_rng(seed)
        factors = []
        for _ in range(6):
            genes = tuple(sorted(rng.sample(range(5), rng.randint(1, 3))))
            factors.append(Factor(genes, tables.normal(size=[sizes[g] for g in genes])))
        costs = {
            point: combine(f.table[tuple(point[g] for g in f.genes)] for f in factors)
            for point in product(*map(range, sizes))
        }
        for largest, end in ((False, min), (True, max)):
            found, genes = optimum(factors, 5, aggregate=aggregate, largest=largest)
            assert found == pytest.approx(end(costs.values()))
            assert costs[genes] == pytest.approx(found)


def test_a_table_that_would_not_fit_is_refused_and_not_tried():
    pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    factors = [Factor(pair, np.zeros((400, 400))) for pair in pairs]
    with pytest.raises(ValueError, match="depend on each other"):
        optimum(factors, 4, aggregate="sum", largest=False)
