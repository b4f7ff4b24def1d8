"""How far the measuring of a device is: what a run that waits for it tells."""

from dataclasses import dataclass

from devices.models import DeviceProfile


@dataclass(frozen=True)
class Measuring:
    """Blocks that are measured; `total` is 0 until the plan is begun."""

    done: int
    total: int

    @property
    def text(self) -> str:
        share = f" ({self.done:,} of {self.total:,} timings)" if self.total else ""
        return f"measuring this machine{share}"


def measuring_of(device: DeviceProfile) -> Measuring | None:
    """The measuring of the device; None when it waits for none."""
    if not device.is_measuring:
        return None
    return Measuring(device.progress.get("done", 0), device.progress.get("total", 0))
