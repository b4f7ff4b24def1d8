"""What a run waits for while it cannot say so itself.

The measuring of a host has the machine alone: no worker may claim the run meanwhile, so its row
keeps the message of before. Its pins tell.
"""

from searches.models import Run
from searches.runner.measuring import Measuring, measuring_of


def measuring_for(run: Run) -> Measuring | None:
    """The measuring that the run waits for; reads nothing when its pins and devices are loaded."""
    if not run.is_active or run.stage != Run.Stage.PREPARE:
        return None
    unbound = (pin.device for pin in run.pinned.all() if pin.version_id is None)
    return next(filter(None, map(measuring_of, unbound)), None)


def message_of(run: Run) -> str:
    """The run's own message, unless it waits for a measuring."""
    measuring = measuring_for(run)
    return run.message if measuring is None else measuring.text
