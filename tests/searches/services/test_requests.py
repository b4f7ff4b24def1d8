"""What is refused before a run starts: each wrong field by name, with what would be right."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from devices import services as devices
from devices.models import DeviceProfile
from devices.profiles.kit.kit import Kit
from searches.models import DataSet, PinnedProfile, Run, Space, Supernet
from searches.services import datasets, runs, spaces
from searches.services.requests import RunRequest
from webnas.refusals import ConflictingRequest, RefusedRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return User.objects.create_user("alice")


@pytest.fixture
def device():
    devices.add_builtin()
    return DeviceProfile.objects.get(name__startswith="Snapdragon")


@pytest.fixture
def request_(device):
    datasets.add_builtin()
    spaces.add_builtin()
    return RunRequest(
        name="phone",
        dataset=DataSet.objects.get(kind="images"),
        space=Space.objects.get(family="ofa_mobilenet_v3", definition__preset="small"),
        devices=[device],
        objectives=[{"measure": "accuracy"}, {"measure": "latency", "device": device.pk}],
        budget=100,
    )


def refused(owner, request):
    with pytest.raises(RefusedRequest) as refusal:
        runs.start_run(owner=owner, request=request)
    assert not Run.objects.exists()
    return refusal.value.errors


def test_a_good_request_starts_a_run_bound_to_the_newest_version(owner, request_, device):
    run = runs.start_run(owner=owner, request=request_)
    assert (run.status, run.stage, run.batch) == ("queued", "prepare", 20)
    assert PinnedProfile.objects.get(run=run).version == device.latest()
    assert run.due_at is not None


def test_a_proxy_is_an_objective_of_the_evaluator_that_tells_it(owner, request_):
    wanted = [{"measure": "synflow"}, {"measure": "macs"}]
    limits = [{"measure": "jacob_cov", "at_least": -1e9}]
    asked = replace(request_, evaluator="zero_cost", objectives=wanted, limits=limits)
    run = runs.start_run(owner=owner, request=asked)
    assert run.objectives[0] == {"measure": "synflow", "direction": "max", "unit": "nat"}
    assert run.limits[0]["at_least"] == -1e9


def test_what_nobody_trained_has_no_accuracy(owner, request_):
    errors = refused(owner, replace(request_, evaluator="zero_cost"))
    reason = errors["objectives.0"][0]
    assert reason.startswith("Zero-cost proxies tell no accuracy, which only training can. Known:")
    assert "synflow, naswot" in reason


def test_a_proxy_without_its_evaluator_is_refused(owner, request_):
    errors = refused(owner, replace(request_, objectives=[{"measure": "zen"}]))
    assert errors["objectives.0"][0].startswith("The evaluator Supernet tells no zen. Known: acc")


WRONG = {
    "name": ({"name": " "}, "name", "needed"),
    "strategy": ({"strategy": "magic"}, "strategy", "Known: "),
    "evaluator": ({"evaluator": "magic"}, "evaluator", "Known: "),
    "target": ({"target": "magic"}, "target", "Known: "),
    "setting": ({"strategy_settings": {"populatoin": 3}}, "strategy_settings.populatoin", ""),
    "range": ({"strategy_settings": {"population": 1}}, "strategy_settings.population", "4"),
    "type": ({"evaluator_settings": {"epochs": "many"}}, "evaluator_settings.epochs", "whole"),
    "budget": ({"budget": 0}, "budget", "between 1 and"),
    "batch": ({"batch": 101}, "batch", "between 1 and"),
    "seed": ({"seed": -1}, "seed", "between 0"),
    "none": ({"objectives": []}, "objectives", "1 to 5"),
    "many": ({"objectives": [{"measure": "macs"}] * 6}, "objectives", "1 to 5"),
    "twice": ({"objectives": [{"measure": "macs"}] * 2}, "objectives.1", "twice"),
    "measure": ({"objectives": [{"measure": "beauty"}]}, "objectives.0", "Known: accuracy"),
    "no measure": ({"objectives": ["macs"]}, "objectives.0", "measure"),
    "device": ({"objectives": [{"measure": "latency"}]}, "objectives.0", "needs a device"),
    "foreign": ({"objectives": [{"measure": "latency", "device": 99}]}, "objectives.0", "99"),
    "no bound": ({"limits": [{"measure": "macs"}]}, "limits.0", "at_most or at_least"),
    "text": ({"limits": [{"measure": "macs", "at_most": "9"}]}, "limits.0", "number above 0"),
    "NaN": ({"limits": [{"measure": "macs", "at_most": float("nan")}]}, "limits.0", "number"),
    "typo": ({"limits": [{"measure": "macs", "atmost": 9}]}, "limits.0", "Unknown: atmost"),
    "low": ({"limits": [{"measure": "macs", "at_most": 9}]}, "limits.0", "smallest reachable"),
    "high": ({"limits": [{"measure": "macs", "at_least": 1e15}]}, "limits.0", "largest reachable"),
    "percent": ({"limits": [{"measure": "accuracy", "at_least": 93}]}, "limits.0", "0.93?"),
    "perfect": ({"limits": [{"measure": "accuracy", "at_least": 1.1}]}, "limits.0", "1.0 (100 %)"),
    "grid": (
        {"strategy": "grid"},
        "strategy_settings.step",
        "points, more than the budget of 100",
    ),
    "gene": (
        {"strategy": "grid", "strategy_settings": {"steps": "depht=1"}},
        "strategy_settings.steps",
        "No gene is called “depht”. Genes: resolution",
    ),
    "steps": (
        {"strategy": "grid", "strategy_settings": {"step": 9, "steps": "resolution"}},
        "strategy_settings.steps",
        "such as “depth=2”",
    ),
    "absurd": ({"limits": [{"measure": "accuracy", "at_most": 900}]}, "limits.0", "from 0 to 1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_fields_are_refused_by_name(owner, request_, case):
    changes, field, message = WRONG[case]
    errors = refused(owner, replace(request_, **changes))
    assert message in " ".join(errors[field])


def test_a_grid_that_fits_the_budget_is_taken(owner, request_):
    chosen = {"step": 9, "steps": "resolution=1, unit1.depth=1, unit2.depth=1"}
    run = runs.start_run(
        owner=owner, request=replace(request_, strategy="grid", strategy_settings=chosen)
    )
    assert run.strategy_settings == chosen


def test_a_limit_that_only_the_plain_value_could_meet_is_refused(owner, request_, device):
    bounds = runs.preview_run(request=request_)["bounds"][f"latency@{device.pk}"]
    limit = {"measure": "latency", "device": device.pk, "at_most": bounds["min"] * 1.01}
    errors = refused(owner, replace(request_, limits=[{**limit, "statistic": "upper"}]))
    assert "smallest reachable upper value" in errors["limits.0"][0]
    asked = replace(request_, limits=[limit], accept_guesses=True)
    assert runs.preview_run(request=asked)["errors"] == {}


def test_a_limit_on_a_device_names_it_and_a_latency_that_is_taken(owner, request_, device):
    limit = {"measure": "latency", "device": device.pk, "at_most": 1e-4}
    (message,) = refused(owner, replace(request_, limits=[limit]))["limits.0"]
    assert f"Latency on {device.name} at most" in message
    nearest = float(re.search(r"value is ([\d.]+) ms", message)[1])
    again = replace(request_, limits=[{**limit, "at_most": nearest}], accept_guesses=True)
    assert runs.start_run(owner=owner, request=again).limits[0]["at_most"] == nearest


def test_a_limit_that_would_rest_on_guesses_needs_a_word(owner, request_, device):
    limit = {"measure": "latency", "device": device.pk, "at_most": 1e6}
    (message,) = refused(owner, replace(request_, limits=[limit]))["limits.0"]
    assert device.name in message
    assert "100 % from the data sheet" in message
    run = runs.start_run(
        owner=owner, request=replace(request_, limits=[limit], accept_guesses=True)
    )
    assert run.accepts_guesses
    assert runs.request_of(run).accept_guesses


def test_a_limit_on_what_needs_no_device_rests_on_no_guess(owner, request_):
    limits = [{"measure": "macs", "at_most": 1e12}]
    assert runs.start_run(owner=owner, request=replace(request_, limits=limits)).limits


@pytest.mark.parametrize(("hours", "is_reused"), [(-1, True), (1, False)])
def test_a_clone_uses_the_weights_that_the_run_was_started_with(owner, request_, hours, is_reused):
    """Those that a run has trained itself are trained again: the clone may differ in seed."""
    run = runs.start_run(owner=owner, request=request_)
    supernet = Supernet.objects.create(
        owner=owner, dataset=run.dataset, space=run.space, recipe={}, is_trained=True
    )
    Supernet.objects.update(created_at=run.created_at + timedelta(hours=hours))
    Run.objects.update(supernet=supernet)
    run.refresh_from_db()
    clone = runs.clone_run(run=run, owner=owner, changes={})
    assert clone.supernet == (supernet if is_reused else None)


def test_a_perfect_quality_can_be_asked_for(owner, request_):
    limits = [{"measure": "accuracy", "at_least": 1.0}]
    assert runs.start_run(owner=owner, request=replace(request_, limits=limits)).limits


def test_energy_that_the_profile_does_not_know_is_refused(owner, request_, device):
    objectives = [{"measure": "energy", "device": device.pk}]
    errors = refused(owner, replace(request_, objectives=objectives))
    assert "gives no energy" in errors["objectives.0"][0]


def test_a_device_without_a_profile_is_refused(owner, request_):
    empty = DeviceProfile.objects.create(owner=owner, name="empty")
    assert "no profile yet" in refused(owner, replace(request_, devices=[empty]))["devices"][0]


def test_a_host_that_is_being_measured_is_taken_and_pinned_later(owner, request_, settings):
    settings.WEBNAS_ONE_MACHINE = True
    host = devices.measure_host(kit=Kit(()))
    objectives = [{"measure": "accuracy"}, {"measure": "latency", "device": host.pk}]
    request = replace(request_, devices=[host], objectives=objectives)
    run = runs.start_run(owner=owner, request=request)
    assert PinnedProfile.objects.get(run=run).version is None


def test_a_data_set_that_is_still_read_is_refused(owner, request_):
    DataSet.objects.update(status=DataSet.Status.READING)
    request_.dataset.refresh_from_db()
    assert "not ready" in refused(owner, request_)["dataset"][0]


def test_a_supernet_of_another_space_is_refused(owner, request_):
    full = Space.objects.get(family="ofa_mobilenet_v3", definition__preset="full")
    supernet = Supernet.objects.create(
        owner=owner, dataset=request_.dataset, space=full, recipe={}, is_trained=True
    )
    errors = refused(owner, replace(request_, supernet=supernet))
    assert "another space" in errors["supernet"][0]


def test_too_many_active_runs_are_refused(owner, request_, settings):
    settings.WEBNAS_QUOTA_RUNS = 1
    runs.start_run(owner=owner, request=request_)
    with pytest.raises(ConflictingRequest, match="1 are allowed"):
        runs.start_run(owner=owner, request=request_)


def test_the_preview_shows_size_and_bounds(request_, device):
    preview = runs.preview_run(request=request_)
    assert int(preview["size"]) > 1e9
    bounds = preview["bounds"][f"latency@{device.pk}"]
    assert 0 < bounds["min"] < bounds["max"]
    assert preview["errors"] == {}


def test_a_preset_that_changes_leaves_the_space_of_old_runs_as_it_was(
    request_, owner, monkeypatch
):
    run = runs.start_run(owner=owner, request=request_)
    n_before = Space.objects.count()
    card = spaces.FAMILIES["ofa_mobilenet_v3"]
    changed = {**card.presets["small"], "resolutions": [16, 32]}
    monkeypatch.setitem(card.presets, "small", changed)
    spaces.add_builtin()
    before = run.space.content_hash
    run.space.refresh_from_db()
    assert run.space.content_hash == before
    newest = Space.objects.get(owner=None, name=spaces.BUILTIN_NAMES["ofa_mobilenet_v3", "small"])
    assert newest.definition["resolutions"] == [16, 32]
    assert Space.objects.count() == n_before + 1


def test_builtin_spaces_are_added_once(request_):
    n_before = Space.objects.count()
    spaces.add_builtin()
    assert n_before == Space.objects.count() > 0


def test_a_space_with_options_left_out_cannot_be_mixed(owner, request_):
    whole = Space.objects.get(family="proxyless", definition__preset="small")
    definition = {**whole.definition, "only": {"stage1.block1": ["k3 e3"]}}
    space = spaces.create_space(owner=owner, name="part", definition=definition)
    asked = replace(request_, space=space, strategy="fbnet")
    assert "can be mixed" in refused(owner, asked)["strategy"][0]
    assert "strategy" not in runs.preview_run(request=replace(asked, space=whole))["errors"]
