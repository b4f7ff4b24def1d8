"""What a kit will be, before it is made: models, bytes, seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from devices.profiles.kit.contents import supported, weights_bytes
from devices.profiles.kit.files.timing import MAX_RUNS, MIN_PASSES, MIN_RUNS, PASS_NS, WARM_UPS
from devices.profiles.kit.kit import Kit
from devices.profiles.operations import Operation

# Rates that small networks reach, in multiply-accumulates per second: about 0.6 of the peak of a
# laptop's core; a core of a Raspberry Pi 4 (6 GFLOP/s in ncnn's own table).
LAPTOP_MACS, BOARD_MACS = 40e9, 3e9
LOADING_SECONDS = 0.05  # of one model on a laptop, mostly the optimiser of ONNX Runtime
USUAL_PASSES = 2 * MIN_PASSES
# Measured on kits of six spaces: what a block and a primitive of a network add to the zip and to
# the folder; the weights are one repeated tile, which all but vanishes in the zip.
ZIPPED_BYTES, PLAIN_BYTES, RUNNER_BYTES = 550, 1500, 22_000


@dataclass(frozen=True)
class Forecast:
    """Estimates; `left_out` are operations that the kit has no ONNX form of."""

    n_blocks: int
    n_networks: int
    left_out: int
    zip_bytes: int
    unpacked_bytes: int
    laptop_seconds: float
    board_seconds: float


def forecast(kit: Kit) -> Forecast:
    """Returns what to expect of a kit, on a laptop and on a small board."""
    blocks = supported(kit.operations)
    models = [[op] for op in blocks] + [list(network.operations) for network in kit.networks]
    n_parts = 3 + sum(len(operations) for operations in models)
    return Forecast(
        n_blocks=len(blocks),
        n_networks=len(kit.networks),
        left_out=len(kit.operations) - len(blocks),
        zip_bytes=RUNNER_BYTES + n_parts * ZIPPED_BYTES,
        unpacked_bytes=weights_bytes(kit) + n_parts * PLAIN_BYTES,
        laptop_seconds=_seconds(models, kit.batch, LAPTOP_MACS),
        board_seconds=_seconds(models, kit.batch, BOARD_MACS),
    )


def _seconds(models: Sequence[Sequence[Operation]], batch: int, macs_per_second: float) -> float:
    """Seconds of as many passes as a fairly quiet machine needs, and of loading."""
    seconds = 0.0
    for operations in models:
        call = batch * sum(op.macs() for op in operations) / macs_per_second
        runs = min(max(PASS_NS / 1e9 / max(call, 1e-9), MIN_RUNS), MAX_RUNS)
        seconds += USUAL_PASSES * (runs + WARM_UPS) * call
        seconds += LOADING_SECONDS * LAPTOP_MACS / macs_per_second
    return seconds
