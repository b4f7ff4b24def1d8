"""The rows of a profile: the same operation, or the same block at another resolution."""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from devices.profiles.estimates import ANALYTIC, INTERPOLATED, LOOKED_UP, PREDICTED, Estimate
from devices.profiles.operations import Operation
from devices.profiles.profile import Entry, Profile
from devices.profiles.vocabulary import FIELDS

LEAST_SIGMA = 0.01  # no row is trusted to better than 1 %
INTERPOLATION_SIGMA = 0.04
EXTRAPOLATION_SIGMA = 0.10
FURTHEST = 1.3  # times the edge of the map beyond the measured sizes
ROW_PROVENANCE = {"measured": LOOKED_UP, "predicted": PREDICTED, "analytic": ANALYTIC}
ROW_SIGMA = {"measured": LEAST_SIGMA, "predicted": 0.10, "analytic": 0.60}  # at least
JOINT = "pool+classifier"
REST = attrgetter(*(name for name in FIELDS if name not in ("h", "w")))
LEAST_SHARE = 0.02  # of a row that is work, where a call takes nearly all of it

Config = tuple[Any, ...]
Point = tuple[float, float]  # output pixels, work in ms


class RowTable:
    """Looks operations up in the rows of one profile."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.overhead_ms = profile.overhead_ms or 0.0
        self._rows: dict[Operation, Entry] = {}
        for entry in profile.entries:
            self._rows.setdefault(entry.op, entry)
        self._sizes = self._by_config()
        self._parts: dict[Operation, Estimate] = {}
        self._parts = dict(self._parts_of_joint_rows())

    @property
    def has_entries(self) -> bool:
        return bool(self._rows)

    def normal(self, op: Operation) -> Operation:
        """The operation as the rows name it: batch and precision only where they differ."""
        runtime = self._profile.runtime
        if op.batch == runtime.batch or op.dtype == runtime.dtype:
            batch = None if op.batch == runtime.batch else op.batch
            return replace(op, batch=batch, dtype=None if op.dtype == runtime.dtype else op.dtype)
        return op

    def row(self, op: Operation) -> Entry | None:
        return self._rows.get(self.normal(op))

    def measured(self) -> list[Entry]:
        """The rows that were timed, each operation once."""
        return [entry for entry in self._rows.values() if self._source(entry) == "measured"]

    def exact(self, op: Operation) -> Estimate | None:
        """Step 1 of the chain: the row of this operation."""
        entry = self.row(op)
        if entry is None:
            return self._parts.get(self.normal(op))
        source = self._source(entry)
        shared = {"predicted": "rows of a predictor", "analytic": "roofline"}.get(source, "")
        return Estimate(entry.mean_ms, self._sigma(entry), ROW_PROVENANCE[source], shared)

    def other_resolution(self, op: Operation) -> Estimate | None:
        """Step 2: rows of the same block on larger and smaller maps, log-log in output pixels."""
        if op.h is None:
            return None
        points = self._sizes.get(_config(self.normal(op)))
        if not points:
            return None
        pixels = float(math.prod(op.output_size()))
        smallest, largest = points[0][0], points[-1][0]
        is_inside = smallest <= pixels <= largest
        if not is_inside and not smallest / FURTHEST**2 <= pixels <= largest * FURTHEST**2:
            return None
        sigma = INTERPOLATION_SIGMA if is_inside else EXTRAPOLATION_SIGMA
        work_ms = _along(points, pixels)
        return Estimate(self.overhead_ms + work_ms, sigma, INTERPOLATED, "interpolation")

    def _parts_of_joint_rows(self) -> Iterator[tuple[Operation, Estimate]]:
        """Pooling and classifier where a table timed both as one: their sum is the row.

        Each moves its data once and computes little, so the time is split by elements moved.
        """
        for entry in self._rows.values():
            if entry.op.tag != JOINT:
                continue
            whole = self.exact(entry.op)
            parts = entry.op.decompose()
            moved = [part.moved_elements() for part in parts]
            for part, share in zip(parts, moved, strict=True):
                if whole is not None and part not in self._rows:
                    ms = whole.latency_ms * share / sum(moved)
                    has_call = part is parts[-1]  # one of them pays for the one call
                    yield part, replace(whole, latency_ms=ms, has_call=has_call)

    def _source(self, entry: Entry) -> str:
        kind = entry.source or self._profile.provenance.kind
        return kind if kind in ROW_PROVENANCE else "measured"  # "mixed" leaves it to the rows

    def _sigma(self, entry: Entry) -> float:
        """Largest of the row's standard error, the profile's repeatability and the floor."""
        scatter = (entry.std_ms or 0.0) / math.sqrt(entry.runs or 1) / entry.mean_ms
        repeat = self._profile.provenance.repeat_rel or 0.0
        return max(scatter, repeat, ROW_SIGMA[self._source(entry)])

    def _by_config(self) -> dict[Config, list[Point]]:
        sizes: dict[Config, dict[float, float]] = defaultdict(dict)
        for entry in self.measured():
            if entry.op.h is not None:
                pixels = float(math.prod(entry.op.output_size()))
                sizes[_config(entry.op)][pixels] = _work_ms(entry.mean_ms, self.overhead_ms)
        return {config: sorted(points.items()) for config, points in sizes.items()}


def _config(op: Operation) -> Config:
    """The fields of the operation but its size, and the shape of its map."""
    h, w = op.input_size()
    return (*REST(op), round(w / h, 2))


def _work_ms(latency_ms: float, overhead_ms: float) -> float:
    """What is left without the call; a row near the cost of a call keeps a small share."""
    return max(latency_ms - overhead_ms, LEAST_SHARE * latency_ms)


def _along(points: Sequence[Point], pixels: float) -> float:
    """Work at this many pixels, on the line through the two nearest points, all in logarithms.

    Beyond the ends the line goes on; a single point gives work in proportion to the pixels.
    """
    if len(points) == 1:
        return points[0][1] * pixels / points[0][0]
    at = min(max(bisect_left(points, (pixels, 0.0)), 1), len(points) - 1)
    (x0, y0), (x1, y1) = points[at - 1], points[at]
    share = math.log(pixels / x0) / math.log(x1 / x0)
    return float(math.exp(math.log(y0) + share * math.log(y1 / y0)))
