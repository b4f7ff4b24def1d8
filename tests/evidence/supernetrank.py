"""How well a supernet ranks: Kendall's tau of its scores with networks trained alone.

A space whose networks range from weak to strong, 10,000 images of CIFAR-10, 48 networks trained
each from scratch, and the supernets of three seeds, scored by cross entropy on the validation
split. Beside it the free costs (parameters and multiply-accumulates) alone, and a linear function
of all three that is learned from the other networks each time. Intervals by bootstrap.

A quick look at whether it works (digits, seconds): WEBNAS_SMOKE=1.
"""

import os
from functools import cache, partial
from pathlib import Path
from random import Random

import numpy as np
import torch

from searches.networks.families import build, family_of
from searches.objectives.agreement import kendall, resampled_taus
from searches.spaces.registry import FAMILIES
from searches.training.network import NetworkTraining
from searches.training.seeds import derived_seed
from searches.training.settings import SupernetTrainingSettings, TrainingSettings
from searches.training.supernet import SupernetTraining
from tests.evidence.trainings import (
    cifar10_task,
    digits_task,
    judged,
    mean_and_error,
    once,
    trained,
)

SMOKE = bool(os.environ.get("WEBNAS_SMOKE"))
SEEDS = (1, 2) if SMOKE else (1, 2, 3)
N_NETWORKS = 6 if SMOKE else 48
TRUTH = TrainingSettings(epochs=2 if SMOKE else 20, learning_rate=0.1)
SUPERNET = SupernetTrainingSettings(epochs=2 if SMOKE else 60, learning_rate=0.1)
MEAN_TAU, LEAST_TAU = 0.6, 0.35
RIDGE = 1e-2


def definition() -> dict:
    """From 8 pixels, one block and little width to 32 pixels, three blocks and much."""
    small = FAMILIES["ofa_mobilenet_v3"].presets["small"]
    choices = {"depths": [1, 2, 3], "kernels": [3, 5], "expands": [2, 4, 6]}
    widths = zip(small["units"], (16, 24, 32), strict=True)
    units = [{**unit, **choices, "width": width} for unit, width in widths]
    return {
        "family": "ofa_mobilenet_v3",
        **small,
        "preset": "weak to strong",
        "resolutions": [8, 12, 16, 24, 32],
        "units": units,
    }


def measure(work: Path) -> dict:
    torch.set_num_threads(1)
    task = digits_task(definition(), 200) if SMOKE else cifar10_task(work, definition())
    rng = Random(0)
    networks = list({task.space.sample(rng): None for _ in range(N_NETWORKS * 2)})[:N_NETWORKS]
    truth = [alone(work, task, number, genes) for number, genes in enumerate(networks)]
    costs = np.array([costs_of(task.space, genes) for genes in networks])
    accuracy = np.array([row["accuracy"] for row in truth])
    rows = [ranked(work, task, seed, networks, costs, accuracy) for seed in SEEDS]
    supernet = [row["supernet"]["tau"] for row in rows]
    return {
        "data": "digits, 200" if SMOKE else "CIFAR-10, 10,000 training images",
        "networks": len(networks),
        "accuracy alone": {
            "least": float(accuracy.min()),
            "median": float(np.median(accuracy)),
            "most": float(accuracy.max()),
        },
        "settings": {"alone": vars(TRUTH), "supernet": vars(SUPERNET)},
        "seeds": rows,
        "tau of the supernet over the seeds": mean_and_error(supernet),
        "holds": {
            "mean tau of 0.6": float(np.mean(supernet)) >= MEAN_TAU,
            "lower end of each interval above 0.35": all(
                row["supernet"]["interval"][0] > LEAST_TAU for row in rows
            ),
            "the predictor beats each alone": all(
                row["predictor"]["tau"]
                > max(row[name]["tau"] for name in ("supernet", "parameters", "macs"))
                for row in rows
            ),
        },
    }


def costs_of(space, genes) -> tuple[float, float]:
    """Logarithms of parameters and multiply-accumulates."""
    operations = space.operations(genes)
    return (
        float(np.log(sum(o.parameters() for o in operations))),
        float(np.log(sum(o.macs() for o in operations))),
    )


def alone(work: Path, task, number: int, genes) -> dict:
    """The truth of one network: trained from scratch, judged on the test split."""

    def make() -> dict:
        family = family_of(task.space)
        config = family.config(task.space, genes, mean=task.mean, std=task.std)
        network = build(family, config, seed=derived_seed(number, "weights"))
        kept = work / f"alone-{number}.pt"
        training, minutes = trained(NetworkTraining(network, task, TRUTH, seed=number), kept)
        quality = training.quality("test")
        kept.unlink(missing_ok=True)
        return {"genes": list(genes), "accuracy": quality["accuracy"].value, "minutes": minutes}

    return once(work / f"alone-{number}.json", make)


def ranked(work: Path, task, seed: int, networks, costs, accuracy) -> dict:
    """The scores of one supernet, and how well they order, alone and with the costs."""
    scores = np.array(scored(work, task, seed, networks))
    learned = predicted(np.column_stack([scores, costs]), accuracy)
    order = {
        "supernet": scores,
        "parameters": costs[:, 0],
        "macs": costs[:, 1],
        "predictor": learned,
    }
    return {"seed": seed} | {name: agreed(score, accuracy) for name, score in order.items()}


def scored(work: Path, task, seed: int, networks) -> list[float]:
    """Minus the cross entropy of every network on a supernet's weights."""

    @cache
    def shared():
        fresh = SupernetTraining(task, SUPERNET, seed=seed)
        return trained(fresh, work / f"supernet-{seed}.pt")[0].module.eval()

    found = [
        once(
            work / f"score-{seed}-{number}.json",
            partial(lambda genes: judged(task, shared().extract(genes)), genes),
        )
        for number, genes in enumerate(networks)
    ]
    return [-row["cross_entropy"] for row in found]


def predicted(features, accuracy):
    """Accuracy of each network by a ridge regression on the others."""
    found = np.empty(len(accuracy))
    for left_out in range(len(accuracy)):
        others = np.arange(len(accuracy)) != left_out
        mean, sd = features[others].mean(0), np.maximum(features[others].std(0), 1e-9)
        known = (features[others] - mean) / sd
        normal = known.T @ known + RIDGE * len(known) * np.eye(known.shape[1])
        slope = np.linalg.solve(normal, known.T @ (accuracy[others] - accuracy[others].mean()))
        found[left_out] = accuracy[others].mean() + (features[left_out] - mean) / sd @ slope
    return found


def agreed(score, accuracy) -> dict:
    """Tau with its standard error and 95 % interval, by bootstrap over the networks."""
    drawn = resampled_taus(score, accuracy, np.random.default_rng(0), resamples=2000)[1:]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {
        "tau": round(kendall(score, accuracy), 4),
        "standard_error": round(float(drawn.std(ddof=1)), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
    }
