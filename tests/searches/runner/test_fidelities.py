"""Runs whose trials stop early and continue each other, with real trainings of small networks."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from searches.models import Run, Space, Trial
from searches.objectives.fronts import non_dominated
from searches.runner import candidates, engine
from searches.services import runs
from searches.services.requests import RunRequest
from searches.spaces import registry
from searches.spaces.registry import FAMILIES
from webnas.refusals import RefusedRequest
from webnas.work import files

from .conftest import drive

pytestmark = pytest.mark.django_db

EVALUATOR = {"epochs": 4, "warmup_epochs": 1, "batch_size": 32}


@pytest.fixture
def tiny(tiny_space):
    return Space.objects.create(
        name="tiny",
        family=tiny_space.family,
        definition=tiny_space.to_json(),
        content_hash=tiny_space.content_hash(),
        size=str(tiny_space.size()),
    )


@pytest.fixture
def request_(dataset, tiny):
    return RunRequest(
        name="halving",
        dataset=dataset,
        space=tiny,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="successive_halving",
        strategy_settings={"eta": 2},
        evaluator="full",
        evaluator_settings=EVALUATOR,
        budget=14,
        batch=5,
        seed=3,
    )


def started(request, **changes):
    owner = User.objects.get_or_create(username="alice")[0]
    return runs.start_run(owner=owner, request=replace(request, **changes))


def test_an_evaluator_of_one_fidelity_is_refused(request_):
    with pytest.raises(RefusedRequest) as refusal:
        started(request_, evaluator="supernet", evaluator_settings={})
    assert "several levels of effort" in str(refusal.value.errors)


@pytest.mark.slow
def test_trials_continue_each_other_as_one_training(request_):
    run = drive(started(request_))
    assert run.status == Run.Status.FINISHED
    by_number = {trial.number: trial for trial in run.trials.all()}
    sizes = {}
    for trial in by_number.values():
        sizes[trial.fidelity] = sizes.get(trial.fidelity, 0) + 1
    assert sizes == {"epochs=1": 8, "epochs=2": 4, "full": 2}
    full = next(trial for trial in by_number.values() if trial.fidelity == "full")
    middle = by_number[full.data["resume_from"]]
    first = by_number[middle.data["resume_from"]]
    assert full.data["root"] == middle.data["root"] == first.number
    assert len({t.architecture_hash for t in (first, middle, full)}) == 1
    provenances = [t.measures["accuracy"]["provenance"] for t in (first, middle, full)]
    assert provenances == ["reduced", "reduced", "fully trained"]

    # The same network trained in one piece has the same weights, bit for bit.
    evaluator = engine.prepared_evaluator_of(run)
    whole = evaluator.candidate(engine.genes_of(full), seed=engine.trial_seed(run, full))
    assert whole.advance(deadline=float("inf"), tick=lambda: True).done
    stored = engine.load_checkpoint(full.checkpoint)["network"]
    state = whole.network().state_dict()
    assert all((state[name] == stored[name]).all() for name in state)


@pytest.mark.slow
def test_only_full_trainings_are_on_the_front(request_):
    run = drive(started(request_, strategy="asha", budget=30))
    full = list(run.trials.filter(fidelity="full", status="done"))
    assert len(full) >= 2
    keep = non_dominated([(-t.value_0, t.value_1) for t in full])
    expected = {t.number for t, kept in zip(full, keep, strict=True) if kept}
    assert set(run.trials.filter(on_front=True).values_list("number", flat=True)) == expected


def test_less_of_what_the_space_cannot_reduce_is_refused(request_, dataset):
    loaded = registry.load(FAMILIES["mlp_images"].presets["8 pixels"])
    perceptrons = Space.objects.create(
        name="perceptrons",
        family=loaded.family,
        definition=loaded.to_json(),
        content_hash=loaded.content_hash(),
        size=str(loaded.size()),
    )
    with pytest.raises(RefusedRequest) as refusal:
        started(request_, space=perceptrons, evaluator_settings={"reduces": "resolution"})
    assert "cannot be reduced" in refusal.value.errors["evaluator_settings.reduces"][0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("quantity", "least", "first"), [("data", 20, "data=25%"), ("channels", 40, "channels=50%")]
)
def test_trials_with_less_of_something_else_lead_to_full_ones(request_, quantity, least, first):
    settings = EVALUATOR | {"reduces": quantity}
    least = {"eta": 4, "min_share": least}
    run = drive(started(request_, evaluator_settings=settings, strategy_settings=least, budget=5))
    assert run.status == Run.Status.FINISHED
    full = run.trials.get(fidelity="full")
    assert full.data["earlier"] == [first]
    assert full.measures["accuracy"]["provenance"] == "fully trained"

    # What was kept of the cheap ones does not matter: without it all is trained again.
    whole = candidates.candidate_of(
        run, Trial(run=run, number=1, data=full.data | {"resume_from": 0})
    )
    assert whole.advance(deadline=float("inf"), tick=lambda: True).done
    assert whole.quality("validation")["accuracy"].value == full.value_0


@pytest.mark.slow
def test_a_lost_checkpoint_is_trained_again_to_the_same_result(request_):
    undisturbed = drive(started(request_))
    run = started(request_)
    for _ in range(400):
        done = run.trials.filter(fidelity="epochs=1", status="done").exclude(checkpoint="")
        for trial in done:
            files.remove(trial.checkpoint)
        done.update(checkpoint="")
        before = run.trials.count()
        run = drive(run, at_most=1)
        if run.due_at is None and run.trials.count() == before:
            break
    assert run.status == Run.Status.FINISHED
    values = [list(r.trials.order_by("number").values_list("value_0")) for r in (undisturbed, run)]
    assert values[0] == values[1]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["successive_halving", "hyperband", "asha"])
def test_an_extended_run_trains_more_networks(request_, strategy):
    run = drive(started(request_, strategy=strategy, budget=7))
    before = run.n_told
    runs.extend_run(run=run, budget=14)
    assert drive(run).n_told > before
