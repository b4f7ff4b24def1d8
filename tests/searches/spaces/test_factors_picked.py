"""Rows of many architectures at once are those of each alone."""

import numpy as np
import pytest

from searches.spaces import factors
from searches.spaces.factors import Factor, picked

rng = np.random.default_rng(0)
SHARED = Factor((0, 2), rng.integers(-1, 9, (3, 4)))
FACTORS = (Factor((1,), np.arange(5)), SHARED, Factor((), np.array(7)), SHARED)
GENES = np.stack([rng.integers(n, size=50) for n in (3, 5, 4)], axis=1)


@pytest.mark.parametrize("chunk", [7, 4096])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_picked_rows_equal_plain_indexing(monkeypatch, chunk, dtype):
    monkeypatch.setattr(factors, "CHUNK", chunk)
    plain = [[f.table[tuple(row[g] for g in f.genes)] for f in FACTORS] for row in GENES]

    assert picked(FACTORS, GENES.astype(dtype)).tolist() == plain


@pytest.mark.parametrize("wrong", [[3, 0, 0], [0, 5, 0], [0, 0, -1]])
def test_an_option_that_does_not_exist_is_refused(wrong):
    with pytest.raises(IndexError, match="options"):
        picked(FACTORS, np.array([wrong]))
