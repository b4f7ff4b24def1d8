"""The profile of this machine: the kit, run in this process.

The only module of the web side that leads to ONNX Runtime; import it inside a task.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from devices.profiles.kit.contents import files_of
from devices.profiles.kit.files import run
from devices.profiles.kit.files.kits import Kit as Source
from devices.profiles.kit.files.kits import open_kit
from devices.profiles.kit.kit import Kit
from devices.profiles.profile import Profile


def measure_host(
    kit: Kit,
    *,
    seconds: float,
    progress: Callable[[int, int], None] | None = None,
) -> Profile:
    """Returns the measured profile of this machine, one thread of ONNX Runtime.

    Nothing else that computes should run meanwhile: the clock counts only our own thread, but a
    busy neighbour still takes cache and bandwidth. How far two halves of the measurement differ
    is in `provenance.repeat_rel`, the load before in `provenance.host_load`; both widen or
    explain the intervals.

    Args:
        kit: what shall be timed, as chosen by `kit.plan.plan`.
        seconds: cap on the wall time; it ends before when the times repeat.
        progress: called with (steps done, steps in all); the last call has both equal.
    """
    last = 0

    def remember(done: int, total: int) -> None:
        nonlocal last
        last = total
        if progress:
            progress(done, total)

    with TemporaryDirectory(prefix="webnas-kit-") as name:
        source = _written(kit, Path(name))
        document, _ = run.run_kit(source, threads=1, seconds=seconds, progress=remember)
    if progress:
        progress(last, last)
    return _named(Profile.from_dict(document))


def _written(kit: Kit, folder: Path) -> Source:
    """The kit as files, as it is on every other machine."""
    for name, data in files_of(kit):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return open_kit(folder)


def _named(profile: Profile) -> Profile:
    """The profile under a name that says what it is."""
    threads = profile.runtime.threads
    name = f"This machine: {profile.device.model}, {threads} thread{'s' * (threads != 1)}"
    return replace(profile, name=name[:120])
