"""CIFAR-10 by curl alone: from an upload to an ONNX file that scores what was reported."""

import io
import itertools
import json
import os
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.evidence.server import ROOT, Server

SHARED = Path(os.environ.get("WEBNAS_SHARED", ROOT.parent / "shared")) / "data" / "cifar10"
SEED = 1
ENDED = {"finished", "failed", "cancelled", "no_space", "lost", "infeasible"}
MADE = {"ready", "refused", "failed", "lost"}


def measure(work: Path) -> dict:
    """The tiny file as it is, then 10,000 training images with the whole test set."""
    found = {}
    with Server(work / "home", log=work / "launcher.log") as server:
        demo = server.get("runs/")["results"][0]["id"]
        server.post(f"runs/{demo}/cancel/")
        host = next(d for d in server.get("devices/")["results"] if d["is_host"])
        wait_for_host(server, host["id"])
        space = next(s for s in server.get("spaces/")["results"] if "small" in s["name"])
        for name, path, settings in (
            ("tiny", SHARED / "cifar10_tiny.npz", {"epochs": 20}),
            ("10,000 images", large(work), {"epochs": 45}),
        ):
            found[name] = search(server, work, name, path, space["id"], host["id"], settings)
    return found | {"seed": SEED}


def wait_for_host(server: Server, device: int) -> None:
    for _ in range(120):
        if server.get(f"devices/{device}/")["version"]:
            return
        time.sleep(1)
    raise TimeoutError("this machine was not measured")


def large(work: Path) -> Path:
    path = work / "large.npz"
    if not path.exists():
        train, test = unpacked("cifar10_train_0.npz"), unpacked("cifar10_test_10k.npz")
        np.savez(
            path,
            x_train=train[0],
            y_train=train[1],
            x_test=test[0],
            y_test=test[1],
            classes=train[2],
        )
    return path


def unpacked(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images of lossless WebP bytes, labels and names of classes."""
    with np.load(SHARED / name, allow_pickle=False) as source:
        data, offsets = source["webp"].tobytes(), source["offsets"]
        labels, classes = source["labels"].astype(np.int64), source["classes"].astype(str)
    spans = itertools.pairwise(offsets)
    images = [np.asarray(Image.open(io.BytesIO(data[a:b])).convert("RGB")) for a, b in spans]
    return np.stack(images), labels, classes


def search(
    server: Server, work: Path, name: str, path: Path, space: int, device: int, settings: dict
) -> dict:
    cpu, began = server.cpu_seconds(), time.monotonic()
    uploaded = json.loads(
        server.curl("datasets/", "-F", f"name=CIFAR-10 {name}", "-F", f"file=@{path}")
    )
    upload_seconds = time.monotonic() - began
    run = server.post(
        "runs/",
        {
            "name": f"CIFAR-10 {name}",
            "target": "mobile",
            "target_settings": {"augmentation": "shift_flip"},
            "dataset": uploaded["id"],
            "space": space,
            "devices": [device],
            "objectives": [
                {"measure": "accuracy"},
                {"measure": "latency", "device": device},
            ],
            "strategy": "nsga2",
            "evaluator": "supernet",
            "evaluator_settings": settings,
            "budget": 100,
            "batch": 20,
            "seed": SEED,
        },
    )
    run = server.wait(f"runs/{run['id']}/", ENDED, 5400)
    front = server.get(f"runs/{run['id']}/front/")
    members = front["results"] if isinstance(front, dict) else front
    best = max(members, key=lambda m: m["measures"]["accuracy"]["value"])
    search_cpu = server.cpu_seconds() - cpu
    downloaded = download(server, work, name, run["id"], best["number"], path)
    tested = [m["measures"]["accuracy:test"]["value"] for m in members]
    return {
        "status": run["status"],
        "upload_seconds": round(upload_seconds, 1),
        "cpu_minutes_of_the_search": round(search_cpu / 60, 2),
        "minutes_of_the_search": round((time.monotonic() - began) / 60, 2),
        "members_of_the_front": len(members),
        "test_accuracy_of_the_front": [min(tested), max(tested)],
        **downloaded,
    }


def download(server: Server, work: Path, name: str, run: int, number: int, path: Path) -> dict:
    """Choose, download the bundle, and score its ONNX file with its own example program."""
    model = server.post(f"runs/{run}/trials/{number}/choose/")
    model = server.wait(f"models/{model['id']}/", MADE, 600)
    target = work / f"{model['id']}.zip"
    server.curl(f"models/{model['id']}/download/?format=bundle", "-o", str(target))
    folder = work / f"model-{model['id']}"
    with zipfile.ZipFile(target) as archive:
        archive.extractall(folder)
    card = json.loads((folder / "model_card.json").read_text())
    reported = card["metrics"]["accuracy:test"]["value"]
    scored = score(folder / "model.onnx", card, path)
    return {
        "model": model["status"],
        "reported_test_accuracy": reported,
        "accuracy_in_onnx_runtime": scored,
        "difference_in_points": round(100 * abs(scored - reported), 4),
    }


def score(onnx: Path, card: dict, path: Path) -> float:
    """Accuracy of the file on the uploaded test images, resized here with numpy alone."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(onnx))
    side = card["architecture"]["resolution"]
    with np.load(path, allow_pickle=False) as source:
        images, labels = source["x_test"], source["y_test"]
    right = 0
    for start in range(0, len(images), 500):
        pixels = resized(images[start : start + 500].astype(np.float32) / 255, side)
        batch = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
        scores = session.run(None, {session.get_inputs()[0].name: batch})[0]
        right += int((scores.argmax(1) == labels[start : start + 500]).sum())
    return right / len(images)


def resized(images: np.ndarray, side: int) -> np.ndarray:
    """Bilinear between pixel centres, [n, side, side, c]."""
    for axis in (1, 2):
        size = images.shape[axis]
        centre = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0, size - 1)
        low = np.floor(centre).astype(int)
        high = np.minimum(low + 1, size - 1)
        shape = [1] * 4
        shape[axis] = side
        share = (centre - low).astype(np.float32).reshape(shape)
        images = images.take(low, axis) * (1 - share) + images.take(high, axis) * share
    return images
