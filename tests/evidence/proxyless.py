"""ProxylessNAS on the digits: a heavier weight of the latency gives a faster network.

Three trainings that differ in nothing but the weight; latency as the built-in profile of a
Raspberry Pi says. Beside it the activation memory of a step, with real candidates.
"""

import json
import time
from pathlib import Path

import numpy as np
import torch

from devices.profiles.builtin import analytic
from devices.profiles.cost import CostModel
from searches.datasets.digits import digits
from searches.objectives.settings import build
from searches.spaces.registry import FAMILIES, load
from searches.strategies.settings.one_shot import ProxylessSettings
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training import checkpoints
from searches.training.one_shot.costs import AdditiveCost
from searches.training.one_shot.gates import TwoPaths
from searches.training.one_shot.memory import saved_bytes
from searches.training.one_shot.proxyless import Proxyless

WEIGHTS = (0.0, 0.5, 5.0)
SEED = 1
SETTINGS = {"epochs": 30, "warmup_epochs": 6, "choice_rate": 0.03}


def measure(work: Path) -> dict:
    torch.set_num_threads(1)
    space = load({"family": "proxyless", **FAMILIES["proxyless"].presets["small"]})
    task = MobileTask(space, digits(), MobileSettings())
    cost, table = latency_of(task.space)
    rows = [trained(work, task, cost, table, weight) for weight in WEIGHTS]
    latencies = [row["derived_latency_ms"] for row in rows]
    memory = memory_of(task, rows[0])
    return {
        "seed": SEED,
        "settings": SETTINGS,
        "runs": rows,
        "memory": memory,
        "holds": {
            "latency falls with its weight": latencies == sorted(latencies, reverse=True)
            and latencies[0] > latencies[-1],
            "memory is bounded by the largest candidate": memory["ratio"] <= 1.2,
        },
    }


def latency_of(space):
    profile = next(p for p in analytic() if "Raspberry Pi 4B" in p.name)
    table = CostModel(profile, allow_analytic=True).table(space.operation_table())
    values, constant = table.slot_costs("latency")
    ends = [space.extreme(values, aggregate="sum", largest=b)[0] + constant for b in (False, True)]
    return AdditiveCost("latency", values, constant, *ends), table


def trained(work: Path, task, cost, table, weight: float) -> dict:
    """One training, slice by slice with a checkpoint, so that it can be cut off."""
    done = work / f"weight-{weight}.json"
    if done.exists():
        return json.loads(done.read_text())
    settings = build(ProxylessSettings, {**SETTINGS, "cost_weight": weight})
    trainable, kept = Proxyless(task, settings, SEED, costs=[cost]), work / f"weight-{weight}.pt"
    if kept.exists():
        trainable.restore(checkpoints.loads(kept.read_bytes()))
    began = time.monotonic()
    while not trainable.advance(deadline=time.monotonic() + 20, tick=lambda: True).done:
        kept.write_bytes(checkpoints.dumps(trainable.state()))
    genes = trainable.decoded()
    costs = table.total(task.space.operation_indices(np.array([genes])))
    found = {
        "cost_weight": weight,
        "derived_latency_ms": round(float(costs.latency_ms[0]), 4),
        "derived_macs": int(costs.macs[0]),
        "genes": list(genes),
        "figures": {name: round(v, 4) for name, v in trainable.progress.figures.items()},
        "steps": trainable.step,
        "seconds_since_resumed": round(time.monotonic() - began, 1),
        "memory": trainable.report()["memory"],
    }
    done.write_text(json.dumps(found))
    return found


def memory_of(task, row: dict) -> dict:
    """The largest step over all pairs that can be drawn, against the largest single path."""
    trainable = Proxyless(task, build(ProxylessSettings, SETTINGS), SEED)
    network = trainable.network
    inputs, targets = task.batch("train", torch.arange(16), trainable.resolution)
    largest = max(len(choice.options) for choice in network.choices)

    def bytes_of(gate) -> int:
        for place in network.mixed_operations():
            place.gate = gate(len(place.candidates))
        return saved_bytes(network, lambda: task.loss(network(inputs), targets))

    from searches.networks.mixed import Single

    def two(i):
        gates = torch.tensor([1.0, 0.0], requires_grad=True)
        return lambda n: TwoPaths(i % n, (i + 1) % n, gates)

    singles = [bytes_of(lambda n, i=i: Single(min(i, n - 1))) for i in range(largest)]
    pairs = [bytes_of(two(i)) for i in range(largest)]
    return {
        "single_path_bytes": singles,
        "two_path_bytes": pairs,
        "ratio": round(max(pairs) / max(singles), 3),
        "curve": row["memory"],
    }
