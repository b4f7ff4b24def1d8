"""Runs that begin with the trials of an earlier one."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from django.contrib.auth.models import User

from devices.models import DeviceProfile
from devices.profiles.builtin import analytic
from devices.versions import add_version
from searches.models import Run, RunPrior, Trial
from searches.objectives.fronts import non_dominated
from searches.objectives.measures import to_json
from searches.runner import engine
from searches.services import runs, warm
from searches.services.requests import RunRequest
from searches.spaces import registry
from searches.strategies.registry import STRATEGIES
from webnas.refusals import RefusedRequest

from .conftest import drive
from .fakes import Judged

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return User.objects.create_user("alice")


@pytest.fixture
def device():
    row = DeviceProfile.objects.create(owner=None, name="board")
    add_version(row, analytic()[0])
    return row


@pytest.fixture
def request_(dataset, space):
    return RunRequest(
        name="first",
        dataset=dataset,
        space=space,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="random",
        evaluator="formula",
        evaluator_settings={},
        budget=30,
        batch=10,
        seed=3,
    )


@pytest.fixture
def origin(owner, request_):
    """As its search leaves it, without searching: 30 networks and their shared weights."""
    run = runs.start_run(owner=owner, request=request_)
    stored = engine.store_checkpoint("supernets", {"step": 3})
    net = engine.supernet_of(run)
    net.checkpoint, net.sha256, net.is_trained = stored.name, stored.sha256, True
    net.save()
    costing, rng = engine.costing_of(run), Random(0)
    genes = [costing.space.sample(rng) for _ in range(30)]
    trials = [
        judged(run, number, costing.space.hash(one), {"genes": list(one), "measures": costs})
        for number, (one, costs) in enumerate(
            zip(genes, map(to_json, costing.measures(genes)), strict=True), start=1
        )
    ]
    losses = np.array([(-trial.value_0, trial.value_1) for trial in trials])
    for trial, is_best in zip(trials, non_dominated(losses), strict=True):
        trial.on_front = bool(is_best)
    Trial.objects.bulk_create(trials)
    ended = {"status": "finished", "due_at": None, "n_asked": 30, "n_told": 30, "supernet": net}
    n_front = sum(trial.on_front for trial in trials)
    Run.objects.filter(pk=run.pk).update(n_front=n_front, **ended)
    run.refresh_from_db()
    return run


def judged(run, number, name, data):
    """A trial with the quality of the fake evaluator."""
    quality = Judged(data["genes"], 1, False).quality("validation", tick=lambda: None)
    data["measures"] |= to_json(quality)
    return Trial(
        run=run,
        number=number,
        architecture_hash=name,
        status="done",
        value_0=quality["accuracy"].value,
        value_1=data["measures"]["macs"]["value"],
        is_told=True,
        data=data,
    )


@pytest.fixture
def again(request_, origin, device):
    """The same search by evolution on a device, from the first one's trials and weights."""
    return replace(
        request_,
        name="second",
        strategy="nsga2",
        devices=[device],
        objectives=[{"measure": "accuracy"}, {"measure": "latency", "device": device.pk}],
        supernet=origin.supernet,
        warm_start=origin,
    )


def refusal(owner, request):
    with pytest.raises(RefusedRequest) as refused:
        runs.start_run(owner=owner, request=request)
    return " ".join(refused.value.errors.get("warm_start", []))


def problem_of(run):
    return engine.problem_of(run, engine.costing_of(run))


def test_the_first_batch_has_the_front_of_the_earlier_run_costed_anew(owner, again, origin):
    run = drive(runs.start_run(owner=owner, request=again))
    costing = engine.costing_of(run)
    trials = list(origin.trials.filter(status="done"))
    genes = [tuple(trial.data["genes"]) for trial in trials]
    latency = costing.values(genes, "latency", again.devices[0].pk)
    losses = np.stack([[-trial.value_0 for trial in trials], latency], axis=1)
    keep = non_dominated(losses)
    front = {one for one, kept in zip(genes, keep, strict=True) if kept}
    first = run.trials.filter(number__lte=run.batch)
    assert front <= {tuple(trial.data["genes"]) for trial in first}
    assert 2 <= len(front) < run.batch
    for trial in first:
        assert trial.value_1 == pytest.approx(
            costing.values([tuple(trial.data["genes"])], "latency", again.devices[0].pk)[0]
        )


def test_prior_results_have_the_quality_that_was_measured_and_todays_costs(owner, again, origin):
    run = runs.start_run(owner=owner, request=again)
    costing, prior = engine.costing_of(run), problem_of(run).prior
    assert len(prior) == origin.trials.values("architecture_hash").distinct().count()
    by_genes = {tuple(t.data["genes"]): t for t in origin.trials.all()}
    for result in prior:
        assert result.ticket == 0
        trial = by_genes[result.genes]
        latency = costing.values([result.genes], "latency", again.devices[0].pk)[0]
        assert result.losses == pytest.approx((-trial.value_0, latency))
    n_front = origin.n_front
    assert all(by_genes[result.genes].on_front for result in prior[:n_front])


