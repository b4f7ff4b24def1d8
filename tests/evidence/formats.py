"""Profiles of other tools: what published tables give, and what damaged files do.

Published tables are rewritten as their authors publish them; damaged files are those of the
fuzzing tests, with other seeds.
"""

import csv
import gzip
import os
import time
from collections import Counter
from pathlib import Path

import numpy as np

from devices.profiles import composition, intake, network_fit
from devices.profiles.cost import CostModel
from devices.profiles.estimates import LOOKED_UP
from searches.spaces.registry import FAMILIES, load
from tests.devices.profiles.formats import golden, mutations, test_hat, test_ofa
from tests.evidence.server import ROOT

DAMAGED, FIRST_SEED = 200, 100_000
HELD_OUT = 400
ANSWERS = {"kind": "mobile", "engine": "tflite", "dtype": "fp32", "batch": "1", "threads": "1"}


def measure(work: Path) -> dict:
    del work
    found = {
        "tables that price their space": priced(),
        "errors of the predictor of HAT's tables": hat(),
        "seconds for 100,000 rows": {
            name: seconds(make()) for name, make in golden.large().items()
        },
        "damaged files": damaged(),
    }
    slowest = max(row["slowest_s"] for row in found["damaged files"].values())
    errors = found["errors of the predictor of HAT's tables"]
    found["holds"] = {
        "every operation of its space is looked up": all(
            row["looked_up"] == row["of"]
            for row in found["tables that price their space"].values()
        ),
        "errors as stated": all(
            row["mape_1600"] <= test_hat.STATED[tuple(name.split(" "))] + 0.05
            for name, row in errors.items()
        ),
        "100,000 rows in less than 3 s": max(found["seconds for 100,000 rows"].values()) < 3,
        "a verdict for every damaged file in less than 10 s": slowest < 10,
    }
    return found


def published(name: str) -> list[dict]:
    folder = Path(os.environ.get("WEBNAS_SHARED", ROOT.parent / "shared")) / "data/nas_tables"
    with gzip.open(folder / name, "rt") as file:
        return list(csv.DictReader(file))


def priced() -> dict:
    """How many operations of its space each phone's table looks up."""
    rows = published("phone_op_latency_lut.csv.gz")
    found = {}
    for side in ("160", "176", "192", "208", "224"):
        table = [r for r in rows if r["input_res"] == side and r["space"].startswith("ofa")]
        full = load({"family": "ofa_mobilenet_v3", **FAMILIES["ofa_mobilenet_v3"].presets["full"]})
        space = full.scaled(1.2, int(side))
        found[f"Note10 {side}"] = looked_up(test_ofa.table(table, "std"), space)
    table = [r for r in rows if r["space"].startswith("proxyless")]
    space = load({"family": "proxyless", **FAMILIES["proxyless"].presets["full"]})
    found["Pixel 1"] = looked_up(test_ofa.table(table, "var"), space)
    return found


def looked_up(text: str, space) -> dict:
    profile = intake.read(text.encode(), "table.yaml", answers=ANSWERS).profile
    fits = {"regressors": [], "primitives": composition.UNCHECKED}
    costs = CostModel(profile, fits=fits).table(space.operation_table())
    n = int((costs.provenance == LOOKED_UP).sum())
    return {"rows": len(profile.entries), "looked_up": n, "of": len(costs.provenance)}


def hat() -> dict:
    """Mean absolute error in % of 400 rows of each table, from 20, 100 and 1600 others."""
    groups: dict[str, list[dict]] = {}
    for row in published("hat_transformer_latency.csv.gz"):
        groups.setdefault(f"{row['task']} {row['hardware']}", []).append(row)
    found = {}
    for name, rows in groups.items():
        order = np.random.default_rng(1).permutation(len(rows))
        models = test_hat.read([rows[i] for i in order])
        held_out = models[1600:]
        true = np.array([model.mean_ms for model in held_out])
        row = {}
        for n in (20, 100, 1600):
            predicted = network_fit.fit(models[:n]).latency_ms([m.arch for m in held_out])
            row[f"mape_{n}"] = round(float(100 * np.abs(predicted / true - 1).mean()), 2)
        ranks = [np.argsort(np.argsort(values)) for values in (predicted, true)]
        found[name] = row | {"spearman": round(float(np.corrcoef(*ranks)[0, 1]), 4)}
    return found


def seconds(text: str) -> float:
    """Seconds of a processor until the verdict."""
    started = time.process_time()
    intake.read(text.encode(), "large", answers=golden.ANSWERS)
    return round(time.process_time() - started, 2)


def damaged() -> dict:
    """Verdicts on damaged files of each layout, and the longest time of a processor."""
    found = {}
    for name in [*golden.TEXTS, *golden.ARCHIVES]:
        is_text = name in golden.TEXTS
        data = golden.TEXTS[name].encode() if is_text else golden.ARCHIVES[name]()
        verdicts: Counter[str] = Counter()
        slowest = 0.0
        for seed in range(FIRST_SEED, FIRST_SEED + DAMAGED):
            started = time.process_time()
            answers = golden.ANSWERS if seed % 3 else {}
            verdict = intake.read(mutations.damaged(data, seed), name, answers=answers)
            slowest = max(slowest, time.process_time() - started)
            verdicts[type(verdict).__name__.lower()] += 1
        found[name] = dict(verdicts) | {"slowest_s": round(slowest, 3)}
    return found
