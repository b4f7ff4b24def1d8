"""J. Mellor et al., "Neural Architecture Search without Training", first version of 2020
(2006.04647v1): the score by the Jacobian, before that by activations.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searches.evaluators.zero_cost.probe import Probe, gradients

SMALL = 1e-5  # k of the paper


def jacob_cov(probe: Probe) -> float:
    """Minus the sum of ln(v + k) + 1 / (v + k) over the eigenvalues v of the correlations.

    A correlation matrix is symmetric and has no negative eigenvalues; where the reference code
    takes a general solver, this takes the symmetric one and cuts off rounding below 0.
    """
    rows = jacobian(probe)
    if not np.isfinite(rows).all() or (np.ptp(rows, axis=1) == 0).any():
        return np.nan  # a sample that the outputs do not react to correlates with nothing
    values = np.linalg.eigvalsh(np.corrcoef(rows)).clip(min=0) + SMALL
    return float(-(np.log(values) + 1 / values).sum())


def jacobian(probe: Probe) -> npt.NDArray[np.float64]:
    """[B, inputs]: the gradient of the sum of all logits by each sample."""
    inputs = probe.inputs.clone().requires_grad_()
    (found,) = gradients(probe.network(inputs).sum(), [inputs])
    return found.flatten(1).double().numpy()
