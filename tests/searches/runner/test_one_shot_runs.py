"""Runs of one-shot strategies, from prepare to a chosen network, with real small trainings."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from searches.models import ChosenModel, Run, Space, Supernet
from searches.runner import engine
from searches.runner.costing import Costing
from searches.services import models, runs
from searches.services.requests import RunRequest
from searches.spaces.registry import FAMILIES, load
from searches.strategies.registry import STRATEGIES
from webnas.refusals import RefusedRequest

from .conftest import drive

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

ONE_SHOT = [name for name, card in STRATEGIES.items() if getattr(card, "trainable", None)]
QUICK = {"epochs": 4, "warmup_epochs": 1, "batch_size": 32, "choice_rate": 0.05}


@pytest.fixture
def mixed(db):
    """Two stages of two blocks: 3x3 or 5x5, narrow or wide, or left out."""
    small = FAMILIES["proxyless"].presets["small"]
    stages = [{"width": 8, "stride": 1, "n_blocks": 2}, {"width": 16, "stride": 2, "n_blocks": 2}]
    operations = [{"kernel": k, "expand": e, "groups": 1} for k in (3, 5) for e in (3, 6)]
    changes = {"stages": stages, "operations": operations, "resolutions": [8]}
    widths = {"stem_width": 8, "first_width": 8, "final_width": 32, "stem_stride": 1}
    loaded = load({**small, **changes, **widths})
    return Space.objects.create(
        name="mixed",
        family=loaded.family,
        definition=loaded.to_json(),
        content_hash=loaded.content_hash(),
        size=str(loaded.size()),
    )


@pytest.fixture
def request_(dataset, mixed):
    return RunRequest(
        name="one-shot",
        dataset=dataset,
        space=mixed,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="proxyless",
        strategy_settings=QUICK,
        evaluator="supernet",
        budget=8,
        batch=4,
        seed=3,
    )


def started(request, **changes):
    owner = User.objects.get_or_create(username="alice")[0]
    return runs.start_run(owner=owner, request=replace(request, **changes))


@pytest.mark.parametrize("name", ONE_SHOT)
def test_the_training_ends_in_candidates_that_are_judged(request_, name):
    run = drive(started(request_, strategy=name))
    assert run.status == Run.Status.FINISHED, run.error
    assert run.trials.filter(status="done").count() == 8
    supernet = Supernet.objects.get(runs=run)
    assert supernet.is_trained
    derived = [tuple(genes) for genes in supernet.report["derived"]]
    proposed = [engine.genes_of(trial) for trial in run.trials.order_by("number")]
    assert proposed == derived[:8]
    names = [choice["name"] for choice in supernet.report["choices"]]
    assert len(names) == len(set(names)) == 4
    figures = run.points.filter(stage="train").order_by("-step").first().figures
    assert {"entropy", "skips", "expected macs"} <= figures.keys()
    assert run.n_front >= 1


def test_proxyless_reports_the_memory_of_its_steps(request_):
    run = drive(started(request_))
    memory = run.supernet.report["memory"]
    assert memory["candidates"] == [2, 3, 4, 5]
    assert len(memory["mixture"]) == len(memory["two_paths"]) == 4
    assert memory["mixture"] == sorted(memory["mixture"])


def test_a_narrow_limit_that_is_no_objective_gives_networks_within_it(request_, mixed):
    costing = Costing(load(mixed.definition).with_data(in_channels=1, n_classes=10), {})
    bound = costing.bound("macs", None)
    most = bound.minimum + 0.15 * (bound.maximum - bound.minimum)
    limits = [{"measure": "macs", "at_most": most}]
    accuracy = [{"measure": "accuracy"}]
    run = drive(started(request_, strategy="gdas", objectives=accuracy, limits=limits))
    assert run.status == Run.Status.FINISHED, run.error
    done = run.trials.filter(status="done")
    assert done.count() == run.budget
    assert max(trial.measures["macs"]["value"] for trial in done) <= most


def test_candidates_can_be_trained_from_scratch_instead(request_):
    evaluator = {"epochs": 2, "warmup_epochs": 0, "batch_size": 32}
    run = drive(
        started(request_, evaluator="full", evaluator_settings=evaluator, budget=4), at_most=300
    )
    assert run.status == Run.Status.FINISHED, run.error
    done = run.trials.filter(status="done")
    assert {t.measures["accuracy"]["provenance"] for t in done} == {"fully trained"}


def test_a_member_of_the_front_becomes_a_checked_network(request_):
    run = drive(started(request_))
    trial = run.trials.filter(on_front=True).first()
    model = models.choose(owner=run.owner, run=run, number=trial.number)
    drive(run)
    model.refresh_from_db()
    assert model.status == ChosenModel.Status.READY, model.error
    assert model.files.filter(format="onnx").exists()


def test_a_space_without_choices_to_mix_is_refused_with_the_reason(request_, space):
    with pytest.raises(RefusedRequest) as refusal:
        started(request_, space=space)
    assert "choices that can be mixed with weights" in str(refusal.value.errors)


def test_a_supernet_of_another_strategy_is_refused(request_):
    run = drive(started(request_))
    with pytest.raises(RefusedRequest) as refusal:
        started(request_, strategy="gdas", supernet=run.supernet)
    assert "GDAS did not train this supernet" in str(refusal.value.errors)


def test_the_same_seed_gives_the_same_front_again(request_):
    fronts = []
    for _ in range(2):
        run = drive(started(request_))
        rows = run.trials.filter(on_front=True).order_by("number")
        fronts.append(list(rows.values_list("architecture_hash", "value_0", "value_1")))
    assert fronts[0] == fronts[1]
