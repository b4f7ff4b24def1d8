"""Deleting runs: in few statements however many trials, and never under a chosen model."""

import pytest
from django.contrib.auth.models import User

from searches.models import ChosenModel, Run, RunEvent, RunPoint, RunPrior, Supernet, Trial
from searches.services import runs
from tests.searches.rows import bare_run, bare_trials
from webnas.refusals import ConflictingRequest
from webnas.work import files


def stored_run(n_trials):
    run = bare_run(User.objects.create_user("alice"), status=Run.Status.FINISHED)
    bare_trials(run, n_trials)
    RunPoint.objects.create(run=run, stage="search", step=1, figures={})
    RunEvent.objects.create(run=run, text="Finished.")
    RunPrior.objects.create(run=run, results=[])
    return run


@pytest.mark.django_db
@pytest.mark.parametrize("n_trials", [3, 1500])
def test_a_run_goes_with_all_that_is_its_own(n_trials, django_assert_max_num_queries):
    run = stored_run(n_trials)
    Run.objects.filter(pk=run.pk).update(parent=run)
    with django_assert_max_num_queries(18):
        runs.delete_run(run=run)
    for model in (Run, Trial, RunPoint, RunEvent, RunPrior):
        assert not model.objects.exists()


def with_weights(n_trials):
    """A run with a supernet and trials, each of which has stored weights."""
    run = stored_run(n_trials)
    net = Supernet.objects.create(
        owner=run.owner, dataset=run.dataset, space=run.space, recipe={}, checkpoint=stored()
    )
    Run.objects.filter(pk=run.pk).update(supernet=net)
    for trial in run.trials.all():
        Trial.objects.filter(pk=trial.pk).update(checkpoint=stored())
    run.refresh_from_db()
    return run


def stored():
    return files.write("checkpoints", ".pt", b"weights").name


@pytest.mark.django_db(transaction=True)
def test_the_weights_of_a_run_go_with_it():
    run = with_weights(3)
    assert len(list(files.stored())) == 4
    runs.delete_run(run=run)
    assert list(files.stored()) == []


@pytest.mark.django_db(transaction=True)
def test_a_supernet_that_another_run_uses_stays():
    run = with_weights(1)
    other = Run.objects.get(pk=run.pk)
    other.pk, other.name = None, "other"
    other.save()
    runs.delete_run(run=run)
    assert list(files.stored()) == [other.supernet.checkpoint]
    runs.delete_run(run=other)
    assert list(files.stored()) == []


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_is_undone_keeps_all_weights(monkeypatch):
    run = with_weights(2)
    monkeypatch.setattr(Supernet, "delete", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        runs.delete_run(run=run)
    assert len(list(files.stored())) == 3


@pytest.mark.django_db(transaction=True)
def test_a_model_that_is_chosen_meanwhile_keeps_its_run(monkeypatch):
    run = stored_run(3)
    first = run.trials.first()
    refuse = runs._refuse_chosen

    def choose_after_the_check(run):
        refuse(run)
        ChosenModel.objects.create(owner=run.owner, trial=first, name="late")

    monkeypatch.setattr(runs, "_refuse_chosen", choose_after_the_check)
    with pytest.raises(ConflictingRequest, match="late"):
        runs.delete_run(run=run)
    assert (run.trials.count(), run.points.count(), run.events.count()) == (3, 1, 1)
