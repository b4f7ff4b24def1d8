"""Fronts for two devices that rank networks differently, from one supernet, in seconds.

The devices are simulated, so that their true ranking is known: one is short of arithmetic, the
other of memory bandwidth. Each is timed with 2 % of noise, as a kit would do it, and uploaded. For
each of five seeds both get a front by one request, and each front is judged on both devices:
hypervolume of accuracy on validation and latency. How far the profile's error moves the difference
is drawn from the errors of its operations.
"""

import json
import time
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from devices.profiles.cost import CostModel, CostTable
from devices.profiles.profile import Profile
from searches.objectives.agreement import kendall
from searches.objectives.fronts import hypervolume
from searches.spaces import registry
from tests.devices.simulated import SimulatedDevice
from tests.evidence.server import Server

SEEDS = (1, 2, 3, 4, 5)
DEVICES = {
    "short of arithmetic": SimulatedDevice(noise=0.02, seed=1, peak=1e9, bandwidth=1e12),
    "short of bandwidth": SimulatedDevice(noise=0.02, seed=2, peak=1e12, bandwidth=2e8),
}
ENDED = {"finished", "failed", "cancelled", "no_space", "lost", "infeasible"}
PAIRS = 120
DRAWS = 200
# Two-sided 90 % of a normal distribution.
Z90 = 1.645
TRIVIAL = 0.1  # accuracy of a guess among ten digits
SECONDS, FEWEST, CANDIDATES = 10, 8, 10_000


def measure(work: Path) -> dict:
    is_fresh = not (work / "home").exists()
    with Server(work / "home", log=work / "launcher.log", fresh=is_fresh) as server:
        supernet = trained(server)
        devices = {name: uploaded(server, work, name) for name in DEVICES}
        tables = {name: table_of(work, name) for name in DEVICES}
        found, ends = {}, ends_of(tables)
        warm(server, supernet, devices)
        for seed in SEEDS:
            stored = work / f"seed-{seed}.json"
            if not stored.exists():
                stored.write_text(json.dumps(specialised(server, supernet, devices, seed)))
            fronts = json.loads(stored.read_text())
            found[f"seed {seed}"] = compared(fronts, tables, ends)
        alone = alone_on(server, supernet, devices)
        predictor = server.get(f"supernets/{supernet}/")["predictor"]
    return {
        "predictor": predictor["report"],
        "tau between the latencies of the devices": round(ranking(tables), 3),
        **found,
        "one device alone": alone,
        "holds": held(found, alone),
    }


def held(found: dict[str, Any], alone: dict[str, Any]) -> dict[str, bool]:
    pairs = [row for seed in found.values() for row in seed["on its own device"].values()]
    return {
        "more hypervolume on its own device, by more than the profile's error": all(
            row["ahead"] > Z90 * row["error"] for row in pairs
        ),
        f"under {SECONDS} s for one device": alone["seconds until finished"] < SECONDS,
        f"at least {FEWEST} networks": alone["networks on the front"] >= FEWEST,
        f"at least {CANDIDATES} candidates": alone["candidates"] >= CANDIDATES,
    }


def trained(server: Server) -> int:
    """The supernet of the demo, with its predictor."""
    demo = server.get("runs/?ordering=id")["results"][0]
    server.wait(f"runs/{demo['id']}/", ENDED, 3600)
    supernet = server.get("supernets/")["results"][0]
    if supernet["predictor"] is None:
        server.post(f"supernets/{supernet['id']}/predictor/", {"pairs": PAIRS})
    for _ in range(3600):
        found = server.get(f"supernets/{supernet['id']}/")["predictor"]
        if found["status"] != "measuring":
            break
        time.sleep(1)
    return int(supernet["id"])


@cache
def space() -> Any:
    """That of the demo, for its data."""
    preset = registry.FAMILIES["ofa_mobilenet_v3"].presets["small"]
    return registry.load(preset).with_data(in_channels=1, n_classes=10)


def uploaded(server: Server, work: Path, name: str) -> int:
    known = {row["name"]: row["id"] for row in server.get("devices/")["results"]}
    if name in known:
        return int(known[name])
    profile = DEVICES[name].profile(space().operation_table(), name=name)
    path = work / f"{name}.json"
    path.write_text(json.dumps(profile.to_dict()))
    answer = json.loads(server.curl("devices/upload/", "-F", f"file=@{path}"))
    return int(answer["id"])


def table_of(work: Path, name: str) -> CostTable:
    profile = Profile.from_dict(json.loads((work / f"{name}.json").read_text()))
    return CostModel(profile).table(space().operation_table())


def warm(server: Server, supernet: int, devices: dict[str, int]) -> None:
    """Every worker has the weights once it has judged for an earlier request."""
    for _ in range(2):
        body = {"devices": list(devices.values()), "name": "warm", "seed": 99}
        for run in server.post(f"supernets/{supernet}/specialise/", body)["runs"]:
            server.wait(f"runs/{run['id']}/", ENDED, 600)


