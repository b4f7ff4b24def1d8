"""ASHA on CIFAR-10: the choice of full training for a part of its epochs.

Cells of NAS-Bench-201, drawn at random, are trained in full, with their accuracy noted wherever
a rung ends: training for fewer epochs is a prefix of it, bit for bit. ASHA is then played on these
real learning curves with four workers, the networks coming in many different orders.
"""

import heapq
import json
import math
import time
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

NETWORKS, EPOCHS, IMAGES, WORKERS, ORDERS = 27, 18, 4000, 4, 200
LEAST = 2
SEED = 1


def measure(work: Path) -> dict:
    torch.set_num_threads(1)
    curves = [curve(work, number) for number in range(NETWORKS)]
    best = max(range(NETWORKS), key=lambda i: curves[i][FULL])
    accuracies = sorted((c[FULL] for c in curves), reverse=True)
    played = [play(curves, order) for order in range(ORDERS)]
    shares = [row["epochs"] / (NETWORKS * EPOCHS) for row in played]
    behind = [curves[best][FULL] - curves[row["choice"]][FULL] for row in played]
    accuracy = curves[best][FULL]
    noise = Z90 * math.sqrt(2 * accuracy * (1 - accuracy) / IMAGES)  # of a difference
    found = {
        "networks": NETWORKS,
        "epochs_of_full_training": NETWORKS * EPOCHS,
        "rungs": list(rungs_of(EPOCHS, eta=3, least=LEAST)),
        "validation_accuracy_of_full_training": [round(a, 4) for a in accuracies],
        "share_of_epochs": {"mean": round(mean(shares), 4), "max": round(max(shares), 4)},
        "orders": ORDERS,
        "orders_below_40_percent": mean(share < 0.4 for share in shares),
        "chose_the_same_network": mean(row["choice"] == best for row in played),
        "points_behind_the_best": {
            "mean": round(100 * mean(behind), 3),
            "max": round(100 * max(behind), 3),
        },
        "points_of_noise_between_two": round(100 * noise, 2),
        "seed": SEED,
    }
    found["holds"] = {
        "less than 40 % of the epochs": mean(shares) < 0.4,
        "the same choice, or one that cannot be told from it, in nine orders of ten": mean(
            gap <= noise for gap in behind
        )
        >= 0.9,
    }
    return found


def task_of() -> MobileTask:
    """Images of CIFAR-10, balanced over the classes; as many to judge by as to learn from."""
    images, labels, classes = unpacked("cifar10_train_0.npz")
    train, val, test = (slice(n * IMAGES, (n + 1) * IMAGES) for n in range(3))
    parts = [(images[part], labels[part]) for part in (train, val, test)]
    data = splits.split(*parts, classes=tuple(classes), seed=0)
    small = FAMILIES["cells"].presets["nas_bench_201_small"]
    space = load({**small, "resolutions": [16]})
    return MobileTask(space, data, MobileSettings("shift_flip"))


_tasks: dict[str, MobileTask] = {}


def curve(work: Path, number: int) -> dict[str, float]:
    """Validation accuracy of a network at the end of every rung."""
    kept = work / f"cell-{number}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    if "task" not in _tasks:
        _tasks["task"] = task_of()
    task = _tasks["task"]
    evaluator = FullEvaluator(task, FullSettings(epochs=EPOCHS), SEED)
    genes = task.space.sample(Random(f"{SEED} {number}"))
    found, state, began = {}, None, time.monotonic()
    for epochs in rungs_of(EPOCHS, eta=3, least=LEAST):
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


def play(curves: list[dict[str, float]], order: int) -> dict[str, int]:
    """One ASHA over all networks: what it chose, and the epochs that it spent."""
    space = TableSpace("0" * 64, [("network", [str(number) for number in range(NETWORKS)])])
    problem = Problem(
        space,
        1,
        lambda population: np.zeros(len(population)),
        budget=1000,
        fidelities=Scale(EPOCHS),
    )
    settings = build(HalvingSettings, {"eta": 3, "min_epochs": LEAST})
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
