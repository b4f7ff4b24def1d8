"""What is done with devices: stored whole or not at all."""

import json

import pytest
from django.utils import timezone

from devices import services, tasks
from devices.models import DeviceProfile, ProfileVersion
from devices.profiles.builtin import analytic
from devices.profiles.kit.kit import Kit
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.work import leases, shutdown
from webnas.work.files import stored

BLOCK = Operation(type="conv", h=8, cin=3, cout=8, k=3)


@pytest.fixture
def one_machine(settings, monkeypatch):
    """An installation on one machine, whose messages go nowhere."""
    settings.WEBNAS_ONE_MACHINE = True
    monkeypatch.setattr("webnas.work.leases.current_app.send_task", lambda *a, **k: None)


@pytest.fixture
def host(db, one_machine):
    return services.measure_host(kit=Kit((BLOCK,)))


@pytest.fixture
def measured(monkeypatch, document):
    """What the measuring of this machine does in these tests."""

    def use(act):
        monkeypatch.setattr("devices.profiles.measure.measure_host", act)

    profile = Profile.from_dict(document)

    def quick(kit, *, seconds, progress):
        progress(0, 2)
        progress(2, 2)
        return profile

    use(quick)
    return use


def test_what_comes_with_webnas_is_added_once(db):
    services.add_builtin()
    before = list(ProfileVersion.objects.values_list("pk", "content_sha256"))
    services.add_builtin()
    assert list(ProfileVersion.objects.values_list("pk", "content_sha256")) == before
    assert len(before) == len(analytic())
    assert all(version.provenance == "analytic" for version in ProfileVersion.objects.all())


def test_a_changed_built_in_profile_gets_a_version(builtin):
    ProfileVersion.objects.filter(device=builtin).update(content_sha256="other")
    services.add_builtin()
    assert builtin.latest().number == 2


def test_a_version_that_cannot_be_stored_leaves_no_file(alice, document, monkeypatch):
    def broken(device, version):
        raise OSError("no space")

    monkeypatch.setattr("devices.versions.append", broken)
    with pytest.raises(OSError, match="no space"):
        services.import_profile(
            owner=alice, data=json.dumps(document).encode(), filename="p.json", answers={}
        )
    assert list(stored()) == []
    assert not DeviceProfile.objects.exists()


def brought(owner, document, **changes):
    """The report of an upload."""
    data = json.dumps(document | changes).encode()
    version = services.import_profile(owner=owner, data=data, filename="p.json", answers={})
    return [problem["text"] for problem in version.report]


COPIED = "4 rows equal those of 'My board': copied from another device?"


def test_rows_of_another_own_device_are_told(alice, document, device):
    assert device.latest().report == []
    assert brought(alice, document, name="Another board") == [COPIED]


def test_rows_of_a_device_that_comes_with_webnas_are_told(alice, bob, document, device):
    DeviceProfile.objects.filter(pk=device.pk).update(owner=None)
    assert brought(bob, document, name="Another board") == [COPIED]


def test_devices_of_others_are_not_looked_at(bob, document, device):
    assert brought(bob, document) == []


def test_only_the_newest_version_of_another_device_is_compared(alice, document, device):
    slower = [row | {"mean_ms": 1.5 * row["mean_ms"]} for row in document["entries"]]
    data = json.dumps(document | {"entries": slower}).encode()
    services.new_version(device=device, data=data, filename="p.json", answers={})
    assert brought(alice, document, name="Another board") == []


def test_a_version_is_not_compared_with_those_before_it(alice, document, device):
    rows = document["entries"]
    changed = [rows[0] | {"mean_ms": 0.41}, *rows[1:]]
    data = json.dumps(document | {"entries": changed}).encode()
    version = services.new_version(device=device, data=data, filename="p.json", answers={})
    assert version.report == []
    assert brought(alice, document, name="Another board") == [COPIED.replace("4", "3")]


@pytest.mark.parametrize("bound", ["COMPARED_AT_MOST", "ROWS_COMPARED_AT_MOST"])
def test_of_very_many_devices_the_newest_are_compared(alice, document, device, monkeypatch, bound):
    monkeypatch.setattr(f"devices.versions.{bound}", 1)
    rows = [row | {"mean_ms": 2 * row["mean_ms"]} for row in document["entries"]]
    assert brought(alice, document, name="Newer", entries=rows) == []
    assert brought(alice, document, name="Another board") == []
    assert COPIED.replace("My board", "Another board") in brought(alice, document, name="Last")


@pytest.mark.parametrize("name", [" ", "x" * 121])
def test_a_name_has_1_to_120_characters(alice, document, name):
    data = json.dumps(document).encode()
    with pytest.raises(RefusedRequest) as refusal:
        services.import_profile(owner=alice, data=data, filename="p", answers={}, name=name)
    assert "name" in refusal.value.errors


def test_a_device_in_use_is_kept(alice, device):
    from searches.models import DataSet, PinnedProfile, Run, Space

    data = DataSet.objects.create(owner=alice, name="d", source="npz")
    space = Space.objects.create(owner=alice, name="s", family="f", definition={}, size="1")
    run = Run.objects.create(
        owner=alice, name="my run", dataset=data, space=space, objectives=[], budget=1, batch=1
    )
    PinnedProfile.objects.create(run=run, device=device, version=device.latest(), position=0)
    with pytest.raises(ConflictingRequest, match="my run"):
        services.delete_device(device=device)
    assert DeviceProfile.objects.filter(pk=device.pk).exists()


