"""A predictor of quality learns from 100 networks judged on a supernet, and ranks 60 others.

Two spaces, and for each three seeds with a supernet of its own, trained on the digits. Everything
that is done is kept, so that a measurement that was cut off goes on.
"""

import json
import time
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from searches.objectives.agreement import agreement, lead
from searches.predictors.quality import Pairs, QualityPredictor

SEEDS = (1, 2, 3)
N_LEARNED, N_HELD_OUT = 100, 60
SLICE_SECONDS = 60
EPOCHS = 20
# Family and preset.
SPACES = {
    "perceptrons": ("mlp_images", "8 pixels"),
    "MobileNetV3, small": ("ofa_mobilenet_v3", "small"),
}
IMAGES = 1000


def measure(work: Path) -> dict:
    found = {
        name: {f"seed {seed}": of_seed(work, name, seed) for seed in SEEDS} for name in SPACES
    }
    ahead = [
        row["accuracy"]["ahead of macs"]["tau"] for rows in found.values() for row in rows.values()
    ]
    return {
        "networks learned from": N_LEARNED,
        "networks held out": N_HELD_OUT,
        "data": "handwritten digits",
        "epochs of the supernet": EPOCHS,
        **found,
        "holds": {"above the tau of MACs in each seed": min(ahead) > 0},
    }


def of_seed(work: Path, name: str, seed: int) -> dict[str, Any]:
    space, rows = judged(work, name, seed)
    genes = [tuple(row["genes"]) for row in rows]
    costs = np.array([row["costs"] for row in rows], dtype=float)
    found = {}
    for measure, sign in (("accuracy", 1), ("cross_entropy", -1)):
        scores = sign * np.array([row["quality"][measure] for row in rows])
        found[measure] = worth(space, Pairs(genes, costs, scores))
    return found | {"range of accuracy": [float(f(scores_of(rows))) for f in (np.min, np.max)]}


def scores_of(rows: list[dict[str, Any]]) -> list[float]:
    return [row["quality"]["accuracy"] for row in rows]


def worth(space: Any, pairs: Pairs) -> dict[str, Any]:
    is_learned = np.arange(len(pairs)) < N_LEARNED
    known, others = pairs.part(is_learned), pairs.part(~is_learned)
    expected = QualityPredictor(space, known).predict(others.genes, others.costs)
    scores = {
        "predictor": expected,
        "macs": others.costs[:, 0],
        "parameters": others.costs[:, 1],
    }
    told: dict[str, Any] = {
        name: agreement(score, others.scores, np.random.default_rng(0)).to_json()
        for name, score in scores.items()
    }
    ahead = lead(expected, scores["macs"], others.scores, np.random.default_rng(0))
    return told | {"ahead of macs": ahead.to_json()}


def judged(work: Path, name: str, seed: int) -> tuple[Any, list[dict[str, Any]]]:
    """Random networks of the space with their costs, and quality on the seed's supernet."""
    from devices.profiles.cost import CostModel

    evaluator, space = trained(work, name, seed)
    stored = work / f"pairs-{SPACES[name][0]}-{seed}.json"
    rows = json.loads(stored.read_text()) if stored.exists() else []
    rng, plan = Random(seed), {}
    while len(plan) < N_LEARNED + N_HELD_OUT:
        plan.setdefault(space.sample(rng))
    table = CostModel(None).table(space.operation_table())
    for genes in list(plan)[len(rows) :]:
        costs = table.total(space.operation_indices(np.array([genes])))
        candidate = evaluator.candidate(genes, seed=0)
        candidate.advance(deadline=time.monotonic() + 3600, tick=lambda: True)
        quality = {name: v.value for name, v in candidate.quality("validation").items()}
        known = [int(costs.macs[0]), int(costs.parameters[0])]
        rows.append({"genes": list(genes), "costs": known, "quality": quality})
        stored.write_text(json.dumps(rows))
    return space, rows


def trained(work: Path, name: str, seed: int) -> tuple[Any, Any]:
    """The evaluator on the seed's trained supernet."""
    from searches.datasets.digits import digits
    from searches.evaluators.settings import SupernetSettings
    from searches.evaluators.supernet import SupernetEvaluator
    from searches.spaces import registry
    from searches.targets.mobile import MobileTask
    from searches.targets.settings import MobileSettings
    from searches.training import checkpoints

    family, chosen = SPACES[name]
    preset = registry.FAMILIES[family].presets[chosen]
    task = MobileTask(registry.load(preset), digits(), MobileSettings())
    settings = SupernetSettings(epochs=EPOCHS, recalibration_images=IMAGES)
    evaluator = SupernetEvaluator(task, settings, seed)
    training, stored = evaluator.prepare(), work / f"supernet-{family}-{seed}.pt"
    if stored.exists():
        training.restore(checkpoints.loads(stored.read_bytes()))
    while not training.progress.done:
        training.advance(deadline=time.monotonic() + SLICE_SECONDS, tick=lambda: True)
        stored.write_bytes(checkpoints.dumps(training.state()))
    evaluator.restore(training.state())
    return evaluator, task.space
