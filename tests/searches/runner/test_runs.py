"""The life of a run, driven slice by slice with a small evaluator."""

import errno
import re
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from searches.models import Run, RunPoint, Supernet, Trial
from searches.objectives.fronts import non_dominated
from searches.runner import engine, search, slices
from searches.services import runs
from searches.services.requests import RunRequest
from searches.strategies.base import Proposal
from webnas.refusals import ConflictingRequest, RefusedRequest
from webnas.work import files, leases

from .conftest import drive

pytestmark = pytest.mark.django_db


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
        strategy="nsga2",
        evaluator="formula",
        budget=40,
        batch=10,
        seed=3,
    )


def started(owner, request, **changes):
    return runs.start_run(owner=owner, request=replace(request, **changes))


def front_of(run):
    rows = run.trials.filter(on_front=True).order_by("number")
    return list(rows.values_list("number", "architecture_hash", "value_0", "value_1"))


def test_a_run_goes_through_all_stages_to_its_end(owner, request_):
    run = drive(started(owner, request_))
    assert (run.status, run.stage) == (Run.Status.FINISHED, Run.Stage.DONE)
    assert run.n_asked == run.n_told == run.trials.count() == 40
    assert run.supernet.is_trained
    assert run.due_at is None
    assert not run.trials.exclude(due_at=None).exists()


def test_every_number_from_one_is_there_once(owner, request_):
    run = drive(started(owner, request_))
    assert list(run.trials.values_list("number", flat=True)) == list(range(1, 41))


def test_the_front_is_that_of_all_trials(owner, request_):
    run = drive(started(owner, request_))
    trials = list(run.trials.filter(status="done"))
    keep = non_dominated([(-t.value_0, t.value_1) for t in trials])
    expected = {t.architecture_hash for t, kept in zip(trials, keep, strict=True) if kept}
    assert {row[1] for row in front_of(run)} == expected
    assert run.n_front == len(expected)


def test_members_of_the_front_are_verified_on_the_test_split(owner, request_):
    run = drive(started(owner, request_))
    for trial in run.trials.filter(on_front=True):
        assert trial.is_verified
        assert trial.measures["accuracy:test"]["split"] == "test"
    assert not run.trials.filter(on_front=False, is_verified=True).exists()


def test_hypervolume_grows_and_is_kept_as_results_arrive(owner, request_):
    run = drive(started(owner, request_))
    volumes = [p.figures["hypervolume"] for p in RunPoint.objects.filter(run=run, stage="search")]
    assert len(volumes) == 4
    assert volumes == sorted(volumes)
    assert volumes[-1] == run.hypervolume > 0


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_order_of_work_changes_nothing(owner, request_, order, settings):
    settings.WEBNAS_SLICE_SECONDS = 0
    plain = drive(started(owner, request_, name="plain"))
    shuffled = drive(started(owner, request_, name="shuffled"), order_seed=order)
    assert front_of(shuffled) == front_of(plain)
    assert shuffled.hypervolume == plain.hypervolume


@pytest.mark.slow
def test_another_seed_searches_elsewhere(owner, request_):
    one = drive(started(owner, request_))
    other = drive(started(owner, request_, seed=4))
    assert front_of(one) != front_of(other)


@pytest.mark.slow
def test_a_slice_that_was_killed_is_repeated_and_counted_once(owner, request_, monkeypatch):
    plain = drive(started(owner, request_, name="plain"))
    run = started(owner, request_)
    real, calls = slices.store_outcome, []

    def killed_at_times(*args):
        calls.append(args)
        if len(calls) % 3:
            real(*args)
        else:
            # As after a SIGKILL: nothing is stored, and the lease runs out.
            Run.objects.filter(pk=run.pk).update(lease_until=timezone.now())

    monkeypatch.setattr(slices, "store_outcome", killed_at_times)
    run = drive(run)
    assert len(calls) > 10
    assert front_of(run) == front_of(plain)
    assert run.trials.count() == 40


@pytest.mark.slow
def test_pause_keeps_everything_and_resume_goes_on(owner, request_):
    plain = drive(started(owner, request_, name="plain"))
    run = started(owner, request_)
    drive(run, at_most=12)
    runs.pause_run(run=run)
    drive(run)
    assert run.status == Run.Status.PAUSED
    assert not run.trials.exclude(due_at=None).exists()
    runs.resume_run(run=run)
    assert front_of(drive(run)) == front_of(plain)


def test_a_cancelled_run_keeps_its_results_and_rests(owner, request_):
    run = started(owner, request_)
    drive(run, at_most=8)
    runs.cancel_run(run=run)
    before = run.n_told
    drive(run)
    assert (run.status, run.n_told) == (Run.Status.CANCELLED, before)
    with pytest.raises(ConflictingRequest, match="cancelled cannot be paused"):
        runs.pause_run(run=run)


