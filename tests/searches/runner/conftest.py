"""Runs that are driven in this process, task by task, as workers would."""

from random import Random

import pytest
from django.utils import timezone

from searches import tasks
from searches.models import ChosenModel, DataSet, Run, Space, Trial
from searches.objectives.cards import Card
from searches.runner import engine, search
from searches.spaces import registry
from searches.spaces.registry import FAMILIES
from webnas.work import files

TASKS = {Run: tasks.advance_run, Trial: tasks.evaluate_trial, ChosenModel: tasks.make_model}


@pytest.fixture(autouse=True)
def _fresh_process():
    """No strategy, evaluator or table is kept from another test's rows of the same number."""
    search._strategies.clear()
    engine._prepared.clear()


@pytest.fixture(autouse=True)
def formula(monkeypatch):
    """The registry has one more evaluator, which needs no torch."""
    from searches.evaluators.registry import EVALUATORS

    folder = "tests.searches.runner.fakes"
    card = Card(
        name="formula",
        label="Formula",
        path=f"{folder}:FormulaEvaluator",
        settings=f"{folder}:FormulaSettings",
        summary="For tests.",
        requires=EVALUATORS["supernet"].requires,
        provides=EVALUATORS["supernet"].provides,
    )
    monkeypatch.setitem(EVALUATORS._all(), "formula", card)


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    """Messages go nowhere: the driver below finds due rows, as the sweeper does."""
    monkeypatch.setattr("webnas.work.leases.current_app.send_task", lambda *a, **k: None)


@pytest.fixture(scope="session")
def small_data():
    """Sixty digits: enough to have every class in every split."""
    from searches.datasets import splits
    from searches.datasets.digits import digits

    data = digits()
    part = (data.x_train[:150], data.y_train[:150])
    return splits.split(part, None, None, classes=data.classes, seed=0)


@pytest.fixture
def dataset(small_data, db):
    stored = files.write("datasets", ".npz", small_data.to_bytes())
    return DataSet.objects.create(
        name="digits",
        source=DataSet.Source.BUILTIN,
        status=DataSet.Status.READY,
        file=stored.name,
        sha256=small_data.sha256(),
        statistics=small_data.statistics(),
    )


@pytest.fixture
def space(db):
    definition = dict(FAMILIES["ofa_mobilenet_v3"].presets["small"])
    definition.setdefault("family", "ofa_mobilenet_v3")
    loaded = registry.load(definition)
    return Space.objects.create(
        name="small",
        family=loaded.family,
        definition=loaded.to_json(),
        content_hash=loaded.content_hash(),
        size=str(loaded.size()),
    )


def drive(run, *, order_seed=None, at_most=2000):
    """Do due slices until nothing is due; the order of due rows can be shuffled."""
    rng = Random(order_seed)
    for _ in range(at_most):
        Run.objects.filter(pk=run.pk, due_at__isnull=False).update(due_at=timezone.now())
        due = [
            (model, pk)
            for model in TASKS
            for pk in model.objects.filter(due_at__lte=timezone.now()).values_list("pk", flat=True)
        ]
        if not due:
            break
        model, pk = rng.choice(due) if order_seed is not None else due[-1]
        TASKS[model](pk)
    run.refresh_from_db()
    return run
