"""What a run waits for while it cannot say so itself.

The measuring of a host has the machine alone: no worker may claim the run meanwhile, so its row
keeps the message of before. Its pins tell.
"""

from dataclasses import dataclass

from searches.models import Run


@dataclass(frozen=True)
class Measuring:
    """How far the measuring of this machine is; `total` is 0 until its plan is begun."""

    done: int
    total: int

    @property
    def text(self) -> str:
        share = f" ({self.done:,} of {self.total:,} blocks)" if self.total else ""
        return f"measuring this machine{share}"


def measuring_for(run: Run) -> Measuring | None:
    """The measuring that the run waits for; reads nothing when its pins and devices are loaded."""
    if not run.is_active or run.stage != Run.Stage.PREPARE:
        return None
    for pin in run.pinned.all():
        if pin.version_id is None and pin.device.is_measuring:
            progress = pin.device.progress
            return Measuring(progress.get("done", 0), progress.get("total", 0))
    return None


def message_of(run: Run) -> str:
    """The run's own message, unless it waits for a measuring."""
    measuring = measuring_for(run)
    return run.message if measuring is None else measuring.text