def test_the_work_of_a_run_is_that_of_all_its_workers(owner, request_):
    run = drive(started(owner, request_))
    judged = sum(run.trials.values_list("seconds", flat=True))
    assert judged > 0
    before = Run.objects.get(pk=run.pk).seconds
    assert before > judged


@pytest.mark.slow
def test_an_extended_run_searches_on(owner, request_):
    run = drive(started(owner, request_))
    first = set(run.trials.values_list("number", "architecture_hash"))
    runs.extend_run(run=run, budget=60)
    run = drive(run)
    assert run.status == Run.Status.FINISHED
    assert run.trials.count() == 60
    assert first < set(run.trials.values_list("number", "architecture_hash"))


def test_limits_that_cannot_be_met_together_end_as_infeasible(owner, request_):
    preview = runs.preview_run(request=request_)
    low = preview["bounds"]["macs"]["min"]
    run = started(
        owner,
        request_,
        limits=[
            {"measure": "macs", "at_most": low * 1.05},
            {"measure": "parameters", "at_least": 60_000},
        ],
    )
    run = drive(run)
    assert run.status == Run.Status.INFEASIBLE
    assert "nearest has: Multiply-accumulates" in run.error
    nearest = int(re.search(r"accumulates .* \((\d+)\)\.$", run.error)[1])
    limits = [{"measure": "macs", "at_most": nearest}, run.limits[1]]
    again = drive(started(owner, request_, limits=limits, budget=2, batch=2))
    assert again.status == Run.Status.FINISHED, again.error


def test_a_limit_that_nothing_meets_is_refused_with_the_nearest_value(owner, request_):
    low = runs.preview_run(request=request_)["bounds"]["macs"]["min"]
    with pytest.raises(RefusedRequest) as refusal:
        started(owner, request_, limits=[{"measure": "macs", "at_most": low / 2}])
    (message,) = refusal.value.errors["limits.0"]
    assert not Run.objects.exists()
    nearest = int(re.search(r"\((\d+)\)", message)[1])
    assert nearest == low
    limits = [{"measure": "macs", "at_most": nearest}]
    run = drive(started(owner, request_, limits=limits, budget=2, batch=1))
    assert run.status == Run.Status.FINISHED
    assert run.trials.get(on_front=True).measures["macs"]["value"] == nearest


def test_no_infeasible_network_is_on_the_front(owner, request_):
    bounds = runs.preview_run(request=request_)["bounds"]["macs"]
    middle = (bounds["min"] + bounds["max"]) / 3
    limits = [
        {"measure": "macs", "at_most": middle},
        {"measure": "accuracy", "at_least": 0.6},
    ]
    run = drive(started(owner, request_, limits=limits))
    assert run.trials.filter(violation__gt=0, value_0__lt=0.6).exists()
    assert front_of(run)
    assert not run.trials.filter(on_front=True, value_1__gt=middle).exists()
    assert not run.trials.filter(on_front=True, value_0__lt=0.6).exists()


def test_a_full_disk_ends_the_run_and_keeps_the_last_checkpoint(
    owner, request_, settings, monkeypatch
):
    settings.WEBNAS_SLICE_SECONDS = 0
    run = started(owner, request_)
    drive(run, at_most=3)
    kept = Supernet.objects.get().checkpoint

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        drive(run)
    assert run.status == Run.Status.NO_SPACE
    assert Supernet.objects.get().checkpoint == kept != ""
    files.read(kept)
    runs.resume_run(run=run)
    assert drive(run).status == Run.Status.FINISHED


def test_a_disk_that_is_full_for_a_trial_ends_the_run_until_there_is_space(
    owner, request_, monkeypatch
):
    run = started(owner, request_)

    def full(self, split, *, tick):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tests.searches.runner.fakes.Judged.quality", full)
        drive(run)
    assert run.status == Run.Status.NO_SPACE
    assert "free some space" in run.message
    assert set(run.trials.values_list("status", flat=True)) == {Trial.Status.WAITING}
    runs.resume_run(run=run)
    run = drive(run)
    assert (run.status, run.n_failed) == (Run.Status.FINISHED, 0)


@pytest.mark.slow
def test_trials_that_failed_before_they_were_told_are_judged_again_on_resume(
    owner, request_, monkeypatch
):
    run = started(owner, request_)
    with monkeypatch.context() as patch:
        patch.setattr(
            "tests.searches.runner.fakes.FormulaEvaluator.candidate", lambda *a, **k: 1 / 0
        )
        drive(run)
    assert run.status == Run.Status.FAILED
    runs.resume_run(run=run)
    assert drive(run).status == Run.Status.FINISHED


@pytest.mark.slow
def test_a_judgement_that_was_interrupted_is_finished_and_verified(owner, request_, settings):
    plain = drive(started(owner, request_, name="plain"))
    settings.WEBNAS_SLICE_SECONDS = 0
    request = replace(request_, evaluator_settings={"judging_steps": 3})
    run = drive(runs.start_run(owner=owner, request=request))
    assert not run.trials.exclude(checkpoint="").exists()
    assert not run.trials.filter(on_front=True, is_verified=False).exists()
    assert front_of(run) == front_of(plain)


