"""A supernet's predictor: pairs are measured slice by slice, and it is used if it is worth it."""

import json
from dataclasses import replace
from functools import partial

import pytest
from django.contrib.auth.models import User

from searches import tasks
from searches.models import Run, Supernet, SupernetPredictor
from searches.objectives.fronts import constrained_ranks
from searches.runner import engine, pairs, surrogate
from searches.services import runs
from searches.services.requests import RunRequest
from webnas.work import files, leases

from .conftest import drive

pytestmark = pytest.mark.django_db
N = 24


@pytest.fixture
def owner():
    return User.objects.create_user("alice")


@pytest.fixture
def request_(dataset, space):
    return RunRequest(
        name="small",
        dataset=dataset,
        space=space,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="random",
        evaluator="formula",
        evaluator_settings={"is_rising": True},
        budget=4,
        batch=4,
        seed=3,
    )


@pytest.fixture
def trained(owner, request_):
    """The run that trained a supernet, on which more kernels and blocks are better."""
    return drive(runs.start_run(owner=owner, request=request_))


@pytest.fixture
def supernet(trained):
    return Supernet.objects.get(pk=trained.supernet_id)


@pytest.fixture(autouse=True)
def _few_folds(monkeypatch):
    """Each fold fits a predictor: three are enough for a few pairs."""
    monkeypatch.setattr(pairs, "held_out", partial(pairs.held_out, folds=3))


def measured(supernet, n=N, *, slices=30):
    """The predictor after its slices."""
    row = pairs.begin(supernet, n=n, seed=1)
    for _ in range(slices):
        tasks.measure_pairs(row.pk)
    row.refresh_from_db()
    return row


@pytest.fixture
def in_single_steps(settings):
    settings.WEBNAS_SLICE_SECONDS = 0


def specialised(owner, request_, supernet, **changes):
    settings = {"candidates": 300, "population": 40}
    chosen = {"strategy": "specialise", "strategy_settings": settings, "supernet": supernet}
    request = replace(request_, **(chosen | {"budget": 12, "batch": 12} | changes))
    return drive(runs.start_run(owner=owner, request=request))


def test_the_end_of_the_run_that_trained_it_asks_for_pairs_once(owner, request_, supernet):
    row = SupernetPredictor.objects.get(supernet=supernet)
    assert (row.status, row.n_wanted, row.due_at is not None) == ("measuring", pairs.USUAL, True)
    drive(runs.start_run(owner=owner, request=replace(request_, supernet=supernet)))
    assert SupernetPredictor.objects.get(supernet=supernet) == row


def test_a_predictor_that_ranks_better_than_macs_is_ready_and_says_so(supernet):
    row = measured(supernet, 40)
    found = row.report["accuracy"]
    assert (row.status, row.n_pairs, row.due_at) == ("ready", 40, None)
    assert found["is_used"]
    assert found["predictor"]["tau"] > 0.7 > found["macs"]["tau"]
    assert found["lead"]["tau"] == pytest.approx(
        found["predictor"]["tau"] - found["macs"]["tau"], abs=2e-4
    )
    assert all(0 < found[name]["error"] < 0.2 for name in ("predictor", "macs", "parameters"))
    assert row.weights_sha256 == supernet.sha256


@pytest.mark.usefixtures("in_single_steps")
def test_pairs_in_many_slices_are_those_of_one(supernet, settings):
    cut = measured(supernet, 20)
    kept = json.loads(files.read(cut.file))
    SupernetPredictor.objects.all().delete()
    settings.WEBNAS_SLICE_SECONDS = 60
    whole = measured(supernet, 20, slices=1)
    assert json.loads(files.read(whole.file)) == kept
    assert whole.report == cut.report


@pytest.mark.usefixtures("in_single_steps")
def test_a_slice_keeps_what_it_measured_and_removes_the_file_before(supernet):
    row = measured(supernet, slices=2)
    first = row.file
    assert (row.status, row.n_pairs) == ("measuring", 2)
    tasks.measure_pairs(row.pk)
    row.refresh_from_db()
    assert row.n_pairs == 3 == len(json.loads(files.read(row.file))["pairs"])
    assert row.file != first


def test_more_pairs_go_on_from_those_that_are_there(supernet):
    before = json.loads(files.read(measured(supernet, 20).file))["pairs"]
    after = json.loads(files.read(measured(supernet, 22).file))["pairs"]
    assert after[:20] == before
    assert len(after) == 22


