"""Zero-cost proxies beside the accuracy of NAS-Bench-201 cells after 12 epochs, and counting.

Cells with a path from input to output, drawn evenly over the table, in the network of the
benchmark (16 channels, 5 cells per stage), looked at with real images of CIFAR-10. One file per
score is kept, so that what is cut off goes on.
"""

import json
import math
import os
import resource
from pathlib import Path
from random import Random

import numpy as np
import torch

from searches.datasets import splits
from searches.evaluators.settings import ZeroCostSettings
from searches.evaluators.zero_cost.evaluator import ZeroCostEvaluator
from searches.evaluators.zero_cost.registry import PROXIES
from searches.objectives import trust
from searches.objectives.trust import Scores, Truth
from searches.spaces.registry import FAMILIES, load
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from tests.benchmarks.nas_tables import _genes, _rows, is_alive
from tests.evidence.cifar10 import SHARED, unpacked

CELLS, IMAGES, INITIALISATIONS, SEED = 100, 32, 1, 1
# GraSP differentiates twice and Zen looks 64 times: they take most of the time.
FEWER = {"grasp": 24, "zen": 24}
# The validation accuracy of the table was measured on half of the 50,000 training images.
JUDGED_ON = 25_000


def measure(work: Path) -> dict:
    torch.set_num_threads(1)
    evaluator = evaluator_of()
    drawn = cells()
    rows = [known_of(row) for row in drawn]
    for name in sorted(PROXIES, key=lambda proxy: proxy in FEWER):
        for row, cell in zip(rows[: FEWER.get(name, CELLS)], drawn, strict=False):
            looked_at(work, evaluator, row, cell, name)
    found = {
        "cells": len(rows),
        "images": IMAGES,
        "initialisations": INITIALISATIONS,
        "seed": SEED,
        "cpu_seconds_per_cell": {
            name: round(
                float(np.mean([r["seconds"][name] for r in rows if name in r["seconds"]])), 2
            )
            for name in PROXIES
        },
        "accuracy_12_epochs": [min(accuracies(rows)), max(accuracies(rows))],
        "proxies": {name: beside(name, rows) for name in PROXIES},
    }
    beats = [name for name, row in found["proxies"].items() if row["beats"]]
    found["better_than_both_baselines"] = beats
    taus = {name: row["tau"] for name, row in found["proxies"].items()}
    found["holds"] = {
        "synflow, naswot and jacob_cov reach a tau of 0.40": all(
            taus[name] >= 0.4 for name in ("synflow", "naswot", "jacob_cov")
        ),
        "every cell has a finite score of every proxy, or is counted": all(
            row["finite"] + row["not finite"] == FEWER.get(name, CELLS)
            for name, row in found["proxies"].items()
        ),
    }
    return found


def evaluator_of() -> ZeroCostEvaluator:
    images, labels, classes = unpacked("cifar10_train_0.npz")
    part = (images[:2000], labels[:2000])
    data = splits.split(part, None, None, classes=tuple(classes), seed=0)
    space = load(FAMILIES["cells"].presets["nas_bench_201"])
    settings = ZeroCostSettings(batch_size=IMAGES, initialisations=INITIALISATIONS)
    evaluator = ZeroCostEvaluator(MobileTask(space, data, MobileSettings()), settings, SEED)
    evaluator.focus(PROXIES)
    return evaluator


def cells() -> list[dict]:
    table = _rows(SHARED.parent / "nas_tables" / "nasbench201_accuracy_12ep.csv.gz")
    alive = [row for row in table if is_alive(_genes(row["arch_str"]))]
    return Random(SEED).sample(alive, CELLS)


def known_of(cell: dict) -> dict:
    """What the table says of a cell."""
    named = {"accuracy": "c10_val_12ep", "parameters": "params", "macs": "macs"}
    return {name: float(cell[column]) for name, column in named.items()} | {
        "scores": {},
        "seconds": {},
    }


def looked_at(work: Path, evaluator: ZeroCostEvaluator, row: dict, cell: dict, name: str) -> None:
    """Add the score of one proxy, and the time that it took."""
    kept = work / f"{name}-{cell['idx']}.json"
    if not kept.exists():
        evaluator.focus([name])
        began = cpu_seconds()
        candidate = evaluator.candidate(_genes(cell["arch_str"]), seed=0)
        candidate.advance(deadline=math.inf, tick=lambda: True)
        value = candidate.quality("validation")[name].value
        found = {
            "score": value if math.isfinite(value) else None,
            "seconds": cpu_seconds() - began,
        }
        half = kept.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps(found))
        half.rename(kept)
    found = json.loads(kept.read_text())
    row["scores"][name], row["seconds"][name] = found["score"], found["seconds"]


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def accuracies(rows: list[dict]) -> list[float]:
    return [row["accuracy"] for row in rows]


def beside(name: str, rows: list[dict]) -> dict:
    """The proxy's order beside accuracy and beside counting, on cells with a finite score."""
    looked = [row for row in rows if name in row["scores"]]
    known = [row for row in looked if row["scores"][name] is not None]
    shares = np.array(accuracies(known)) / 100
    truth = Truth("Accuracy", shares, np.sqrt(shares * (1 - shares) / JUDGED_ON))
    scores = [Scores(name, PROXIES[name].label, [row["scores"][name] for row in known])]
    for count, label in (("macs", "Multiply-accumulates"), ("parameters", "Parameters")):
        scores.append(Scores(count, label, [row[count] for row in known], True))
    facts = trust.report(scores, truth, seed=SEED)
    first, half = facts["scores"][0], facts["scores"][0]["half"]
    return {
        "finite": len(known),
        "not finite": len(looked) - len(known),
        "tau": first["tau"],
        "tau_error": first["tau_error"],
        "tau_90": [first["tau_low"], first["tau_high"]],
        "spearman": first["rho"],
        "spearman_error": first["rho_error"],
        "tau_of_better_half": half["tau"],
        "tau_error_of_better_half": half["tau_error"],
        "tau_of_counts_on_these_cells": {row["name"]: row["tau"] for row in facts["scores"][1:]},
        "beats": all(row["difference_low"] > 0 for row in facts["comparisons"]),
        "says": [line["text"] for line in facts["says"]],
    }
