"""Runs whose trials begin with the weights of earlier ones."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from searches.models import Run, Space, Trial
from searches.runner import candidates, engine, lineage
from searches.services import runs
from searches.services.requests import RunRequest
from searches.strategies.base import Proposal
from webnas.work import files

from .conftest import drive

pytestmark = pytest.mark.django_db

EVALUATOR = {"epochs": 1, "founder_epochs": 2, "batch_size": 32}


@pytest.fixture
def request_(dataset, tiny_space):
    tiny = Space.objects.create(
        name="tiny",
        family=tiny_space.family,
        definition=tiny_space.to_json(),
        content_hash=tiny_space.content_hash(),
        size=str(tiny_space.size()),
    )
    return RunRequest(
        name="lineages",
        dataset=dataset,
        space=tiny,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy="regularised_evolution",
        strategy_settings={"population": 3},
        evaluator="inherited",
        evaluator_settings=EVALUATOR,
        budget=9,
        batch=3,
        seed=3,
    )


def started(request, **changes):
    owner = User.objects.get_or_create(username="alice")[0]
    return runs.start_run(owner=owner, request=replace(request, **changes))


def outcome(run):
    columns = ("number", "architecture_hash", "data__parent", "value_0", "on_front")
    return list(run.trials.order_by("number").values_list(*columns))


@pytest.mark.slow
def test_every_trial_after_the_first_batch_has_a_parent_and_counts_its_cost(request_):
    run = drive(started(request_))
    assert run.status == Run.Status.FINISHED, run.error
    trials = {trial.number: trial for trial in run.trials.all()}
    assert [number for number in trials if "parent" not in trials[number].data] == [1, 2, 3]
    for number, trial in trials.items():
        story = trial.data["lineage"]
        if number <= 3:
            assert (story["generation"], story["total_epochs"]) == (0, 2)
            continue
        parent = trials[trial.data["parent"]]
        assert parent.number <= 3 * ((number - 1) // 3), "only what was told can be a parent"
        before = parent.data["lineage"]
        assert story["generation"] == before["generation"] + 1
        assert story["total_epochs"] == before["total_epochs"] + 1
        work = before["total_work"] + trial.measures["macs"]["value"]
        assert story["total_work"] == work
        assert trial.measures["accuracy"]["provenance"] == "inherited"


@pytest.mark.slow
def test_order_of_workers_and_lost_weights_do_not_matter(request_):
    plain = outcome(drive(started(request_)))
    assert outcome(drive(started(request_), order_seed=5)) == plain
    run = started(request_)
    while run.status in Run.ACTIVE:
        for trial in run.trials.filter(status="done").exclude(checkpoint=""):
            files.remove(trial.checkpoint)
        run = drive(run, at_most=1)
    assert outcome(run) == plain


@pytest.mark.slow
def test_a_network_whose_lineage_was_forgotten_is_trained_again(request_):
    run = drive(started(request_))
    child = run.trials.order_by("number").last()
    run.trials.update(checkpoint="", n_bytes=0)
    again = candidates.candidate_of(run, run.trials.get(pk=child.pk))
    assert again.advance(deadline=float("inf"), tick=lambda: True).done
    assert again.quality("validation")["accuracy"].value == child.value_0


KNOWN = {1: (0, 0, 0, 0), 2: (1, 0, 0, 0), 3: (1, 1, 0, 0)}


@pytest.fixture
def told(request_):
    """A run with three judged trials, before it asks for more."""
    run = started(request_)
    space = engine.space_of(run)
    n = len(space.genes)
    rows = [
        Trial(
            run=run,
            number=number,
            architecture_hash=f"{number}",
            status=Trial.Status.DONE,
            is_told=True,
            data={"genes": list(space.canonical((*genes, *[0] * (n - len(genes)))))},
        )
        for number, genes in KNOWN.items()
    ]
    Trial.objects.bulk_create(rows)
    run.n_told = 3
    return run


def parent(run, genes, *, named=None, front=()):
    space = engine.space_of(run)
    padded = [
        space.canonical((*g, *[0] * (len(space.genes) - len(g)))) if g else None
        for g in (genes, named)
    ]
    proposal = Proposal(4, padded[0], parent=padded[1])
    trials = run.trials.filter(number__in=front)
    return lineage.parents_of(run, space, [proposal], [], trials).get(4)


def test_the_strategy_names_the_parent(told):
    assert parent(told, (1, 1, 0, 0), named=(0, 0, 0, 0)) == 1


def test_without_a_name_it_is_the_nearest_and_of_equals_the_latest(told):
    assert parent(told, (0, 0, 1, 0)) == 1
    assert parent(told, (0, 1, 0, 0)) == 3


def test_a_failed_trial_is_no_parent(told):
    told.trials.filter(number=3).update(status=Trial.Status.FAILED)
    assert parent(told, (1, 1, 0, 0), named=(1, 1, 0, 0)) == 2


def test_weights_that_are_not_kept_are_not_inherited(told, monkeypatch):
    monkeypatch.setattr(lineage, "KEPT", 2)
    assert parent(told, (0, 0, 0, 0), named=(0, 0, 0, 0)) == 2
    assert parent(told, (0, 0, 0, 0), named=(0, 0, 0, 0), front=[1]) == 1


def test_other_evaluators_have_no_parents(told):
    told.evaluator = "full"
    assert parent(told, (1, 0, 1, 0)) is None
