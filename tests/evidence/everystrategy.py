"""Every strategy over REST on the digits: from a posted run to an ONNX file that was tried.

The network with the best validation accuracy on a run's front is downloaded with its example
program, which has to get the share of the held-out digits right that the model card says.
"""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median

import numpy as np

from searches.datasets.digits import digits
from tests.evidence.cifar10 import ENDED, MADE, wait_for_host
from tests.evidence.server import Server

SEED, CHANCE, BUDGET, PATIENCE = 1, 0.1, 40, 3600
MOBILE, PROXYLESS, CELLS = "MobileNetV3, small", "ProxylessNAS, small", "NAS-Bench-201, small"
MIXED = (PROXYLESS, CELLS)  # spaces of the one-shot strategies
SUPERNET = {"epochs": 20, "recalibration_images": 1000}
# Three resolutions, two depths, three kernels and two expansions; of other genes the first option.
GRID = {
    "step": 1000,
    "steps": "resolution=2, unit1.depth=2, unit1.block1.kernel=1, unit1.block1.expand=2",
}
SAMPLING = {"grid": GRID, "ofa_evolution": {"population": 20}}
ONE_SHOT = {"epochs": 60, "warmup_epochs": 20, "batch_size": 32, "choice_rate": 0.02}
# A step of these runs all candidates of a choice, and trains the weights of all.
MIXTURES = dict.fromkeys(("darts", "fbnet"), ONE_SHOT | {"epochs": 30, "warmup_epochs": 10})
# Weights that were trained in a mixture are a start; the network that is taken away trains on.
TUNED = {"settings": {"fine_tune_epochs": 20}}
LIMITED = {"epochs": 9, "warmup_epochs": 1, "batch_size": 32}


def measure(work: Path) -> dict:
    with Server(work / "home", log=work / "launcher.log", fresh=False) as server:
        for demo in server.get("runs/?name=Demo")["results"]:
            if demo["status"] not in ENDED:
                server.post(f"runs/{demo['id']}/cancel/")
        host = next(d for d in server.get("devices/")["results"] if d["is_host"])
        wait_for_host(server, host["id"])
        cards = server.get("strategies/?page_size=100")["results"]
        requests = {name: body for card in cards for name, body in requests_of(card)}
        rows = {name: row_of(server, work, name, body) for name, body in requests.items()}
        refusals = [refusal for card in cards for refusal in refusals_of(server, card)]
    return {"seed": SEED, "rows": rows, "refusals": refusals, "holds": holds(rows, refusals)}


def holds(rows: dict[str, dict], refusals: list[dict]) -> dict[str, bool]:
    enough = [r["judged"] >= 30 or (r["supernet_times_chance"] or 0) > 5 for r in rows.values()]
    return {
        "every run finished": all(row["status"] == "finished" for row in rows.values()),
        "30 candidates, or a supernet above 5 times chance": all(enough),
        "every file keeps its promise": all(
            row["accuracy_in_onnx_runtime"] == round(row["reported_test_accuracy"], 4)
            for row in rows.values()
        ),
        "every misfit was refused": all(refusal["status"] == 400 for refusal in refusals),
    }


def kind_of(card: dict) -> str:
    """How a strategy finds out what its proposals are worth."""
    if "differentiable slots" in card["requires"]:
        return "one-shot"
    return "multi-fidelity" if "fidelities" in card["requires"] else "sampling"


def requests_of(card: dict) -> list[tuple[str, dict]]:
    """Runs that show the strategy, by name; ids are put in later."""
    name, kind = card["name"], kind_of(card)
    body = {"strategy": name, "strategy_settings": SAMPLING.get(name, {}), "space": MOBILE}
    if kind == "sampling":
        body |= {"evaluator": "supernet", "evaluator_settings": SUPERNET}
    elif kind == "multi-fidelity":
        body |= {"evaluator": "full", "evaluator_settings": LIMITED}
    else:
        settings = MIXTURES.get(name, ONE_SHOT)
        body |= {"evaluator": "supernet", "strategy_settings": settings, "space": PROXYLESS}
    found = [(name, body)]
    if name == "darts":
        found.append((f"{name} on cells", body | {"space": CELLS}))
    return found


