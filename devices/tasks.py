"""Measuring this machine, in a worker that has it for itself meanwhile."""

import logging
import traceback
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction

from devices.models import DeviceProfile
from webnas.work.leases import Heartbeat, Lease, claim

logger = logging.getLogger(__name__)


class NotWanted(Exception):
    """The worker is stopping, or the lease is lost: measure again later."""


@shared_task(name=DeviceProfile.task_name)
def measure_host(device_id: int) -> None:
    """One slice: the whole measurement, which is shorter than a minute."""
    lease = claim(DeviceProfile, device_id)
    if lease is None:
        return
    if lease.attempts > settings.WEBNAS_TRIAL_ATTEMPTS:
        lease.release(due_at=None, progress={}, error="Its worker was lost again and again.")
        return
    try:
        with Heartbeat(lease) as heartbeat:
            _measure(lease, heartbeat)
    except NotWanted:
        lease.release(progress={})  # still due: the next worker starts afresh
    except Exception:  # a machine that cannot be measured must not stop the workers
        logger.exception("This machine could not be measured")
        lease.release(due_at=None, progress={}, error=traceback.format_exc())


def _measure(lease: Lease, heartbeat: Heartbeat) -> None:
    from devices.profiles.measure import measure_host as measured
    from devices.profiles.operations import Operation
    from devices.versions import append, version_of

    shown = -1

    def progress(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(total, 1)
        if percent != shown:
            shown = percent
            lease.write(progress={"done": done, "total": total})
        if not heartbeat.tick():
            raise NotWanted

    device = DeviceProfile.objects.get(pk=lease.pk)
    plan: list[dict[str, Any]] = device.plan
    profile = measured([Operation.from_dict(item) for item in plan], progress=progress)
    version = version_of(profile)
    with transaction.atomic():
        if lease.release(due_at=None, progress={}, error=""):
            append(device, version)