def test_a_run_that_goes_on_says_that_it_is_running(owner, request_):
    run = drive(started(owner, request_))
    runs.extend_run(run=run, budget=60)
    assert run.status == Run.Status.QUEUED
    drive(run, at_most=1)
    assert (run.status, run.stage) == (Run.Status.RUNNING, Run.Stage.SEARCH)


def test_results_that_come_while_the_coordinator_looks_wake_it(owner, request_):
    run = started(owner, request_)
    while not run.trials.exists():
        assert drive(run, at_most=1).is_active, run.error
    outcome = search.search(run, leases.Heartbeat(leases.Lease(Run, run.pk, "", 1)))
    assert outcome.due_at is not None
    run.trials.update(status=Trial.Status.DONE, due_at=None)
    Run.objects.filter(pk=run.pk).update(due_at=outcome.due_at)
    outcome.store()
    run.refresh_from_db()
    assert run.due_at <= timezone.now()


@pytest.mark.slow
def test_a_strategy_is_restored_to_go_on_as_if_it_had_never_stopped(owner, request_):
    plain = drive(started(owner, request_, name="plain"))
    run = started(owner, request_, name="restored")
    while run.is_active:
        search._strategies.clear()
        drive(run, at_most=1)
    assert front_of(run) == front_of(plain)


@pytest.mark.slow
def test_a_copied_judgement_leaves_out_what_a_verification_found(owner, request_):
    run = drive(started(owner, request_))
    twin = run.trials.filter(on_front=True, is_verified=True).first()
    assert "fell_off" in twin.data
    proposal = Proposal(99, engine.genes_of(twin))
    (copy,) = search.new_trials(run, engine.costing_of(run), [proposal], {})
    assert (copy.status, copy.values) == (Trial.Status.DONE, twin.values)
    assert copy.data.keys() == {"genes", "measures", "same_as"}
    tested = {name for name in twin.measures if name.endswith(":test")}
    assert tested
    assert copy.measures.keys() == twin.measures.keys() - tested


def test_networks_that_cannot_be_judged_fail_alone(owner, request_):
    run = drive(started(owner, request_, evaluator_settings={"fails_on": 2}))
    assert run.status == Run.Status.FINISHED
    bad = run.trials.filter(status=Trial.Status.FAILED)
    assert bad.count() == run.n_failed > 0
    assert "cannot be judged" in bad.first().error
    assert not bad.filter(on_front=True).exists()


def test_a_run_whose_networks_all_fail_ends_with_the_reason(owner, request_, monkeypatch):
    monkeypatch.setattr(
        "tests.searches.runner.fakes.FormulaEvaluator.candidate", lambda *a, **k: 1 / 0
    )
    run = drive(started(owner, request_))
    assert run.status == Run.Status.FAILED
    assert "ZeroDivisionError" in run.error


def test_a_trial_whose_worker_is_lost_three_times_is_given_up(owner, request_):
    run = started(owner, request_)
    while not run.trials.exists():
        drive(run, at_most=1)
    trial = run.trials.order_by("number").first()
    for _ in range(3):
        assert leases.claim(Trial, trial.pk)
        Trial.objects.filter(pk=trial.pk).update(lease_until=timezone.now())
    run = drive(run)
    trial.refresh_from_db()
    assert (run.status, trial.status) == (Run.Status.FINISHED, Trial.Status.LOST)


def test_a_run_whose_coordinator_is_lost_again_and_again_ends_as_lost(owner, request_):
    run = started(owner, request_)
    for _ in range(5):
        assert leases.claim(Run, run.pk)
        Run.objects.filter(pk=run.pk).update(lease_until=timezone.now())
    assert drive(run).status == Run.Status.LOST


def test_what_a_worker_does_after_it_lost_its_lease_is_not_stored(owner, request_):
    run = started(owner, request_)
    lease = leases.claim(Run, run.pk)
    Run.objects.filter(pk=run.pk).update(lease_owner="another")
    slices.store_outcome(run, lease, slices.Outcome({"n_told": 99}))
    run.refresh_from_db()
    assert (run.n_told, run.lease_owner) == (0, "another")


@pytest.mark.slow
def test_a_clone_has_the_same_choices(owner, request_):
    run = drive(started(owner, request_))
    clone = drive(runs.clone_run(run=run, owner=owner, changes={"name": "again"}))
    assert clone.parent == run
    assert front_of(clone) == front_of(run)


def test_delete_removes_a_run_that_has_ended(owner, request_):
    run = started(owner, request_)
    with pytest.raises(ConflictingRequest, match="Cancel"):
        runs.delete_run(run=run)
    drive(run)
    runs.delete_run(run=run)
    assert not Trial.objects.exists()
    assert not Supernet.objects.exists()
