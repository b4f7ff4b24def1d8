"""Weight inheritance on CIFAR-10: what a child is worth after one epoch, and after its lineage.

Paired over seeds: a small network is trained, a wider one of the same space inherits its weights
and trains for an epoch; beside it the same wide network from scratch for an epoch, and for as much
work (epochs times multiply-accumulates) as the whole lineage; and the control, the parent simply
trained on for the same epoch.
"""

import json
import time
from itertools import pairwise
from pathlib import Path
from statistics import mean, stdev

import torch

from searches.datasets import splits
from searches.evaluators.inherited import InheritedCandidate, InheritedEvaluator
from searches.evaluators.settings import InheritedSettings
from searches.networks.families import build, family_of
from searches.objectives.settings import build as filled
from searches.spaces.registry import FAMILIES, load
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training import checkpoints
from searches.training.learning_from import TaughtTraining
from tests.evidence.cifar10 import unpacked

SEEDS, TRAIN, HELD_OUT = 10, 6000, 1500
PARENT_EPOCHS, CHILD_EPOCHS = 8, 1
SIDE = 16
SETTINGS = {"epochs": CHILD_EPOCHS, "learning_rate": 0.05, "founder_learning_rate": 0.1}
WAYS = ("inherited", "from scratch", "from scratch at equal work", "parent trained on")


def measure(work: Path) -> dict:
    torch.set_num_threads(1)
    task, small, large = scene()
    return judged(
        [paired(work, task, small, large, seed) for seed in range(SEEDS)], task, small, large
    )


def scene(train: int = TRAIN, held_out: int = HELD_OUT):
    """Residual networks, the parent with half of the channels of the child."""
    images, labels, classes = unpacked("cifar10_train_0.npz")
    ends = [0, train, train + held_out, train + 2 * held_out]
    parts = [(images[a:b], labels[a:b]) for a, b in pairwise(ends)]
    data = splits.split(*parts, classes=tuple(classes), seed=0)
    space = load({**FAMILIES["residual"].presets["small"], "resolutions": [SIDE]})
    task = MobileTask(space, data, MobileSettings("shift_flip"))
    genes = task.space.genes
    small = task.space.canonical((0,) * len(genes))
    large = task.space.canonical(
        tuple(len(gene.options) - 1 if "width" in gene.name else 0 for gene in genes)
    )
    return task, small, large


def paired(work: Path, task, small, large, seed: int) -> dict:
    """Test accuracies of one seed; kept, so that a run that was cut off goes on."""
    kept = work / f"seed-{seed}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    began = time.process_time()
    parent = trained(candidate(task, small, seed, PARENT_EPOCHS))
    state = checkpoints.dumps(parent.state())
    child = candidate(task, large, seed + 1000, PARENT_EPOCHS)
    child.inherit(lambda: parent)
    equal = round(work_ratio(task, small, large) * PARENT_EPOCHS) + CHILD_EPOCHS
    found = {
        "parent": accuracy(parent),
        "inherited": accuracy(trained(child)),
        "from scratch": accuracy(trained(candidate(task, large, seed + 1000, CHILD_EPOCHS))),
        "from scratch at equal work": accuracy(
            trained(candidate(task, large, seed + 1000, equal))
        ),
        "parent trained on": trained_on(task, small, state, seed + 1000),
        "operators": child.story()["operators"],
        "epochs at equal work": equal,
    }
    found["cpu_seconds"] = round(time.process_time() - began, 1)
    kept.write_text(json.dumps(found))
    return found


def candidate(task, genes, seed: int, founder_epochs: int) -> InheritedCandidate:
    settings = filled(InheritedSettings, SETTINGS | {"founder_epochs": founder_epochs})
    return InheritedEvaluator(task, settings, 0).candidate(genes, seed=seed)


def trained(network):
    network.advance(deadline=float("inf"), tick=lambda: True)
    return network


def accuracy(network) -> float:
    return network.quality("test")["accuracy"].value


def trained_on(task, small, state: bytes, seed: int) -> float:
    """The control: the parent's own weights, the child's epochs and learning rate."""
    parent = candidate(task, small, seed, PARENT_EPOCHS)
    parent.restore(checkpoints.loads(state))
    recipe = filled(InheritedSettings, SETTINGS)
    return accuracy(trained(TaughtTraining(parent.network(), task, recipe, seed=seed)))


def work_ratio(task, small, large) -> float:
    """Multiply-accumulates of the parent as a share of the child's."""
    counts = [
        sum(operation.macs() for operation in task.space.operations(genes))
        for genes in (small, large)
    ]
    return counts[0] / counts[1]


def judged(rows: list[dict], task, small, large) -> dict:
    gains = {
        name: [100 * (row["inherited"] - row[name]) for row in rows]
        for name in (*WAYS[1:], "parent")
    }
    sizes = [
        sum(
            p.numel() for p in build(family, family.config(task.space, genes), seed=0).parameters()
        )
        for family in [family_of(task.space)]
        for genes in (small, large)
    ]
    found = {
        "seeds": len(rows),
        "training_images": task.size("train"),
        "resolution": SIDE,
        "parent_epochs": PARENT_EPOCHS,
        "child_epochs": CHILD_EPOCHS,
        "parameters_of_parent_and_child": sizes,
        "operators": rows[0]["operators"],
        "epochs_from_scratch_at_equal_work": rows[0]["epochs at equal work"],
        "test_accuracy": {
            name: summary([100 * row[name] for row in rows]) for name in ("parent", *WAYS)
        },
        "points_of_inherited_above": {name: summary(values) for name, values in gains.items()},
        "cpu_seconds": round(sum(row["cpu_seconds"] for row in rows)),
        "rows": rows,
    }
    found["holds"] = {
        "8 points above the same network from scratch after one epoch": mean(gains["from scratch"])
        >= 8,
        "above from scratch in every seed": min(gains["from scratch"]) > 0,
        "above from scratch at equal work": mean(gains["from scratch at equal work"]) > 0,
        "above the parent simply trained on": mean(gains["parent trained on"]) > 0,
    }
    return found


def summary(values: list[float]) -> dict:
    spread = round(stdev(values), 2) if len(values) > 1 else None
    found = {"mean": round(mean(values), 2), "sd": spread}
    return found | {"least": round(min(values), 2), "most": round(max(values), 2)}