@pytest.mark.parametrize(
    "changes",
    [{"evaluator_settings": {"steps": 4}}, {"supernet": None}],
    ids=["another recipe", "other weights"],
)
def test_quality_that_was_judged_differently_is_not_taken_over(owner, again, origin, changes):
    run = runs.start_run(owner=owner, request=replace(again, **{"supernet": None} | changes))
    prior = problem_of(run).prior
    assert all(result.losses is None for result in prior)
    first = engine.strategy_of(run, engine.costing_of(run)).ask(10)
    assert [proposal.genes for proposal in first] == [result.genes for result in prior[:10]]
    assert "without their quality" in run.events.get(text__startswith="Starts from").text


def test_costs_alone_need_no_quality(owner, again):
    objectives = [{"measure": "macs"}, {"measure": "storage"}]
    asked = replace(again, objectives=objectives, evaluator_settings={"steps": 4}, supernet=None)
    prior = problem_of(runs.start_run(owner=owner, request=asked)).prior
    assert all(result.losses is not None for result in prior)


def test_new_limits_judge_the_prior(owner, again, origin):
    trials = origin.trials.filter(status="done")
    median = float(np.median([trial.value_1 for trial in trials]))
    best = max(trial.value_0 for trial in trials)
    limits = [{"measure": "macs", "at_most": median}, {"measure": "accuracy", "at_least": best}]
    run = runs.start_run(owner=owner, request=replace(again, limits=limits))
    by_genes = {tuple(t.data["genes"]): t for t in trials}
    for result in problem_of(run).prior:
        trial = by_genes[result.genes]
        wanted = max(trial.value_1 / median - 1, 0) + max((best - trial.value_0) / best, 0)
        assert result.violation == pytest.approx(wanted)
    proposals = engine.strategy_of(run, engine.costing_of(run)).ask(10)
    costs = engine.costing_of(run).values([p.genes for p in proposals], "macs", None)
    assert (costs <= median).all()


def test_the_copy_outlives_the_earlier_run(owner, again, origin):
    run = runs.start_run(owner=owner, request=again)
    before = problem_of(run).prior
    Run.objects.filter(pk=origin.pk).update(supernet=None)
    runs.delete_run(run=origin)
    run.refresh_from_db()
    assert run.warm_start is None
    assert problem_of(run).prior == before
    Run.objects.filter(pk=run.pk).update(status="cancelled")
    run.refresh_from_db()
    runs.delete_run(run=run)
    assert not RunPrior.objects.exists()


def test_only_the_best_are_taken(owner, again, origin, monkeypatch):
    monkeypatch.setattr(warm, "MOST", 3)
    taken = warm.best_of(origin)
    assert len(taken) == origin.n_front + 3
    rest = list(origin.trials.filter(on_front=False))
    chosen = taken[origin.n_front :]
    losses = np.array([(-t.value_0, t.value_1) for t in rest])
    second = {t.pk for t, kept in zip(rest, non_dominated(losses), strict=True) if kept}
    assert {t.pk for t in chosen} <= second or second <= {t.pk for t in chosen}


def test_a_clone_starts_from_the_same_run(owner, again, origin):
    run = runs.start_run(owner=owner, request=again)
    clone = runs.clone_run(run=run, owner=owner, changes={})
    assert (clone.parent, clone.warm_start) == (run, origin)
    assert problem_of(clone).prior == problem_of(run).prior


def test_a_run_of_somebody_else_is_refused(again):
    assert "not a run of yours" in refusal(User.objects.create_user("bob"), again)


def test_another_space_is_refused(owner, again, space):
    definition = {**space.definition, "resolutions": [16, 32]}
    loaded = registry.load(definition)
    space.pk, space.name = None, "other"
    space.definition, space.content_hash = definition, loaded.content_hash()
    space.save()
    asked = replace(again, space=space, supernet=None)
    assert "searched another space" in refusal(owner, asked)


def test_a_run_without_results_is_refused(owner, again, request_):
    empty = runs.start_run(owner=owner, request=request_)
    assert "judged no network" in refusal(owner, replace(again, warm_start=empty))
    Trial.objects.create(run=empty, number=1, fidelity="1 epoch", status="done", data={})
    assert "judged no network" in refusal(owner, replace(again, warm_start=empty))


@pytest.mark.parametrize("name", ["random", "grid", "darts", "asha"])
def test_strategies_that_take_no_prior_are_refused(owner, again, name):
    asked = replace(again, strategy=name)
    assert "does not begin with earlier results" in refusal(owner, asked)


@pytest.mark.slow
def test_every_strategy_that_promises_it_begins_with_the_prior(owner, again, origin):
    run = runs.start_run(owner=owner, request=again)
    front = {tuple(t.data["genes"]) for t in origin.trials.all()}
    promised = [card.name for card in STRATEGIES.values() if warm.TAG in card.provides]
    assert "nsga2" in promised
    for name in promised:
        Run.objects.filter(pk=run.pk).update(strategy=name)
        run.refresh_from_db()
        proposals = engine.strategy_of(run, engine.costing_of(run)).ask(6)
        assert front & {proposal.genes for proposal in proposals}, name
