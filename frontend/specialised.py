"""What a supernet has given to devices, and what its predictor is worth, as pages show it."""

from collections.abc import Sequence
from typing import Any

from frontend import formats
from searches.models import PinnedProfile, Run, SupernetPredictor, Trial

# Devices in the matrix: the newest result of each.
MOST_DEVICES = 12
# Columns of the matrix: latency at most this many times that of the fastest network.
FACTORS = (1.25, 1.5, 2.0, 3.0)
SCORES = {
    "predictor": "Predictor",
    "macs": "Multiply-accumulates alone",
    "parameters": "Parameters alone",
}


def worth(predictor: SupernetPredictor | None) -> list[dict[str, Any]]:
    """By quality: the tau of the predictor and of what it must beat, each with its error."""
    if predictor is None:
        return []
    return [
        {
            "label": formats.words(name),
            "n": found["predictor"]["n"],
            "is_used": found["is_used"],
            "lead": tau(found["lead"], sign=True),
            "rows": [
                {"label": label, "tau": tau(found[score]), "is_own": score == "predictor"}
                for score, label in SCORES.items()
            ],
        }
        for name, found in predictor.report.items()
    ]


def tau(found: dict[str, Any], *, sign: bool = False) -> str:
    """“0.62 ± 0.04”: a tau with its standard error."""
    return f"{found['tau']:{'+' if sign else ''}.2f} ± {found['error']:.2f}".replace("-", "−")


def matrix(results: Sequence[Run]) -> dict[str, Any]:
    """The best network of each device within some latencies, in two queries.

    Args:
        results: specialised runs, the newest first; those that trade quality against latency
            are shown, of each device the newest one with a front.
    """
    timed = [run for run in results if run.n_front and _latency(run) is not None]
    newest: dict[int, Run] = {}
    for run in timed:
        newest.setdefault(_latency(run) or 0, run)
    chosen = dict(list(newest.items())[:MOST_DEVICES])
    pins = PinnedProfile.objects.filter(run__in=chosen.values()).order_by()
    names = dict(pins.values_list("device_id", "device__name"))
    fronts = _fronts(list(chosen.values()))
    rows = [
        {"device": names.get(device, ""), "run": run, "cells": cells(fronts[run.pk])}
        for device, run in chosen.items()
        if fronts.get(run.pk)
    ]
    return {"rows": rows, "columns": [f"up to {factor:g}×" for factor in FACTORS]}


def _latency(run: Run) -> int | None:
    """The device of a run whose second objective is a latency."""
    items = run.objectives[1:2]
    return items[0].get("device") if items and items[0]["measure"] == "latency" else None


def _fronts(runs: Sequence[Run]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    rows = Trial.objects.filter(run__in=runs, on_front=True).order_by("value_1", "number")
    for row in rows.values("run", "number", "value_0", "value_1"):
        found.setdefault(row["run"], []).append(dict(row))
    return found


def cells(front: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fastest network, the best within each factor of its latency, and the best of all."""
    fastest = front[0]["value_1"]
    within = [[m for m in front if m["value_1"] <= factor * fastest] for factor in FACTORS]
    best = [max(members, key=lambda m: m["value_0"]) for members in [*within, front]]
    return [cell(member) for member in [front[0], *best]]


def cell(member: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": member["number"],
        "quality": formats.quantity(member["value_0"], "accuracy"),
        "latency": formats.quantity(member["value_1"], "latency"),
    }