def test_pairs_of_other_weights_are_not_kept(supernet):
    row = measured(supernet, 20)
    SupernetPredictor.objects.filter(pk=row.pk).update(weights_sha256="other")
    row = pairs.begin(supernet, n=20, seed=1)
    assert pairs._stored(SupernetPredictor.objects.get(pk=row.pk)) == []


def test_the_smallest_and_the_largest_network_are_measured_first(supernet):
    costing = pairs.Costing(engine.space_of(engine.judging_run(supernet)), {})
    ends = costing.bound("macs", None)
    assert pairs.planned(costing, 30, 1)[:2] == [ends.cheapest, ends.dearest]
    assert len(set(pairs.planned(costing, 30, 1))) == 30


def test_a_predictor_of_chance_is_refused(owner, request_):
    run = drive(runs.start_run(owner=owner, request=replace(request_, evaluator_settings={})))
    row = measured(run.supernet)
    assert row.status == "refused"
    found = row.report["accuracy"]
    assert not found["is_used"]
    assert found["lead"]["tau"] <= 0 or found["predictor"]["tau"] < 2 * found["predictor"]["error"]


def test_what_breaks_ends_with_its_reason_and_can_be_begun_again(supernet, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(engine, "prepared_evaluator_of", lambda run: 1 / 0)
        row = measured(supernet, slices=1)
    assert row.status == "failed"
    assert "ZeroDivisionError" in row.error
    assert measured(supernet, slices=1).status == "ready"


def test_a_worker_that_is_lost_again_and_again_ends_it(supernet, settings):
    row = pairs.begin(supernet, n=N, seed=1)
    attempts = settings.WEBNAS_TRIAL_ATTEMPTS
    SupernetPredictor.objects.filter(pk=row.pk).update(attempts=attempts)
    tasks.measure_pairs(row.pk)
    row.refresh_from_db()
    assert (row.status, row.due_at) == ("lost", None)


def test_what_comes_after_a_lost_lease_is_not_stored(supernet, monkeypatch):
    row = pairs.begin(supernet, n=N, seed=1)
    monkeypatch.setattr(leases.Lease, "release", lambda self, **fields: False)
    tasks.measure_pairs(row.pk)
    row.refresh_from_db()
    assert (row.file, row.status) == ("", "measuring")


def test_a_specialised_run_trains_nothing_and_judges_the_expected_best(owner, request_, supernet):
    row = measured(supernet)
    run = specialised(owner, request_, supernet)
    assert (run.status, run.n_told, run.supernet_id) == (Run.Status.FINISHED, 12, supernet.pk)
    assert not run.points.filter(stage="train").exists()
    assert run.versions["predictor"] == row.sha256
    assert run.points.get(stage="search").figures["candidates"] == 300
    judged = [(-t.value_0, t.value_1) for t in run.trials.all()]
    ranks = constrained_ranks(judged, [0] * 12)
    assert (ranks == 0).sum() >= 8
    told = run.events.get(text__contains="candidates looked at").text
    assert "300 candidates" in told
    assert f"{row.report['accuracy']['predictor']['tau']:.2f}" in told


@pytest.mark.slow
def test_without_a_predictor_that_is_worth_it_candidates_are_ranked_by_macs(
    owner, request_, supernet
):
    run = specialised(owner, request_, supernet)
    assert run.versions["predictor"] == "macs"
    told = run.events.get(text__contains="candidates looked at").text
    assert "multiply-accumulates: the supernet's predictor is not ready: measuring" in told
    SupernetPredictor.objects.update(status="refused")
    told = specialised(owner, request_, supernet).events.get(text__contains="looked at").text
    assert "ranks no better" in told


def test_a_predictor_that_came_after_the_run_was_prepared_is_not_asked(owner, request_, supernet):
    run = specialised(owner, request_, supernet)
    measured(supernet)
    assert surrogate.Surrogate(run, engine.costing_of(run)).row is None


def test_limits_on_quality_are_foreseen(owner, request_, supernet):
    measured(supernet)
    limits = [{"measure": "accuracy", "at_least": 0.3}]
    run = specialised(owner, request_, supernet, limits=limits)
    assert run.trials.filter(violation=0).count() >= 10


def test_the_predictor_goes_with_its_supernet(
    owner, trained, supernet, django_capture_on_commit_callbacks
):
    row = measured(supernet)
    with django_capture_on_commit_callbacks(execute=True):
        runs.delete_run(run=trained)
    assert not SupernetPredictor.objects.exists()
    with pytest.raises(FileNotFoundError):
        files.read(row.file)
