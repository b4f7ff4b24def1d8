"""Measuring pairs of architecture and quality on a trained supernet, and learning from them.

The networks are a fixed sequence of the space and the row's seed: the two ends of the
multiply-accumulates, then random ones. A slice judges the next few and stores all so far in a new
file; the last one fits the predictors and says how well they rank pairs that they have not seen.
"""

import json
import logging
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from searches.models import Run, Supernet, SupernetPredictor
from searches.objectives.agreement import agreement, lead
from searches.predictors.quality import Pairs, QualityPredictor, held_out
from searches.runner import engine, slices
from searches.runner.costing import Costing
from searches.spaces.base import Genes
from webnas.disk import is_no_space
from webnas.work import files, leases
from webnas.work.leases import Heartbeat, Lease, LeaseLost

logger = logging.getLogger(__name__)

Status = SupernetPredictor.Status
# What a predictor knows of a network beside its choices; the first one is what it has to beat.
COSTS = ("macs", "parameters")
# Fewer pairs tell nothing about a predictor.
FEWEST = 20
# How many are measured unless somebody wants another number.
USUAL = 120
# A tau of so many standard errors is no chance.
CLEARLY = 2.0
# Seconds after which others have their turn: nobody waits for a predictor as for a model.
TURN = 5
# Draws for each new network of a small space.
DRAWS = 50
FOLDER = "predictors"

# Genes, and by measure what was measured.
Measured = list[tuple[list[int], dict[str, float]]]


def begin_after(run: Run) -> None:
    """Queue the measuring for a supernet that has none, once the run that trained it is over."""
    supernet = run.supernet
    if supernet is not None and engine.judges_networks(supernet):
        begin(supernet, n=USUAL, seed=0, is_again=False)


def begin(supernet: Supernet, *, n: int, seed: int, is_again: bool = True) -> SupernetPredictor:
    """Queue the measuring of `n` pairs; inside a transaction. What was measured is kept."""
    fresh: dict[str, Any] = {"status": Status.MEASURING, "n_wanted": n, "seed": seed}
    fresh |= {"due_at": timezone.now(), "nudged_at": None, "attempts": 0, "error": ""}
    fresh |= {"report": {}, "ended_at": None}
    rows = SupernetPredictor.objects
    row, is_new = rows.get_or_create(supernet=supernet, defaults=fresh)
    if not is_new and is_again:
        rows.filter(pk=row.pk).update(**fresh)
        row.refresh_from_db()
    if is_new or is_again:
        leases.nudge_on_commit(SupernetPredictor, row.pk)
    return row


def measure(lease: Lease) -> None:
    """One slice: judge some more networks; once there are enough, learn from them."""
    rows = SupernetPredictor.objects.select_related(
        "supernet__dataset", "supernet__space", "supernet__owner"
    )
    row = rows.get(pk=lease.pk)
    if lease.attempts > settings.WEBNAS_TRIAL_ATTEMPTS:
        _give_up(lease, Status.LOST, f"Its worker was lost {lease.attempts - 1} times.")
        return
    with Heartbeat(lease) as heartbeat, suppress(LeaseLost):
        try:
            _slice(lease, row, heartbeat)
        except LeaseLost:
            raise
        except Exception as error:  # whatever the engine raised ends this row, not the worker
            logger.exception("Predictor %s failed", row.pk)
            reason = slices.NO_SPACE if is_no_space(error) else traceback.format_exc()
            _give_up(lease, Status.FAILED, reason)


def _give_up(lease: Lease, status: str, reason: str) -> None:
    lease.release(status=status, error=reason, due_at=None, ended_at=timezone.now())


def _slice(lease: Lease, row: SupernetPredictor, heartbeat: Heartbeat) -> None:
    started = time.monotonic()
    run = engine.judging_run(row.supernet)
    pairs = _stored(row)
    plan = planned(Costing(engine.space_of(run), {}), row.n_wanted, row.seed)
    _judge(lease, run, pairs, plan, heartbeat)
    is_done = len(pairs) >= len(plan)
    content: dict[str, Any] = {"pairs": pairs}
    fields: dict[str, Any] = {"n_pairs": len(pairs), "due_at": timezone.now(), "nudged_at": None}
    if is_done:
        content["predictors"], fields["report"] = learned(run, pairs, seed=row.seed)
        fields |= {"status": _status(fields["report"]), "due_at": None, "ended_at": timezone.now()}
    fields["seconds"] = row.seconds + time.monotonic() - started
    _store(lease, row, content, fields)


