"""ASHA on CIFAR-10: the choice of full training for a part of its epochs.

Cells of NAS-Bench-201, drawn at random, are trained in full, with their accuracy noted wherever
a rung may end: training for fewer epochs is a prefix of it, bit for bit. ASHA is then played on
these real learning curves with four workers, the networks coming in many different orders, at
several settings of eta; all of them are written down, and the claim rests on the first.
"""

import heapq
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
from searches.strategies.base import Problem, Proposal, Result
from searches.strategies.halving import Asha, rungs_of
from searches.strategies.settings.fidelity import HalvingSettings
from searches.targets.classification import Z90
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from tests.evidence.cifar10 import unpacked

NETWORKS, EPOCHS, WORKERS, ORDERS = 32, 16, 4, 200
SETTINGS = ((2, 2), (2, 1), (3, 2), (4, 1))  # eta, least epochs
SEED = 1


def measure(work: Path) -> dict:
    torch.set_num_threads(1)
    curves = [curve(work, number) for number in range(NETWORKS)]
    accuracies = sorted((c[FULL] for c in curves), reverse=True)
    found = {
        "networks": NETWORKS,
        "epochs_of_full_training": NETWORKS * EPOCHS,
        "images": {part: task_of().size(part) for part in ("train", "validation")},
        "validation_accuracy_of_full_training": [round(a, 4) for a in accuracies],
        "points_of_noise_between_two": round(100 * noise(accuracies[0]), 2),
        "orders": ORDERS,
        "settings": [replayed(curves, eta, least) for eta, least in SETTINGS],
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


def replayed(curves: list[dict[str, float]], eta: int, least: int) -> dict:
    best = max(range(NETWORKS), key=lambda i: curves[i][FULL])
    played = [play(curves, order, eta=eta, least=least) for order in range(ORDERS)]
    shares = [row["epochs"] / (NETWORKS * EPOCHS) for row in played]
    behind = [curves[best][FULL] - curves[row["choice"]][FULL] for row in played]
    within = noise(curves[best][FULL])
    return {
        "eta": eta,
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
        {n for eta, least in SETTINGS for n in rungs_of(EPOCHS, eta=eta, least=least)}
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


def play(curves: list[dict[str, float]], order: int, *, eta: int, least: int) -> dict[str, int]:
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
    running: list[tuple[int, int, Proposal]] = []  # when it ends, ticket
    spent = clock = 0
    while True:
        for proposal in strategy.ask(WORKERS - len(running)):
            epochs = Scale(EPOCHS).amount(proposal.fidelity)
            more = epochs - reached.get(proposal.resume_from or 0, 0)
            reached[proposal.ticket] = epochs
            spent += more
            heapq.heappush(running, (clock + more, proposal.ticket, proposal))
        if not running:
            break
        clock, _, proposal = heapq.heappop(running)
        loss = -curves[proposal.genes[0]][proposal.fidelity]
        result = Result(proposal.ticket, proposal.genes, (loss,), fidelity=proposal.fidelity)
        strategy.tell([result])
    top = strategy.brackets[0].rungs[-1].best(1)
    return {"choice": top[0].genes[0], "epochs": spent}