def row_of(server: Server, work: Path, name: str, body: dict) -> dict:
    """The row of a run, which is started unless it is there from a time before."""
    kept, started = work / f"row-{name}.json", work / f"run-{name}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    if not started.exists():
        started.write_text(str(server.post("runs/", whole(server, name, body))["id"]))
    run = server.wait(f"runs/{int(started.read_text())}/", ENDED, PATIENCE)
    if run["status"] != "finished":
        raise RuntimeError(f"{name}: {run['status']}. {run['message']} {run['error']}")
    found = searched(server, run, body)
    found |= downloaded(server, work, name, run, TUNED if body["space"] in MIXED else {})
    kept.write_text(json.dumps(found))
    return found


def whole(server: Server, name: str, body: dict) -> dict:
    """The body of a request, with the ids of this server's rows."""
    host = next(d for d in server.get("devices/")["results"] if d["is_host"])["id"]
    data = next(d for d in server.get("datasets/")["results"] if "digits" in d["name"])["id"]
    spaces = server.get("spaces/?page_size=100")["results"]
    space = next(s for s in spaces if s["name"] == body["space"])["id"]
    found = body | {
        "name": f"Digits: {name}",
        "target": "mobile",
        "dataset": data,
        "space": space,
        "devices": [host],
        "objectives": [{"measure": "accuracy"}, {"measure": "latency", "device": host}],
        "budget": BUDGET,
        "batch": 10,
        "seed": SEED,
    }
    if body["space"] == MOBILE and body["evaluator"] == "supernet":
        trained = server.get(f"supernets/?is_trained=true&space={space}")["results"]
        found |= {"supernet": trained[0]["id"]} if trained else {}
    return found


def searched(server: Server, run: dict, body: dict) -> dict:
    """What a run has found, and what its supernet is worth without any choice among networks."""
    trials = server.get(f"runs/{run['id']}/trials/?page_size=500")["results"]
    front = server.get(f"runs/{run['id']}/front/")["results"]
    accuracies = [t["values"]["accuracy"] for t in trials if t["status"] == "done"]
    found = {
        "status": run["status"],
        "space": body["space"],
        "evaluator": body["evaluator"],
        "judged": run["n_told"] - run["n_failed"],
        "failed": run["n_failed"],
        "front": len(front),
        "best_test_accuracy": max(m["measures"]["accuracy:test"]["value"] for m in front),
        "seconds_of_work": round(run["seconds"], 1),
        "supernet_times_chance": None,
    }
    if body["evaluator"] == "supernet":
        found["supernet_times_chance"] = round(median(accuracies) / CHANCE, 2)
    return found


def downloaded(server: Server, work: Path, name: str, run: dict, how: dict) -> dict:
    """Choose the best of the front, unpack its bundle, and run its own program on the digits."""
    front = server.get(f"runs/{run['id']}/front/")["results"]
    best = max(front, key=lambda m: m["measures"]["accuracy"]["value"])
    model = server.post(f"runs/{run['id']}/trials/{best['number']}/choose/", how)
    model = server.wait(f"models/{model['id']}/", MADE, 600)
    target, folder = work / f"{model['id']}.zip", work / f"model-{name}"
    server.curl(f"models/{model['id']}/download/?format=bundle", "-o", str(target))
    with zipfile.ZipFile(target) as archive:
        archive.extractall(folder)
    card = json.loads((folder / "model_card.json").read_text())
    return {
        "model": model["status"],
        **how.get("settings", {}),
        "reported_test_accuracy": card["metrics"]["accuracy:test"]["value"],
        "accuracy_in_onnx_runtime": score(folder),
    }


def score(folder: Path) -> float:
    """Accuracy of a bundle's example program on the digits that no training has seen."""
    data = digits()
    np.savez(folder / "held_out.npz", x_test=data.x_test, y_test=data.y_test)
    command = [sys.executable, "example.py", "held_out.npz"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return float(re.match(r"accuracy ([\d.]+) ", done.stdout)[1])


def refusals_of(server: Server, card: dict) -> list[dict]:
    """What webnas says when a strategy is asked for what it cannot do."""
    name, kind = card["name"], kind_of(card)
    misfits = {"one-shot": {"space": MOBILE}, "multi-fidelity": {"evaluator": "supernet"}}
    if kind not in misfits:
        return []
    body = {"strategy": name, "space": MOBILE, "evaluator": "supernet"} | misfits[kind]
    asked = whole(server, name, body)
    asked.pop("supernet", None)
    status, answer = server.answer("runs/", asked)
    return [{"strategy": name, **misfits[kind], "status": status, "said": answer}]
