"""A device that exists only here: its hidden times are known, so predictions can be checked.

Roofline with different rates for dense and depthwise layers, a launch per primitive, a staircase
in the output channels, a price for every block border, and seeded noise.
"""

import math
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from devices.profiles.operations import Operation
from devices.profiles.profile import Device, Entry, Profile, Provenance, Runtime

CALL_MS = 0.005


@dataclass
class SimulatedDevice:
    """Times operations; `noise` is the relative standard deviation of one timing."""

    noise: float = 0.01
    seed: int = 0
    border_ms: float = 0.0  # what a network pays between two blocks and a lone block does not
    peak: float = 20e9
    bandwidth: float = 8e9

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)

    def true_ms(self, op: Operation) -> float:
        """The time of the operation alone, without noise."""
        return CALL_MS + sum(self._primitive_ms(part) for part in op.decompose())

    def network_ms(self, operations) -> float:
        alone = sum(self.true_ms(op) for op in operations)
        n_borders = len(operations) - 1
        return alone + n_borders * (self.border_ms - CALL_MS)

    def timed_ms(self, op: Operation) -> float:
        return self.true_ms(op) * math.exp(self.rng.normal(0, self.noise))

    def profile(self, operations, **changes) -> Profile:
        """The profile that the kit would write for these operations."""
        rows = [self.timed_ms(op) for op in operations]
        entries = [
            Entry(op=op, mean_ms=ms, std_ms=self.noise * ms, runs=6, source="measured")
            for op, ms in zip(operations, rows, strict=True)
        ]
        profile = Profile(
            name="Simulated",
            device=Device(kind="cpu"),
            runtime=Runtime(engine="simulated", dtype="fp32", batch=1, threads=1),
            provenance=Provenance(kind="measured", repeat_rel=self.noise),
            entries=tuple(entries),
            overhead_ms=CALL_MS,
        )
        return replace(profile, **changes)

    def _primitive_ms(self, part: Operation) -> float:
        steps = math.ceil(part.channels_out() / 8) * 8 / part.channels_out()  # staircase
        rate = self.peak * (0.15 if part.type == "dwconv" else 0.6)
        arithmetic = 2 * part.macs() * steps / rate
        memory = 4 * part.moved_elements() / self.bandwidth
        return 1e3 * max(arithmetic, memory) + 0.0008


def blocks(resolutions=(14, 16, 20, 24, 28, 32)) -> list[Operation]:
    """Inverted bottlenecks of a small space: four widths, three kernels, three expansions."""
    found = []
    for h, (cin, cout, s), k, expand in product(
        resolutions,
        [(16, 24, 2), (24, 24, 1), (24, 40, 2), (40, 40, 1)],
        (3, 5, 7),
        (3, 4, 6),
    ):
        found.append(
            Operation(
                "mbconv",
                h=h if cin == 16 else (h - 1) // 2 + 1,
                cin=cin,
                cout=cout,
                mid=cin * expand,
                k=k,
                s=s,
                act="relu" if cout == 24 else "hswish",
                se=cout == 40,
                skip=s == 1 and cin == cout,
            )
        )
    return list(dict.fromkeys(found))


def stems(resolutions=(14, 16, 20, 24, 28, 32)) -> list[Operation]:
    return [Operation("conv", h=h, cin=3, cout=16, k=3, act="hswish") for h in resolutions]


def networks(operations, n_networks: int, seed: int = 0, depth: int = 12) -> np.ndarray:
    """Rows of operations, 12 at most in each, as indices with -1 where one is absent."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(operations), size=(n_networks, depth))
    rows[rng.random(rows.shape) < 0.2] = -1
    rows[:, 0] = rng.integers(len(operations), size=n_networks)
    return rows
