"""An exact copy is refused when anything differs that shaped the run; what differs is named."""

import pytest

from devices.models import ProfileVersion
from devices.profiles.builtin import analytic
from devices.versions import add_version
from searches.models import DataSet, Run, Space
from searches.runner import versions
from searches.services import runs
from webnas.refusals import ConflictingRequest, RefusedRequest


@pytest.fixture
def prepared(run):
    Run.objects.filter(pk=run.pk).update(versions=versions.versions_of(run))
    return Run.objects.get(pk=run.pk)


def refused(run, alice):
    with pytest.raises(ConflictingRequest) as refusal:
        runs.clone_run(run=Run.objects.get(pk=run.pk), owner=alice, changes={}, is_exact=True)
    (message,) = refusal.value.errors["exact"]
    start = "An exact copy is not possible, as this differs: "
    assert message.startswith(start)
    return message.removeprefix(start).removesuffix(".").split("; ")


def test_nothing_has_changed(prepared, alice):
    copy = runs.clone_run(run=prepared, owner=alice, changes={"name": "Again"}, is_exact=True)
    assert (copy.parent, copy.name, copy.seed) == (prepared, "Again", prepared.seed)


def test_another_version_of_a_profile_is_named(prepared, alice, device):
    add_version(device, analytic()[1])
    newest = ProfileVersion.objects.latest("pk").content_sha256
    (text,) = refused(prepared, alice)
    assert device.name in text
    assert newest[:12] in text


def test_other_data_and_another_space_are_named(prepared, alice):
    DataSet.objects.update(sha256="b" * 64)
    definition = prepared.space.definition
    Space.objects.update(definition=definition | {"stem_width": 16})
    texts = refused(prepared, alice)
    assert [text.partition(":")[0] for text in texts] == ["the space", "the data set"]
    assert "now bbbbbbbbbbbb" in texts[1]


def test_other_code_and_packages_are_named(prepared, alice, monkeypatch):
    monkeypatch.setattr(versions, "code_version", lambda: "9.9.9")
    monkeypatch.setattr(versions, "version", lambda name: "1.0" if name == "torch" else "same")
    texts = refused(prepared, alice)
    assert texts[0].endswith("now 9.9.9")
    assert any(text.startswith("torch: then") for text in texts)


def test_an_exact_copy_changes_nothing_but_its_name(prepared, alice):
    with pytest.raises(RefusedRequest) as refusal:
        runs.clone_run(run=prepared, owner=alice, changes={"seed": 9}, is_exact=True)
    assert list(refusal.value.errors) == ["seed"]


def test_a_copy_that_need_not_be_exact_takes_what_there_is(prepared, alice, device):
    add_version(device, analytic()[1])
    copy = runs.clone_run(run=prepared, owner=alice, changes={})
    assert copy.pinned.get().version == device.latest()


def test_rest_answers_409_with_what_differs(prepared, as_alice, device):
    add_version(device, analytic()[1])
    address = f"/api/v1/runs/{prepared.pk}/clone/"
    answer = as_alice.post(address, {"exact": True})
    assert answer.status_code == 409
    assert device.name in answer.data["errors"]["exact"][0]
    assert as_alice.post(address, {"exact": False}).status_code == 202
