"""Which operations of a list a profile knows, and how the others are filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devices.profiles import latency
from devices.profiles.estimates import ANALYTIC, INTERPOLATED, LOOKED_UP, MISSING, PREDICTED
from devices.profiles.latency import LatencyChain
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile


@dataclass(frozen=True, slots=True)
class Coverage:
    """Number of operations by where their latency comes from; those without are listed.

    `codes` has one provenance per operation (an index into PROVENANCES, -1 for none), `sigma` its
    uncertainty, both in the order asked for: a heat map is drawn from them.
    """

    total: int
    looked_up: int
    interpolated: int
    predicted: int
    analytic: int
    missing: list[Operation]
    codes: list[int]
    sigma: list[float | None]


def coverage(
    profile: Profile, operations: Sequence[Operation], fits: Mapping[str, Any] | None = None
) -> Coverage:
    """Returns how the profile covers the operations; `fits` as in CostModel."""
    chain = LatencyChain(profile, fits if fits is not None else latency.fit(profile))
    estimates = chain.estimates(operations)
    codes = [MISSING if estimate is None else estimate.provenance for estimate in estimates]
    pairs = zip(operations, estimates, strict=True)
    return Coverage(
        total=len(operations),
        looked_up=codes.count(LOOKED_UP),
        interpolated=codes.count(INTERPOLATED),
        predicted=codes.count(PREDICTED),
        analytic=codes.count(ANALYTIC),
        missing=[op for op, estimate in pairs if estimate is None],
        codes=codes,
        sigma=[None if estimate is None else estimate.sigma for estimate in estimates],
    )
