"""A run that waits for its machine to be measured says so in the same words everywhere."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from devices.models import DeviceProfile
from searches.models import Run
from searches.services import runs, waiting
from searches.services.requests import RunRequest

from .conftest import drive

pytestmark = pytest.mark.django_db


@pytest.fixture
def host():
    """A machine that is being measured for the first time."""
    return DeviceProfile.objects.create(name="Host", is_host=True, due_at=timezone.now())


@pytest.fixture
def run(dataset, space, host):
    request = RunRequest(
        name="waits",
        dataset=dataset,
        space=space,
        devices=[host],
        objectives=[{"measure": "accuracy"}, {"measure": "latency", "device": host.pk}],
    )
    return runs.start_run(owner=User.objects.create_user("alice"), request=request)


@pytest.mark.parametrize(
    ("progress", "share"),
    [({}, ""), ({"done": 1200, "total": 3400}, " (1,200 of 3,400 timings)")],
)
def test_the_worker_writes_what_pages_tell(run, host, progress, share):
    DeviceProfile.objects.filter(pk=host.pk).update(progress=progress)
    told = waiting.message_of(Run.objects.get(pk=run.pk))
    drive(run, at_most=1)
    assert run.message == told == f"measuring this machine{share}"
    assert (run.stage, run.status) == (Run.Stage.PREPARE, Run.Status.RUNNING)
