"""What a device cannot exceed: its facts as upper bounds of the costs."""

from dataclasses import dataclass

from devices.profiles.profile import Device


@dataclass(frozen=True, slots=True)
class UpperBound:
    """A cost and the most that the device has of it, with the sentence that people read."""

    measure: str
    at_most: float
    reason: str


def upper_bounds(device: Device) -> tuple[UpperBound, ...]:
    """Returns the bounds from the device's memory and storage; unknown facts give none.

    The network is never alone on a device, so these are necessary, not sufficient.
    """
    name = device.model or "the device"
    bounds = []
    if device.storage_bytes is not None:
        reason = f"{name} stores {device.storage_bytes:,} bytes"
        bounds.append(UpperBound("storage", float(device.storage_bytes), reason))
    if device.memory_bytes is not None:
        reason = f"{name} has {device.memory_bytes:,} bytes of memory"
        bounds.append(UpperBound("peak_memory", float(device.memory_bytes), reason))
    return tuple(bounds)
