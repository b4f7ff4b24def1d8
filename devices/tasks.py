"""Measuring this machine, in a worker that has it for itself meanwhile."""

import logging
import traceback

from celery import shared_task
from django.conf import settings
from django.db import transaction

from devices.models import DeviceProfile
from webnas.work.leases import Heartbeat, Lease, claim

logger = logging.getLogger(__name__)

# At most; it ends before when the times repeat. The first search waits for the first measurement.
FIRST_SECONDS, AGAIN_SECONDS = 60.0, 240.0


class NotWanted(Exception):
    """The worker is stopping, the lease is lost, or somebody cancelled it."""


@shared_task(name=DeviceProfile.task_name)
def measure_host(device_id: int) -> None:
    """One slice: the whole measurement, a few minutes at most."""
    lease = claim(DeviceProfile, device_id)
    if lease is None:
        return
    if lease.attempts > settings.WEBNAS_TRIAL_ATTEMPTS:
        lease.release(due_at=None, progress={}, error="Its worker was lost again and again.")
        return
    try:
        with Heartbeat(lease, is_wanted=lambda: _is_wanted(lease)) as heartbeat:
            _measure(lease, heartbeat)
    except NotWanted:
        lease.release(progress={})  # unless cancelled still due: the next worker starts afresh
    except Exception:  # a machine that cannot be measured must not stop the workers
        logger.exception("This machine could not be measured")
        lease.release(due_at=None, progress={}, error=traceback.format_exc())


def _is_wanted(lease: Lease) -> bool:
    return DeviceProfile.objects.filter(pk=lease.pk).exclude(due_at=None).exists()


def _measure(lease: Lease, heartbeat: Heartbeat) -> None:
    from devices.profiles.kit.kit import Kit
    from devices.profiles.measure import measure_host as measured
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
    seconds = FIRST_SECONDS if device.latest() is None else AGAIN_SECONDS
    profile = measured(Kit.from_json(device.plan), seconds=seconds, progress=progress)
    version = version_of(profile)
    with transaction.atomic():
        is_wanted = _is_wanted(lease)  # or cancelled at the last moment
        if lease.release(due_at=None, progress={}, error="") and is_wanted:
            append(device, version)
