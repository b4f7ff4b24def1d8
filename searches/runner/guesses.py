"""Whether a limit rests on what was measured, or on guesses. Free of torch: services ask it."""

from dataclasses import dataclass
from random import Random

import numpy as np

from devices.profiles.estimates import (
    ANALYTIC,
    INTERPOLATED,
    LOOKED_UP,
    MEASURED,
    PREDICTED,
)
from searches.objectives.measures import COSTS
from searches.runner.costing import Costing

SAMPLED = 256  # random architectures, the same at every call
MOST_GUESSED = 0.5  # share of the time of a network
# Whole networks that make guesses trustworthy, and how far predictions may be off on average.
FEWEST_NETWORKS = 3
MOST_OFF = 0.15


@dataclass(frozen=True)
class Grounds:
    """What the latency of a space's networks rests on, on one device.

    Attributes:
        measured, interpolated, regressed, analytic: mean shares of the time of random networks.
        interval: mean half width of the 90 % interval, relative to the latency.
        n_networks: whole networks that the profile was calibrated on.
        mape: mean error on networks that were held out, None where none was.
    """

    measured: float
    interpolated: float
    regressed: float
    analytic: float
    interval: float
    n_networks: int
    mape: float | None

    @property
    def guessed(self) -> float:
        return self.regressed + self.analytic

    @property
    def is_checked(self) -> bool:
        """Whether whole networks have shown that the predictions hold."""
        if self.mape is not None:
            return self.mape <= MOST_OFF
        return self.n_networks >= FEWEST_NETWORKS

    @property
    def is_guess(self) -> bool:
        return self.guessed > MOST_GUESSED and not self.is_checked


def grounds(costing: Costing, device: int) -> Grounds | None:
    """What latencies rest on, None where the profile gives none."""
    if not costing.knows("latency", device):
        return None
    rng = Random(0)
    costs = costing.costs([costing.space.sample(rng) for _ in range(SAMPLED)], device)
    shares = costs.shares.mean(axis=0)
    fits = costing.versions[device].fits
    half = (costs.latency_high_ms - costs.latency_low_ms) / (2 * costs.latency_ms)
    return Grounds(
        measured=float(shares[MEASURED] + shares[LOOKED_UP]),
        interpolated=float(shares[INTERPOLATED]),
        regressed=float(shares[PREDICTED]),
        analytic=float(shares[ANALYTIC]),
        interval=float(np.mean(half)),
        n_networks=(fits.get("calibration") or {}).get("n_networks", 0),
        mape=(fits.get("judgement") or {}).get("mape"),
    )


def objection(costing: Costing, measure: str, device: int, name: str) -> str:
    """Why no hard limit should rest on a cost of this device; empty when one may."""
    found = grounds(costing, device)
    if found is None or not COSTS[measure].needs_device or not found.is_guess:
        return ""
    parts = {
        "measured rows": found.measured,
        "interpolation between them": found.interpolated,
        "regression": found.regressed,
        "the data sheet": found.analytic,
    }
    listed = ", ".join(f"{100 * share:.0f} % from {source}" for source, share in parts.items())
    off = "no whole network was timed"
    if found.mape is not None:
        off = f"on held-out networks it was off by {100 * found.mape:.0f} % on average"
    elif found.n_networks:
        off = f"only {found.n_networks} whole networks were timed"
    return (
        f"A limit on {COSTS[measure].label.lower()} on “{name}” would rest on guesses: of the "
        f"time of a typical network {listed}, and {off}. Measure more, post what a network "
        "really takes, or say that guesses are accepted (accept_guesses)."
    )
