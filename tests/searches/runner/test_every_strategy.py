"""Every strategy that is told what its proposals are worth, from a request to a front."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from searches.models import Run
from searches.objectives.fronts import non_dominated
from searches.services import runs
from searches.services.requests import RunRequest
from searches.strategies.registry import STRATEGIES

from .conftest import drive

pytestmark = pytest.mark.django_db

# Driven through a run by the fast tests, too.
QUICK = {"random", "nsga2"}
SAMPLING = [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
    for name, card in STRATEGIES.items()
    if card.trainable is None and "fidelities" not in card.requires
]
# Three resolutions, two depths, three kernels and two expansions; of other genes the first option.
STEPS = "resolution=2, unit1.depth=2, unit1.block1.kernel=1, unit1.block1.expand=2"
SETTINGS = {"grid": {"step": 1000, "steps": STEPS}, "specialise": {"candidates": 200}}
BUDGET = 40
JUDGED = {"grid": 3 * 2 * 3 * 2}


def started(dataset, space, name, **changes):
    request = RunRequest(
        name="every strategy",
        dataset=dataset,
        space=space,
        objectives=[{"measure": "accuracy"}, {"measure": "macs"}],
        strategy=name,
        strategy_settings=SETTINGS.get(name, {}),
        evaluator="formula",
        budget=BUDGET,
        batch=10,
        seed=3,
    )
    owner = User.objects.create(username="alice")
    return runs.start_run(owner=owner, request=replace(request, **changes))


@pytest.mark.parametrize("name", SAMPLING)
def test_a_run_judges_its_budget_and_shows_the_front_of_all_its_trials(dataset, space, name):
    run = drive(started(dataset, space, name))
    assert run.status == Run.Status.FINISHED, run.error
    trials = list(run.trials.order_by("number"))
    assert [trial.status for trial in trials] == ["done"] * JUDGED.get(name, BUDGET)
    assert len({trial.architecture_hash for trial in trials}) == len(trials)
    keep = non_dominated([(-trial.value_0, trial.value_1) for trial in trials])
    expected = {trial.number for trial, kept in zip(trials, keep, strict=True) if kept}
    front = set(run.trials.filter(on_front=True).values_list("number", flat=True))
    assert front == expected
    assert run.n_front == len(expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLING)
def test_a_run_that_is_extended_judges_more(dataset, space, name):
    """By the same process that has searched so far, as by any other."""
    if name == "grid":
        pytest.skip("a grid has as many points as it has, whatever the budget")
    run = drive(started(dataset, space, name, budget=12, batch=6))
    assert run.n_told == 12
    runs.extend_run(run=run, budget=18)
    run = drive(run)
    assert (run.status, run.n_told) == (Run.Status.FINISHED, 18)
