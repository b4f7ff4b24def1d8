"""Hypernetworks on the digits: how good predicted weights are, and whether they rank networks.

Five seeds of each kind. Every hypernetwork is trained once; then the same networks of a cell space
are judged with the weights that it predicts for them, and with those that it predicts when told of
another network. The truth is the test loss of these networks trained from scratch.
"""

import json
import time
from pathlib import Path
from random import Random
from statistics import mean, stdev

import numpy as np
import torch

from searches.datasets.digits import digits
from searches.evaluators.full import FullEvaluator
from searches.evaluators.hypernetwork import GeneratorEvaluator, GraphEvaluator
from searches.evaluators.settings import FullSettings, HypernetworkSettings
from searches.networks.families import configuration
from searches.objectives.agreement import agreement, kendall
from searches.objectives.settings import build
from searches.spaces.registry import FAMILIES, load
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training import checkpoints
from searches.training.hypernetwork import predicted

SEEDS, NETWORKS, TRUE_EPOCHS = 5, 24, 3
KINDS = {"choices": GeneratorEvaluator, "graph": GraphEvaluator}
SETTINGS = {
    "epochs": 30,
    "batch_size": 64,
    "hidden": 32,
    "label_smoothing": 0.0,
    "control_networks": 24,
}
SLICE_SECONDS = 20.0


def measure(work: Path) -> dict:
    torch.set_num_threads(1)
    task = task_of()
    genes = drawn(task)
    truth = [true_loss(work, task, genes, number) for number in range(len(genes))]
    rows = {kind: [one(work, task, genes, kind, seed) for seed in range(SEEDS)] for kind in KINDS}
    return judged(task, truth, rows)


def task_of() -> MobileTask:
    """The cells of NAS-Bench-201, small, at the 8 pixels that the digits have."""
    small = FAMILIES["cells"].presets["nas_bench_201_small"]
    return MobileTask(load({**small, "resolutions": [8]}), digits(), MobileSettings("shift"))


def drawn(task: MobileTask) -> list:
    """Different networks in which a way leads from the input to the output."""
    source, found = Random("probe"), []
    while len(found) < NETWORKS:
        genes = task.space.sample(source)
        if genes not in found and task.space.graph(genes, "normal").nodes[-1].picks:
            found.append(genes)
    return found


def true_loss(work: Path, task, genes, number: int) -> dict:
    """Of one network from scratch."""
    kept = work / f"network-{number}.json"
    if not kept.exists():
        began = time.process_time()
        evaluator = FullEvaluator(task, build(FullSettings, {"epochs": TRUE_EPOCHS}), 0)
        candidate = evaluator.candidate(genes[number], seed=number)
        candidate.advance(deadline=float("inf"), tick=lambda: True)
        quality = candidate.quality("test")
        found = {name: value.value for name, value in quality.items()}
        seconds = round(time.process_time() - began, 1)
        kept.write_text(json.dumps(found | {"cpu_seconds": seconds}))
    return json.loads(kept.read_text())


def one(work: Path, task, genes, kind: str, seed: int) -> dict:
    """One hypernetwork: trained in slices that are kept, then asked."""
    kept = work / f"{kind}-{seed}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    began = time.process_time()
    evaluator = KINDS[kind](task, build(HypernetworkSettings, SETTINGS), seed)
    training, state = evaluator.prepare(), work / f"{kind}-{seed}.pt"
    if state.exists():
        training.restore(checkpoints.loads(state.read_bytes()))
    while not training.progress.done:
        training.advance(deadline=time.monotonic() + SLICE_SECONDS, tick=lambda: True)
        state.write_bytes(checkpoints.dumps(training.state()))
    evaluator.restore(training.state())
    own = [score(evaluator, task, g, None) for g in genes]
    others = [score(evaluator, task, g, Random(f"{seed} {n}")) for n, g in enumerate(genes)]
    found = {
        "accuracy": [row["accuracy"] for row in own],
        "loss": [row["cross_entropy"] for row in own],
        "accuracy_shuffled": [row["accuracy"] for row in others],
        "loss_shuffled": [row["cross_entropy"] for row in others],
        "control": training.report()["control"],
        "cpu_seconds": round(time.process_time() - began, 1),
    }
    kept.write_text(json.dumps(found))
    state.unlink()
    return found


def score(evaluator, task, genes, shuffle) -> dict:
    """Test quality with predicted weights, without a step of training of the network itself."""
    network = predicted(evaluator.hypernetwork, genes, task, n_images=1000, shuffle=shuffle)
    side = configuration(network)["resolution"]
    found = task.quality(network, "test", resolution=side, provenance="predicted weights")
    return {name: value.value for name, value in found.items()}


def judged(task, truth: list[dict], rows: dict[str, list[dict]]) -> dict:
    losses = [row["cross_entropy"] for row in truth]
    found = {
        "seeds": SEEDS,
        "networks": len(truth),
        "training_images": task.size("train"),
        "settings": SETTINGS,
        "epochs_of_the_truth": TRUE_EPOCHS,
        "true_accuracy": [round(row["accuracy"], 4) for row in truth],
        "kinds": {kind: kind_of(part, losses) for kind, part in rows.items()},
        "cpu_seconds_of_the_truth": round(sum(row["cpu_seconds"] for row in truth)),
    }
    found["holds"] = {
        f"{kind}: {claim}": held
        for kind, part in found["kinds"].items()
        for claim, held in {
            "predicted weights reach 60 %": part["accuracy"]["mean"] >= 0.6,
            "the right code predicts better weights": part["gain_of_the_right_code"]["mean"] > 0,
            "its ranking beats the shuffled code": part["tau"]["mean"]
            > part["tau_shuffled"]["mean"],
        }.items()
    }
    return found


def kind_of(rows: list[dict], truth: list[float]) -> dict:
    taus = [kendall(row["loss"], truth) for row in rows]
    shuffled = [kendall(row["loss_shuffled"], truth) for row in rows]
    first = agreement(rows[0]["loss"], truth, np.random.default_rng(0))
    return {
        "accuracy": summary([mean(row["accuracy"]) for row in rows]),
        "accuracy_shuffled": summary([mean(row["accuracy_shuffled"]) for row in rows]),
        "tau": summary(taus),
        "tau_shuffled": summary(shuffled),
        "seeds_in_which_it_ranks_better": sum(a > b for a, b in zip(taus, shuffled, strict=True)),
        "standard_error_of_one_tau": round(first.error, 4),
        "gain_of_the_right_code": summary([row["control"]["gain"] for row in rows]),
        "share_better_with_the_right_code": summary(
            [row["control"]["share_better"] for row in rows]
        ),
        "cpu_seconds": round(sum(row["cpu_seconds"] for row in rows)),
    }


def summary(values: list[float]) -> dict:
    spread = round(stdev(values), 4) if len(values) > 1 else None
    found = {"mean": round(mean(values), 4), "sd": spread}
    return found | {"values": [round(value, 4) for value in values]}