def specialised(server: Server, supernet: int, devices: dict[str, int], seed: int) -> dict:
    """Both devices by one request; the fronts with genes, accuracy and times."""
    body = {"devices": list(devices.values()), "measures": ["latency"], "seed": seed}
    began = time.monotonic()
    runs = server.post(f"supernets/{supernet}/specialise/", body)["runs"]
    found = {}
    for name, run in zip(devices, runs, strict=True):
        ended = polled(server, run["id"])
        found[name] = front_of(server, ended) | {
            "seconds since the request": round(time.monotonic() - began, 2)
        }
    return found


def polled(server: Server, run: int) -> dict:
    for _ in range(6000):
        found = server.get(f"runs/{run}/")
        if found["status"] in ENDED:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"run {run} does not end")


def front_of(server: Server, run: dict) -> dict:
    members = server.get(f"runs/{run['id']}/front/")["results"]
    numbers = [member["number"] for member in members]
    genes = [server.get(f"runs/{run['id']}/trials/{n}/")["genes"] for n in numbers]
    history = server.get(f"runs/{run['id']}/history/")
    return {
        "status": run["status"],
        "genes": genes,
        "accuracy": [member["measures"]["accuracy"]["value"] for member in members],
        "candidates": history["search"][-1]["candidates"],
    }


def ends_of(tables: dict[str, CostTable]) -> dict[str, tuple[float, float]]:
    """The fastest and the slowest network of the space on each device."""
    found = {}
    for name, table in tables.items():
        values, constant = table.slot_costs("latency")
        ends = [
            space().extreme(values, aggregate="sum", largest=largest)[0] + constant
            for largest in (False, True)
        ]
        found[name] = (ends[0], ends[1])
    return found


def compared(
    fronts: dict[str, Any], tables: dict[str, CostTable], ends: dict[str, tuple[float, float]]
) -> dict[str, Any]:
    """On each device: the hypervolume of its own front, of the other's, and what error does."""
    rows = {}
    for name, table in tables.items():
        other = next(n for n in tables if n != name)
        draws = drawn(table, np.random.default_rng(0))
        own, foreign = (
            np.array([volume(fronts[n], latency, ends[name]) for latency in draws])
            for n in (name, other)
        )
        ahead = own - foreign
        rows[name] = {
            "own front": round(float(own[0]), 4),
            "the other's front": round(float(foreign[0]), 4),
            "ahead": round(float(ahead[0]), 4),
            "error": round(float(ahead[1:].std(ddof=1)), 4),
        }
    return {
        "on its own device": rows,
        "networks on the fronts": {n: len(front["genes"]) for n, front in fronts.items()},
        "candidates": {n: front["candidates"] for n, front in fronts.items()},
        "seconds since the request": {
            n: front["seconds since the request"] for n, front in fronts.items()
        },
        "status": {n: front["status"] for n, front in fronts.items()},
    }


def drawn(table: CostTable, rng: np.random.Generator) -> list[tuple[np.ndarray, float]]:
    """Latency of each operation: as the profile has it, then as its errors allow."""
    noise = rng.normal(size=(DRAWS, len(table.network_ms)))
    factors = np.exp(noise * np.nan_to_num(table.latency_sigma))
    latencies = [table.network_ms, *(table.network_ms * factor for factor in factors)]
    return [(latency, table.overhead_ms) for latency in latencies]


def volume(
    front: dict[str, Any], latency: tuple[np.ndarray, float], ends: tuple[float, float]
) -> float:
    """Share of the box between the ideal and a trivial network as slow as the slowest one."""
    padded = np.append(latency[0], 0.0)  # -1 is no operation
    indices = space().operation_indices(np.array(front["genes"]))
    milliseconds = padded[indices].sum(axis=1) + latency[1]
    losses = np.column_stack(
        [
            (1 - np.array(front["accuracy"])) / (1 - TRIVIAL),
            (milliseconds - ends[0]) / (ends[1] - ends[0]),
        ]
    )
    return hypervolume(losses, [1.0, 1.0])


def ranking(tables: dict[str, CostTable]) -> float:
    """Kendall's tau between the latencies of random networks on both devices."""
    rng = Random(0)
    indices = space().operation_indices(np.array([space().sample(rng) for _ in range(300)]))
    first, second = (table.total(indices).latency_ms for table in tables.values())
    return kendall(first, second)


def alone_on(server: Server, supernet: int, devices: dict[str, int]) -> dict[str, Any]:
    """One device by one request, on workers that have the weights and nothing else to do."""
    body = {"devices": [next(iter(devices.values()))], "seed": 7}
    began = time.monotonic()
    run = server.post(f"supernets/{supernet}/specialise/", body)["runs"][0]["id"]
    until_front = None
    while True:
        found = server.get(f"runs/{run}/")
        if until_front is None and found["n_front"]:
            until_front = time.monotonic() - began
        if found["status"] in ENDED:
            break
        time.sleep(0.05)
    seconds = time.monotonic() - began
    front = front_of(server, found)
    return {
        "seconds until the front is judged on the supernet": round(until_front or seconds, 2),
        "seconds until finished": round(seconds, 2),
        "networks on the front": len(front["genes"]),
        "candidates": front["candidates"],
    }
