"""ASHA on CIFAR-10: the choice of full training for a part of its epochs.

Cells of NAS-Bench-201, drawn at random, are trained in full, with their accuracy noted wherever
a rung may end: training for fewer epochs is a prefix of it, bit for bit. ASHA is then played on
these real learning curves as a run plays it, told batch by batch, the networks coming in many
different orders, at several settings; all of them are written down, and the claim rests on the
first.
"""

import json
import math
import time
from functools import cache
from pathlib import Path
from random import Random
from statistics import mean

import numpy as np
import torch

from searches.datasets import splits
from searches.evaluators.full import FullEvaluator
from searches.evaluators.settings import FullSettings
from searches.objectives.fidelity import FULL, Scale
from searches.objectives.settings import build
from searches.spaces.registry import FAMILIES, load
from searches.spaces.table import TableSpace
from searches.strategies.base import Problem, Result
from searches.strategies.halving import Asha
from searches.strategies.rungs import rungs_of
from searches.strategies.settings.fidelity import HalvingSettings
from searches.targets.classification import Z90
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from tests.evidence.cifar10 import unpacked

NETWORKS, EPOCHS, ORDERS = 32, 16, 200
SETTINGS = ((2, 2, 4), (2, 2, 16), (2, 1, 4), (3, 2, 4), (4, 1, 4))  # eta, least epochs, batch
SEED = 1


def measure(work: Path) -> dict:
    torch.set_num_threads(1)
    curves = [curve(work, number) for number in range(NETWORKS)]
    accuracies = sorted((c[FULL] for c in curves), reverse=True)
    found = {
        "networks": NETWORKS,
        "epochs_of_full_training": NETWORKS * EPOCHS,
        "minutes_of_training": round(sum(c["seconds"] for c in curves) / 60, 1),
        "images": {part: task_of().size(part) for part in ("train", "validation")},
        "validation_accuracy_of_full_training": [round(a, 4) for a in accuracies],
        "points_of_noise_between_two": round(100 * noise(accuracies[0]), 2),
        "orders": ORDERS,
        "settings": [replayed(curves, *chosen) for chosen in SETTINGS],
        "seed": SEED,
    }
    claimed = found["settings"][0]
    found["holds"] = {
        "less than 40 % of the epochs": claimed["share_of_epochs"]["mean"] < 0.4,
        "the very same network in nine orders of ten": claimed["chose_the_same_network"] >= 0.9,
        "the same, or one that cannot be told from it, in nine orders of ten": (
            claimed["chose_one_within_the_noise"] >= 0.9
        ),
    }
    return found


def noise(accuracy: float) -> float:
    """90 % of the differences between two networks that are equally good are below it."""
    return Z90 * math.sqrt(2 * accuracy * (1 - accuracy) / task_of().size("validation"))


def replayed(curves: list[dict[str, float]], eta: int, least: int, batch: int) -> dict:
    best = max(range(NETWORKS), key=lambda i: curves[i][FULL])
    played = [play(curves, order, eta=eta, least=least, batch=batch) for order in range(ORDERS)]
    shares = [row["epochs"] / (NETWORKS * EPOCHS) for row in played]
    behind = [curves[best][FULL] - curves[row["choice"]][FULL] for row in played]
    within = noise(curves[best][FULL])
    return {
        "eta": eta,
        "batch": batch,
        "rungs": list(rungs_of(EPOCHS, eta=eta, least=least)),
        "share_of_epochs": {"mean": round(mean(shares), 4), "max": round(max(shares), 4)},
        "orders_below_40_percent": mean(share < 0.4 for share in shares),
        "chose_the_same_network": mean(row["choice"] == best for row in played),
        "chose_one_within_the_noise": mean(gap <= within for gap in behind),
        "points_behind_the_best": {
            "mean": round(100 * mean(behind), 3),
            "max": round(100 * max(behind), 3),
        },
    }


@cache
def task_of() -> MobileTask:
    """All 10,000 images to learn from; half of the test set to judge by, which it does not see."""
    train, (images, labels, classes) = (
        unpacked("cifar10_train_0.npz"),
        unpacked("cifar10_test_10k.npz"),
    )
    half = len(images) // 2
    parts = [train[:2], (images[:half], labels[:half]), (images[half:], labels[half:])]
    data = splits.split(*parts, classes=tuple(classes), seed=0)
    small = FAMILIES["cells"].presets["nas_bench_201_small"]
    space = load({**small, "resolutions": [16]})
    return MobileTask(space, data, MobileSettings("shift_flip"))


def curve(work: Path, number: int) -> dict[str, float]:
    """Validation accuracy of a network at the end of every rung."""
    kept = work / f"cell-{number}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    task = task_of()
    evaluator = FullEvaluator(task, FullSettings(epochs=EPOCHS), SEED)
    genes = task.space.sample(Random(f"{SEED} {number}"))
    found, state, began = {}, None, time.monotonic()
    for epochs in sorted(
        {n for eta, least, _ in SETTINGS for n in rungs_of(EPOCHS, eta=eta, least=least)}
    ):
        name = Scale(EPOCHS).name(epochs)
        candidate = evaluator.candidate(genes, seed=number, fidelity=name)
        if state is not None:
            candidate.restore(state)
        candidate.advance(deadline=float("inf"), tick=lambda: True)
        state = candidate.state()
        found[name] = candidate.quality("validation")["accuracy"].value
    found["seconds"] = round(time.monotonic() - began, 1)
    kept.write_text(json.dumps(found))
    return found


def play(
    curves: list[dict[str, float]], order: int, *, eta: int, least: int, batch: int
) -> dict[str, int]:
    """One ASHA over all networks: what it chose, and the epochs that it spent."""
    space = TableSpace("0" * 64, [("network", [str(number) for number in range(NETWORKS)])])
    problem = Problem(
        space,
        1,
        lambda population: np.zeros(len(population)),
        budget=1000,
        fidelities=Scale(EPOCHS),
    )
    settings = build(HalvingSettings, {"eta": eta, "min_epochs": least})
    strategy = Asha(problem, settings, Random(order))
    reached: dict[int, int] = {}  # epochs at the end of a trial
    spent = 0
    while proposals := strategy.ask(batch):
        results = []
        for proposal in proposals:
            epochs = Scale(EPOCHS).amount(proposal.fidelity)
            reached[proposal.ticket] = epochs
            spent += epochs - reached.get(proposal.resume_from or 0, 0)
            loss = -curves[proposal.genes[0]][proposal.fidelity]
            results.append(
                Result(proposal.ticket, proposal.genes, (loss,), 0.0, proposal.fidelity)
            )
        strategy.tell(results)
    top = strategy.brackets[0].rungs[-1].best(1)
    return {"choice": top[0].genes[0], "epochs": spent}