def test_this_machine_is_queued_once(host):
    again = services.measure_host(kit=Kit((BLOCK, BLOCK)))
    assert again.pk == host.pk
    assert again.is_measuring
    assert len(again.plan["operations"]) == 1


def test_a_cluster_has_no_machine_of_its_own(db, settings):
    settings.WEBNAS_ONE_MACHINE = False
    with pytest.raises(ConflictingRequest):
        services.measure_host(kit=Kit((BLOCK,)))


def test_measuring_makes_a_version(host, measured):
    tasks.measure_host(host.pk)
    host.refresh_from_db()
    assert not host.is_measuring
    assert host.error == ""
    assert host.latest().number == 1
    assert host.latest().fits


def test_progress_is_shown_meanwhile(host, measured, document):
    seen = []

    def looked_at(kit, *, seconds, progress):
        progress(1, 4)
        seen.append(DeviceProfile.objects.get(pk=host.pk).progress)
        return Profile.from_dict(document)

    measured(looked_at)
    tasks.measure_host(host.pk)
    assert seen == [{"done": 1, "total": 4}]


def test_a_failed_measurement_says_why(host, measured):
    def broken(kit, *, seconds, progress):
        raise RuntimeError("no clock")

    measured(broken)
    tasks.measure_host(host.pk)
    host.refresh_from_db()
    assert "RuntimeError: no clock" in host.error
    assert not host.is_measuring
    assert host.latest() is None


def test_it_is_given_up_after_three_lost_workers(host, measured):
    def killed(kit, *, seconds, progress):
        raise SystemExit

    measured(killed)
    for _ in range(3):
        with pytest.raises(SystemExit):
            tasks.measure_host(host.pk)
        DeviceProfile.objects.update(lease_until=timezone.now() - timezone.timedelta(hours=1))
    tasks.measure_host(host.pk)
    host.refresh_from_db()
    assert "lost" in host.error
    assert not host.is_measuring


def test_a_stopping_worker_leaves_it_due(host, measured, document):
    def interrupted(kit, *, seconds, progress):
        shutdown.requested.set()
        progress(1, 4)
        return Profile.from_dict(document)

    measured(interrupted)
    try:
        tasks.measure_host(host.pk)
    finally:
        shutdown.requested.clear()
    host.refresh_from_db()
    assert host.is_measuring
    assert host.lease_until is None
    assert host.error == ""


def test_a_lost_lease_stores_nothing(host, measured, document):
    def overtaken(kit, *, seconds, progress):
        DeviceProfile.objects.update(lease_owner="somebody else")
        return Profile.from_dict(document)

    measured(overtaken)
    tasks.measure_host(host.pk)
    assert not ProfileVersion.objects.exists()


def test_a_second_message_finds_it_taken(host, measured):
    lease = leases.claim(DeviceProfile, host.pk)
    assert lease is not None
    tasks.measure_host(host.pk)
    assert not ProfileVersion.objects.exists()


def test_measuring_anew_adds_a_version(host, measured, document):
    tasks.measure_host(host.pk)
    services.measure_host(kit=Kit((BLOCK,)))
    tasks.measure_host(host.pk)
    assert [version.number for version in host.versions.order_by("number")] == [1, 2]


def test_a_queued_measurement_can_be_cancelled(host, measured):
    services.cancel_measuring(host=host)
    tasks.measure_host(host.pk)
    host.refresh_from_db()
    assert not host.is_measuring
    assert host.latest() is None
    with pytest.raises(ConflictingRequest):
        services.cancel_measuring(host=host)


def test_a_running_measurement_stops_when_it_is_cancelled(host, measured, monkeypatch):
    monkeypatch.setattr(leases, "WANTED_EVERY_SECONDS", 0.0)

    def cancelled(kit, *, seconds, progress):
        services.cancel_measuring(host=host)
        progress(1, 4)
        progress(2, 4)
        raise AssertionError("it was not stopped")

    measured(cancelled)
    tasks.measure_host(host.pk)
    host.refresh_from_db()
    assert (host.is_measuring, host.error, host.progress) == (False, "", {})
    assert host.lease_until is None


def test_one_that_is_cancelled_at_the_last_moment_leaves_no_version(host, measured, document):
    def overtaken(kit, *, seconds, progress):
        services.cancel_measuring(host=host)
        return Profile.from_dict(document)

    measured(overtaken)
    tasks.measure_host(host.pk)
    assert not ProfileVersion.objects.exists()
    assert DeviceProfile.objects.get(pk=host.pk).lease_until is None


def test_the_first_measurement_is_short_and_later_ones_may_take_longer(host, measured, document):
    allowed = []

    def timed(kit, *, seconds, progress):
        allowed.append(seconds)
        return Profile.from_dict(document)

    measured(timed)
    tasks.measure_host(host.pk)
    services.measure_host(kit=Kit((BLOCK,)))
    tasks.measure_host(host.pk)
    assert allowed == [tasks.FIRST_SECONDS, tasks.AGAIN_SECONDS]


@pytest.mark.slow
def test_the_real_machine_can_be_measured(host):
    pytest.importorskip("onnxruntime")
    DeviceProfile.objects.filter(pk=host.pk).update(plan=Kit((BLOCK,)).to_json())
    tasks.measure_host(host.pk)
    host.refresh_from_db()
    assert host.error == ""
    version = host.latest()
    assert version.provenance == "measured"
    assert version.document["entries"][0]["mean_ms"] > 0
