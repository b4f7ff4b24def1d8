"""Whose weights a trial begins with, and what all of its ancestors have cost.

Parents are chosen when trials are asked for, from results that were told: what a run does depends
neither on the number of workers nor on the order in which they end.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from searches.evaluators.registry import EVALUATORS
from searches.models import Run, Trial
from searches.spaces.base import Genes, SearchSpace
from searches.strategies.base import Proposal

# Weights of so many latest results are kept for children, besides those of the front.
KEPT = 64


def hands_on(run: Run) -> bool:
    """Whether trials of the run begin with the weights of others."""
    return "inheritance" in EVALUATORS[run.evaluator].provides


def parents_of(
    run: Run,
    space: SearchSpace,
    proposals: Sequence[Proposal],
    batch: Sequence[Trial],
    front: Iterable[Trial],
) -> dict[int, int]:
    """The number of the parent by ticket; the first proposals of a run have none.

    It is what the strategy varied, or else, or when its weights are no longer kept, the nearest
    one that is: the fewest genes differ.

    Args:
        run: As it was before the batch was told.
        space: Adjusted to the data.
        proposals: That are about to become trials.
        batch: Trials that were just told.
        front: Of all trials, the batch included.
    """
    if not hands_on(run) or not proposals:
        return {}
    numbers, genes = _kept(run, batch, front)
    if not numbers:
        return {}
    place = dict(zip(genes, numbers, strict=True))
    known = np.array(genes)  # [n, n_genes]
    found = {}
    for proposal in proposals:
        named = place.get(space.canonical(proposal.parent)) if proposal.parent else None
        distances = (known != np.array(space.canonical(proposal.genes))).sum(1)
        found[proposal.ticket] = named or numbers[int(distances.argmin())]
    return found


def _kept(
    run: Run, batch: Sequence[Trial], front: Iterable[Trial]
) -> tuple[list[int], list[Genes]]:
    """Trials with weights that children may begin with, the latest first."""
    told = run.n_told + len(batch)
    rows = {trial.number: trial for trial in [*front, *batch]}
    recent = run.trials.filter(number__gt=told - KEPT, number__lte=run.n_told)
    rows |= {trial.number: trial for trial in recent.defer("run")}
    done = [trial for trial in rows.values() if trial.status == Trial.Status.DONE]
    done = [trial for trial in done if "same_as" not in trial.data]
    done.sort(key=lambda trial: -trial.number)
    return [trial.number for trial in done], [tuple(trial.data["genes"]) for trial in done]


def story_of(trial: Trial, told: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What is kept of a judged trial's lineage: its own part, and sums over all ancestors.

    Args:
        trial: That was judged.
        told: By its candidate: epochs, and share and operators of what it inherited.
        seconds: Of work on this trial.
    """
    before: dict[str, Any] = {}
    if (number := trial.data.get("parent")) is not None:
        data = Trial.objects.filter(run=trial.run_id, number=number).values_list("data", flat=True)
        before = data.get().get("lineage", {})
    macs = float(trial.measures.get("macs", {}).get("value") or 0.0)
    return {
        **told,
        "generation": before.get("generation", -1) + 1,
        "seconds": seconds,
        "total_epochs": told["epochs"] + before.get("total_epochs", 0),
        "total_seconds": seconds + before.get("total_seconds", 0.0),
        # Epochs times MACs of one sample: by this, epochs of different networks compare.
        "total_work": told["epochs"] * macs + before.get("total_work", 0.0),
    }