def _stored(row: SupernetPredictor) -> Measured:
    """The pairs of earlier slices, if they were measured on these weights."""
    if not row.file or row.weights_sha256 != row.supernet.sha256:
        return []
    pairs: Measured = json.loads(files.read(row.file))["pairs"]
    return pairs


def planned(costing: Costing, n: int, seed: int) -> list[Genes]:
    """At most `n` different networks of the space: both ends of the work, then random ones."""
    ends, rng = costing.bound("macs", None), Random(engine.seed_of(seed, "pairs"))
    found = dict.fromkeys([ends.cheapest, ends.dearest])
    for _ in range(DRAWS * n):
        if len(found) >= n:
            break
        found.setdefault(costing.space.sample(rng))
    return list(found)[:n]


def _judge(
    lease: Lease, run: Run, pairs: Measured, plan: Sequence[Genes], heartbeat: Heartbeat
) -> None:
    """Append pairs until the slice's time is up or the worker has to stop."""
    evaluator, longest = engine.prepared_evaluator_of(run), slices.deadline()
    until = min(longest, time.monotonic() + TURN)
    for genes in plan[len(pairs) :]:
        candidate = evaluator.candidate(genes, seed=engine.seed_of(run.seed, len(pairs)))
        if not candidate.advance(deadline=longest, tick=heartbeat.tick).done:
            return
        found = candidate.quality("validation", tick=heartbeat.tick)
        pairs.append((list(genes), {name: value.value for name, value in found.items()}))
        lease.write(n_pairs=len(pairs))
        if time.monotonic() >= until or not heartbeat.tick():
            return


def learned(run: Run, pairs: Measured, *, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Predictors by quality measure, and what they are worth."""
    costing = Costing(engine.space_of(run), {})
    genes = [tuple(row) for row, _ in pairs]
    costs = costs_of(costing, genes)
    predictors, report = {}, {}
    for measure in engine.target_card(run.target).qualities:
        scores = [found[measure.name] for _, found in pairs if measure.name in found]
        if len(scores) == len(pairs) >= FEWEST:
            sign = 1.0 if measure.direction == "max" else -1.0
            learnt = Pairs(genes, costs, sign * np.array(scores))
            predictors[measure.name] = QualityPredictor(costing.space, learnt).to_json()
            report[measure.name] = _worth(costing, learnt, seed)
    return predictors, report


def costs_of(costing: Costing, genes: Sequence[Genes]) -> Any:
    """[n, 2] multiply-accumulates and parameters."""
    return np.column_stack([costing.values(genes, name, None) for name in COSTS])


def _worth(costing: Costing, pairs: Pairs, seed: int) -> dict[str, Any]:
    """How the predictor ranks pairs that it has not seen, beside what is free to know."""

    def rng() -> np.random.Generator:
        return np.random.default_rng(engine.seed_of(seed, "resamples"))

    expected = held_out(costing.space, pairs, np.random.default_rng(engine.seed_of(seed, "folds")))
    scores = {"predictor": expected}
    scores |= {name: pairs.costs[:, column] for column, name in enumerate(COSTS)}
    found: dict[str, Any] = {
        name: agreement(score, pairs.scores, rng()).to_json() for name, score in scores.items()
    }
    ahead, own = lead(expected, scores[COSTS[0]], pairs.scores, rng()), found["predictor"]
    is_used = ahead.tau > 0 and own["tau"] > CLEARLY * own["error"]
    return found | {"lead": ahead.to_json(), "is_used": is_used}


def _status(report: dict[str, Any]) -> str:
    is_used = any(found["is_used"] for found in report.values())
    return Status.READY if is_used else Status.REFUSED


def _store(
    lease: Lease, row: SupernetPredictor, content: dict[str, Any], fields: dict[str, Any]
) -> None:
    stored = files.write(FOLDER, ".json", json.dumps(content).encode())
    fields |= {"file": stored.name, "sha256": stored.sha256, "n_bytes": stored.n_bytes}
    fields["weights_sha256"] = row.supernet.sha256
    with files.removed_on_error(stored.name), transaction.atomic():
        if not lease.release(**fields):
            raise LeaseLost
        if fields["due_at"] is not None:
            leases.nudge_on_commit(SupernetPredictor, row.pk)
        transaction.on_commit(lambda: files.remove(row.file), robust=True)
