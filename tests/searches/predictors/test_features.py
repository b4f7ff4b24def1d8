"""Columns are 1 for what is chosen and matters, and 0 for what changes nothing."""

from random import Random

import numpy as np
import pytest

from searches.predictors.features import encoding_of
from searches.spaces import registry
from tests.searches.strategies.playing import FLAT, FULL, TINY

CELLS = registry.load(registry.FAMILIES["cells"].presets["nas_bench_201"])


def drawn(space, n=60):
    rng = Random(1)
    return [space.sample(rng) for _ in range(n)]


def test_columns_name_the_chosen_options():
    found = encoding_of(FLAT).features([(0, 1, 2, 3, 4, 4)])
    assert found.one_hot.reshape(6, 5).argmax(axis=1).tolist() == [0, 1, 2, 3, 4, 4]
    assert found.one_hot.sum() == 6


def test_equal_options_are_counted_over_all_genes():
    found = encoding_of(FLAT).features([(0, 1, 1, 3, 4, 4), (2,) * 6])
    assert found.counts.tolist() == [[1, 2, 0, 1, 2], [0, 0, 6, 0, 0]]


@pytest.mark.parametrize("space", [TINY, FULL], ids=["tiny", "full"])
def test_genes_that_a_controller_turns_off_have_no_column(space):
    genes = drawn(space)
    active = encoding_of(space).active(np.array(genes))
    for row, found in zip(genes, active, strict=True):
        off = [i for i in range(len(row)) if not space.is_active(i, row)]
        assert not found[off].any()
    assert active.any(axis=0).all()


@pytest.mark.parametrize("space", [CELLS, TINY], ids=["cells", "tiny"])
def test_a_gene_matters_if_and_only_if_another_option_changes_an_operation(space):
    genes = drawn(space, 15)
    for row, found in zip(genes, encoding_of(space).active(np.array(genes)), strict=True):
        for position, gene in enumerate(space.genes):
            others = [
                space.canonical((*row[:position], option, *row[position + 1 :]))
                for option in range(len(gene.options))
            ]
            operations = space.operation_indices(np.array([row, *others]))
            assert found[position] == (operations != operations[0]).any()


def test_edges_of_a_cell_that_lead_nowhere_are_no_features():
    # Only the edge from the first node to the last is there: what leads to node 1 is lost.
    ends_at_first = (3, 0, 0, 1, 0, 0)
    ends_at_last = (1, 0, 0, 1, 0, 0)
    found = encoding_of(CELLS).features([ends_at_first, ends_at_last])
    assert (found.one_hot[0] == found.one_hot[1]).all()
