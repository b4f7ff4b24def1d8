"""Progressive shrinking on 10,000 images of CIFAR-10: what each phase gains, and the smallest
network beside the same one trained alone.

The smallest network is a part of all others, so every step moves its weights; it is itself among
those that may be drawn in the last phase only. So it is trained alone twice: for as many steps as
that phase has, and for as many as the whole training has.

A quick look at whether it works (digits, seconds): WEBNAS_SMOKE=1.
"""

import os
from dataclasses import replace
from pathlib import Path

import torch

from searches.networks.families import build, family_of
from searches.spaces.registry import FAMILIES
from searches.training.network import NetworkTraining
from searches.training.seeds import derived_seed
from searches.training.settings import ShrinkingTrainingSettings, TrainingSettings
from searches.training.shrinking import Shrinking
from tests.evidence.trainings import cifar10_task, digits_task, mean_and_error, once, trained

SMOKE = bool(os.environ.get("WEBNAS_SMOKE"))
SEEDS = (1, 2) if SMOKE else (1, 2, 3)
SETTINGS = ShrinkingTrainingSettings(
    epochs=14, kernel_epochs=6, depth_epochs=6, width_epochs=6, learning_rate=0.1
)
if SMOKE:
    SETTINGS = replace(SETTINGS, epochs=1, kernel_epochs=1, depth_epochs=1, width_epochs=1)
CORNERS = {"kernel": "smallest kernel", "depth": "smallest depth", "width": "smallest width"}
GAIN, LOSS = 0.10, 0.02  # of accuracy: a new corner gains more, the largest loses less


def measure(work: Path) -> dict:
    torch.set_num_threads(1)
    definition = {
        "family": "ofa_mobilenet_v3",
        **FAMILIES["ofa_mobilenet_v3"].presets["small"],
    }
    task = digits_task(definition, 200) if SMOKE else cifar10_task(work, definition)
    rows = [seed_of(work, task, seed) for seed in SEEDS]
    small, short, long = ([row[k] for row in rows] for k in ("smallest", "alone", "alone_long"))
    gains = {
        name: [row["gains"][name] for row in rows] for name in CORNERS if name in rows[0]["gains"]
    }
    return {
        "data": "digits, 200" if SMOKE else "CIFAR-10, 10,000 training images",
        "settings": vars(SETTINGS),
        "seeds": rows,
        "gain of each new corner over the largest-only network": {
            name: mean_and_error(values) for name, values in gains.items()
        },
        "smallest network, accuracy": {
            "shrunk": mean_and_error(small),
            "alone, for the steps of the last phase": mean_and_error(short),
            "alone, for all steps": mean_and_error(long),
        },
        "holds": {
            "each new corner gains 10 points": all(min(v) >= GAIN for v in gains.values()),
            "the largest never drops by more than 2": all(
                row["largest_drop"] <= LOSS for row in rows
            ),
            "the smallest beats itself alone for the steps of the last phase": all(
                a > b for a, b in zip(small, short, strict=True)
            ),
            "the smallest beats itself alone for all steps": all(
                a > b for a, b in zip(small, long, strict=True)
            ),
            "within 25 minutes": all(row["minutes"] <= 25 for row in rows),
        },
    }


def seed_of(work: Path, task, seed: int) -> dict:
    """The phases of one seed, and its smallest network alone."""

    def shrunk() -> dict:
        training, minutes = trained(Shrinking(task, SETTINGS, seed=seed), work / f"{seed}.pt")
        return {"minutes": round(minutes, 1), **training.report()}

    found = once(work / f"shrunk-{seed}.json", shrunk)
    phases = found["phases"]
    last = phases[-1]["last_step"] - phases[-1]["first_step"]
    genes = tuple(found["corners"]["smallest"])
    alone = {
        name: by_itself(work / f"{name}-{seed}", task, genes, seed, steps)
        for name, steps in (("alone", last), ("alone_long", phases[-1]["last_step"]))
    }
    accuracies = [{n: seen["accuracy"] for n, seen in p["corners"].items()} for p in phases]
    largest = [row["largest"] for row in accuracies]
    return {
        "seed": seed,
        "minutes": found["minutes"],
        "accuracies": {p["name"]: row for p, row in zip(phases, accuracies, strict=True)},
        "gains": gains_of(phases, accuracies),
        "largest_drop": round(largest[0] - min(largest), 4),
        "smallest": accuracies[-1]["smallest"],
        **{name: row["accuracy"] for name, row in alone.items()},
    }


def gains_of(phases: list[dict], accuracies: list[dict]) -> dict:
    """By how much the corner of each dimension is better after it has joined completely."""
    found = {}
    for phase, row in zip(phases, accuracies, strict=True):
        dimension = phase["name"].split()[0]
        if dimension in CORNERS:  # the last phase of a dimension overwrites those before
            corner = CORNERS[dimension]
            found[dimension] = round(row[corner] - accuracies[0][corner], 4)
    return found


def by_itself(kept: Path, task, genes, seed: int, steps: int) -> dict:
    """The network trained from scratch for so many steps with the schedule of the first phase."""
    epochs = max(1, round(steps / (task.size("train") // SETTINGS.batch_size)))
    recipe = TrainingSettings(
        epochs=epochs,
        batch_size=SETTINGS.batch_size,
        learning_rate=SETTINGS.learning_rate,
        warmup_epochs=min(SETTINGS.warmup_epochs, epochs // 4),
    )
    family = family_of(task.space)
    config = family.config(task.space, genes, mean=task.mean, std=task.std)

    def make() -> dict:
        network = build(family, config, seed=derived_seed(seed, "weights"))
        fresh = NetworkTraining(network, task, recipe, seed=seed)
        training, _ = trained(fresh, kept.with_suffix(".pt"))
        quality = training.quality("validation")
        return {"accuracy": quality["accuracy"].value, "steps": training.step}

    return once(kept.with_suffix(".json"), make)
