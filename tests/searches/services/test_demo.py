"""What a new installation finds: built-in content, this machine, and a small search."""

import pytest
from django.contrib.auth.models import User

from devices.models import DeviceProfile
from devices.profiles.builtin import analytic
from devices.profiles.kit.kit import Kit
from searches.models import DataSet, Run, Space
from searches.services import demo, runs
from searches.spaces.registry import FAMILIES
from tests.searches.rows import bare_run
from webnas.refusals import RefusedRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return User.objects.create_user("owner")


def n_presets():
    return sum(len(card.presets) for card in FAMILIES.values())


def test_the_first_start_adds_content_and_queues_the_demo(owner):
    run = demo.first_start(owner=owner)
    assert (run.name, run.status) == (demo.DEMO_NAME, Run.Status.QUEUED)
    kinds = DataSet.objects.filter(owner=None, status="ready").values_list("kind", flat=True)
    assert sorted(kinds) == ["features", "images"]
    assert Space.objects.filter(owner=None).count() == n_presets()
    assert DeviceProfile.objects.filter(owner=None, is_host=False).count() == len(analytic())


def test_later_starts_add_nothing(owner):
    demo.first_start(owner=owner)
    assert demo.first_start(owner=owner) is None
    assert Run.objects.count() == 1
    assert Space.objects.count() == n_presets()
    assert DataSet.objects.count() == 2


def test_a_demo_that_its_owner_deleted_does_not_come_back(owner):
    run = demo.first_start(owner=owner)
    runs.cancel_run(run=run)
    runs.delete_run(run=run)
    assert demo.first_start(owner=owner) is None
    assert not Run.objects.exists()


def test_who_has_runs_gets_no_demo_even_after_deleting_them(owner):
    bare_run(owner)
    assert demo.first_start(owner=owner) is None
    Run.objects.all().delete()
    assert demo.first_start(owner=owner) is None


def test_a_demo_that_could_not_be_queued_is_tried_again(owner, settings):
    settings.WEBNAS_QUOTA_BYTES = -1
    with pytest.raises(RefusedRequest):
        demo.first_start(owner=owner)
    settings.WEBNAS_QUOTA_BYTES = 2**30
    assert demo.first_start(owner=owner).name == demo.DEMO_NAME


def test_on_one_machine_the_demo_waits_for_its_measurement(owner, settings):
    settings.WEBNAS_ONE_MACHINE = True
    run = demo.first_start(owner=owner)
    host = DeviceProfile.objects.get(is_host=True)
    assert host.is_measuring
    assert run.pinned.get().device == host
    assert run.pinned.get().version is None


def test_every_block_of_the_small_space_is_measured(owner, settings):
    settings.WEBNAS_ONE_MACHINE = True
    run = demo.first_start(owner=owner)
    kit = Kit.from_json(DeviceProfile.objects.get(is_host=True).plan)
    from searches.runner import engine

    assert set(engine.space_of(run).operation_table()) <= set(kit.operations)
    assert {network.split for network in kit.networks} == {"calibrate", "holdout"}
