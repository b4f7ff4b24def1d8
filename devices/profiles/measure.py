"""The profile of this machine: the kit, run in this process.

The only module of the web side that leads to ONNX Runtime; import it inside a task.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from devices.profiles.kit.contents import contents
from devices.profiles.kit.files import run
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile

MOST_SECONDS = 60.0


def measure_host(
    operations: Sequence[Operation],
    *,
    seconds: float = MOST_SECONDS,
    progress: Callable[[int, int], None] | None = None,
) -> Profile:
    """Returns the measured profile of this machine, one thread of ONNX Runtime.

    Nothing else that computes should run meanwhile: the clock counts only our own thread, but a
    busy neighbour still takes cache and bandwidth. How far two halves of the measurement differ
    is in `provenance.repeat_rel`, the load before in `provenance.host_load`; both widen or
    explain the intervals.

    Args:
        operations: what shall be timed, as chosen by `kit.plan.plan`.
        seconds: cap on the wall time, at most 60; it ends before when the times repeat.
        progress: called with (steps done, steps in all); the last call has both equal.
    """
    manifest, models = contents(operations)
    cap = min(seconds, MOST_SECONDS)
    last = 0

    def remember(done: int, total: int) -> None:
        nonlocal last
        last = total
        if progress:
            progress(done, total)

    document, _ = run.run_kit(manifest, models, threads=1, seconds=cap, progress=remember)
    if progress:
        progress(last, last)
    return _named(Profile.from_dict(document))


def _named(profile: Profile) -> Profile:
    """The profile under a name that says what it is."""
    threads = profile.runtime.threads
    name = f"This machine: {profile.device.model}, {threads} thread{'s' * (threads != 1)}"
    return replace(profile, name=name[:120])
