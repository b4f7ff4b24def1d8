"""CostModel: what architectures cost on a device, with provenance and interval."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from devices.profiles import fitting, pricing
from devices.profiles.calibration import Calibration
from devices.profiles.cost_table import UNCALIBRATED, CostTable
from devices.profiles.latency import LatencyChain
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile, Runtime

PLAIN: Final = Runtime(engine="none", dtype="fp32", batch=1, threads=1)  # without a device


class CostModel:
    """Costs of operations on one device, or the costs that need none.

    Args:
        profile: the device; None gives storage, peak memory, MACs and parameters in fp32 alone.
        fits: what `fit` learnt from the profile; without it that is done anew.
        allow_analytic: a latency mostly from the data sheet is wanted; that of an analytic
            profile always is.
    """

    def __init__(
        self,
        profile: Profile | None,
        *,
        fits: Mapping[str, Any] | None = None,
        allow_analytic: bool = False,
    ) -> None:
        self._profile = profile
        is_analytic = profile is not None and profile.provenance.kind == "analytic"
        self._allow_analytic = allow_analytic or is_analytic
        if profile is not None:
            found = fits if fits is not None else self.fit(profile)
            self._chain = LatencyChain(profile, found)
            line = found.get("calibration")  # profiles stored before have none
            self._calibration = Calibration.from_json(line) if line else UNCALIBRATED

    @staticmethod
    def fit(profile: Profile) -> dict[str, Any]:
        """Returns what is learnt from a profile as JSON, to be stored beside the version."""
        return fitting.fit(profile)

    def table(self, operations: Sequence[Operation]) -> CostTable:
        """Returns the costs of each operation, in the order given."""
        if self._profile is None:
            return pricing.without_device(operations, PLAIN)
        table = pricing.on_device(operations, self._profile, self._chain, self._calibration)
        return replace(table, allow_analytic=self._allow_analytic)
