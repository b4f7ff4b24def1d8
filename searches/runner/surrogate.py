"""What a run expects of networks before they are judged on its supernet.

The supernet's predictor says it, when there is one that ranks better than the work that networks
do; otherwise that work does: of two networks the one with more multiply-accumulates is expected
to be better.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from searches.models import Run, Supernet, SupernetPredictor
from searches.objectives.limits import Limit
from searches.objectives.objectives import Objective
from searches.predictors.quality import QualityPredictor
from searches.runner import engine
from searches.runner.costing import COLUMNS, Costing
from searches.runner.pairs import costs_of
from searches.spaces.base import Genes, SearchSpace
from searches.strategies.base import Expectation
from webnas.work import files

# In the versions of a run: what ranks its candidates.
VERSION = "predictor"
MACS = "macs"


def usable(supernet: Supernet | None) -> SupernetPredictor | None:
    """The predictor that ranks candidates; None when there is none, or none that is worth it."""
    if supernet is None:
        return None
    rows = SupernetPredictor.objects.filter(
        supernet=supernet,
        status=SupernetPredictor.Status.READY,
        weights_sha256=supernet.sha256,
    )
    return rows.first()


def version_of(run: Run) -> str:
    """What would rank the candidates of the run now."""
    row = usable(run.supernet)
    return row.sha256 if row else MACS


class Surrogate:
    """Expectations of one run's networks: known costs, and quality by a predictor or by work.

    Bound to what ranked candidates when the run was prepared: a predictor that came later is not
    asked.
    """

    def __init__(self, run: Run, costing: Costing):
        self.run, self.costing = run, costing
        self.objectives, self.limits = engine.objectives_of(run), engine.limits_of(run)
        self._qualities = engine.qualities_of(run)
        row = usable(run.supernet)
        is_pinned = row is not None and row.sha256 == run.versions.get(VERSION)
        self.row = row if is_pinned else None

    def __call__(self, population: Sequence[Genes]) -> Expectation:
        losses = self.costing.losses(population, self.objectives)
        excess = self.costing.violations(population, self.limits)
        scores = {name: self._scores(name, population) for name in self._asked()}
        for column, objective in enumerate(self.objectives):
            if objective.measure in scores:
                losses[:, column] = -scores[objective.measure]
        for limit in self.limits:
            if self._predicts(limit.measure):
                excess = excess + self._excess(limit, scores[limit.measure])
        return Expectation(losses, excess)

    def _asked(self) -> set[str]:
        items: list[Objective | Limit] = [*self.objectives, *self.limits]
        return {item.measure for item in items if item.measure not in COLUMNS}

    def _predicts(self, measure: str) -> bool:
        return bool(self.row and self.row.report.get(measure, {}).get("is_used"))

    def _scores(self, measure: str, population: Sequence[Genes]) -> Any:
        """[n] larger is better; of the measure itself when it is predicted."""
        if self.row is None or not self._predicts(measure):
            return np.log(self.costing.values(population, MACS, None))
        predictor = _predictor(self.costing.space, self.row.file, self.row.sha256, measure)
        return predictor.predict(population, costs_of(self.costing, population))

    def _excess(self, limit: Limit, scores: Any) -> Any:
        is_larger_better = self._qualities[limit.measure].direction == "max"
        values = scores if is_larger_better else -scores
        return limit.excess(values, values)

    def text(self) -> str:
        """What ranks the candidates, for the run's log."""
        if self.row is None:
            return f"Candidates are ranked by their multiply-accumulates: {_why_not(self.run)}."
        ranked = [
            f"{self._qualities[name].label.lower()} with a Kendall tau of {_told(found)}"
            for name, found in self.row.report.items()
            if found["is_used"]
        ]
        pairs = f"{self.row.n_pairs} networks measured on it"
        return f"The supernet's predictor ranks candidates by {'; '.join(ranked)} ({pairs})."


def _told(found: dict[str, Any]) -> str:
    ours, macs = found["predictor"], found[MACS]
    return f"{ours['tau']:.2f} ± {ours['error']:.2f}, MACs {macs['tau']:.2f} ± {macs['error']:.2f}"


def _why_not(run: Run) -> str:
    row = SupernetPredictor.objects.filter(supernet=run.supernet).first()
    if row is None:
        return "the supernet has no predictor"
    if row.status == SupernetPredictor.Status.REFUSED:
        return "the supernet's predictor ranks no better"
    return f"the supernet's predictor is not ready: {row.status}"


@lru_cache(maxsize=8)
def _predictor(space: SearchSpace, name: str, sha256: str, measure: str) -> QualityPredictor:  # noqa: ARG001
    """Kept by the file's hash as well: the hash, not the name, says what it holds."""
    return QualityPredictor.from_json(space, json.loads(files.read(name))["predictors"][measure])
