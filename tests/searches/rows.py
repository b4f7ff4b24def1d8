"""Rows for tests of services, pages and REST: a run after its search, without searching."""

import random

from django.db.models import F
from django.utils import timezone

from searches.models import DataSet, Run, Space, Trial
from searches.runner import engine


def bare_run(owner, **columns):
    """A run that is nothing but its row: nothing can be read from its data set and its space."""
    data = DataSet.objects.create(owner=owner, name="d", source="npz")
    space = Space.objects.create(
        owner=owner, name="s", family="ofa_mobilenet_v3", definition={}, content_hash="x", size="1"
    )
    usual = {
        "name": "r",
        "target": "mobile",
        "strategy": "nsga2",
        "evaluator": "supernet",
        "objectives": [
            {"measure": "accuracy", "direction": "max"},
            {"measure": "macs", "direction": "min"},
        ],
        "budget": 10_000,
        "batch": 20,
    }
    return Run.objects.create(owner=owner, dataset=data, space=space, **usual | columns)


def bare_trials(run, count, columns=lambda number: {}):
    """Trials 1 to `count`, judged and told but for what `columns` says of each number."""
    usual = {"status": Trial.Status.DONE, "is_told": True, "data": {"genes": []}}
    rows = (
        Trial(run=run, number=n, architecture_hash=f"{n:016x}", **usual | columns(n))
        for n in range(1, count + 1)
    )
    Trial.objects.bulk_create(rows, batch_size=2000)
    Run.objects.filter(pk=run.pk).update(n_asked=count, n_told=count)
    run.refresh_from_db()


def add_trials(run, count, *, front=10, seed=0):
    """`count` judged trials of a run with plausible values; the first `front` are the front."""
    rng = random.Random(seed)
    space = engine.space_of(run)
    data = _data(space.sample(rng), run)
    now = timezone.now()
    start = run.n_asked
    rows = [
        Trial(
            run=run,
            number=number,
            architecture_hash=f"{number:016x}",
            status=Trial.Status.DONE,
            value_0=round(rng.uniform(0.3, 0.99), 4),
            value_1=rng.lognormvariate(0, 1),
            value_2=float(rng.randrange(10**5, 10**6)),
            on_front=number < start + front,
            violation=0.0 if rng.random() < 0.9 else rng.random(),
            is_told=True,
            data=data,
            ended_at=now,
        )
        for number in range(start, start + count)
    ]
    Trial.objects.bulk_create(rows, batch_size=2000)
    Run.objects.filter(pk=run.pk).update(
        n_asked=F("n_asked") + count, n_told=F("n_told") + count, n_front=front
    )
    run.refresh_from_db()
    return rows


def _data(genes, run):
    measures = {
        "accuracy": {
            "value": 0.9,
            "unit": "",
            "provenance": "supernet",
            "split": "validation",
            "n": 360,
        },
        "storage": {"value": 1e5, "unit": "B", "provenance": "analytic"},
    }
    return {"genes": list(genes), "measures": measures}
