"""Rows for tests of pages and REST: a run as it is after its search, without searching."""

import random

from django.db.models import F
from django.utils import timezone

from searches.models import Run, Trial
from searches.runner import engine


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
