"""The files that a person takes away, checked against the network they were made from."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from safetensors.torch import save
from torch import Tensor, nn

from searches.export import graphs, parity, source
from searches.export.readme import readme
from searches.networks.families import configuration, family_of
from searches.training.base import Tick, always
from searches.training.task import Task

CARD_VERSION = 1
CONTENTS = {
    "model.onnx": "ONNX, opset 20, any batch normalisation folded, any batch size",
    "model.pt2": "PyTorch ExportedProgram, any batch size",
    "model.safetensors": "the weights, for network.py",
    "network.py": "the network as plain PyTorch, with its configuration",
    "example.py": "prepares inputs and runs model.onnx; numpy, onnxruntime, Pillow for pictures",
}


@dataclass(frozen=True)
class Bundle:
    """All files of an exported network.

    Attributes:
        files: Content by name.
        card: What model_card.json says.
        report: How the files were compared with the network.
    """

    files: dict[str, bytes]
    card: dict[str, Any]
    report: dict[str, Any]

    def zip(self) -> bytes:
        """The files in one archive; equal bundles give equal bytes."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.files.items():
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()


def export(
    network: nn.Module,
    task: Task,
    *,
    card: dict[str, Any],
    tick: Tick = always,
) -> Bundle:
    """The bundle of a trained network, once its files are known to do what the network does.

    Args:
        network: With trained weights and its own batch norm statistics.
        task: Whose test split the files are tried on.
        card: What is known of the network's origin, JSON; becomes part of the model card. If its
            `metrics` hold test scores ("accuracy:test"), the files have to reach them.
        tick: Called now and then, as in Trainable.

    Raises:
        ParityError: A file does something else, or scores otherwise than was reported.
    """
    network = network.eval()
    files = _files(network, task, tick)
    report = parity.check(network, files, task, reported=_reported(card), tick=tick)
    card = _card(network, task, card, files, report)
    files["model_card.json"] = (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode()
    files["README.md"] = readme(card).encode()
    files["SHA256SUMS"] = "".join(
        f"{_sha256(content)}  {name}\n" for name, content in sorted(files.items())
    ).encode()
    return Bundle(files, card, report)


def _files(network: nn.Module, task: Task, tick: Tick) -> dict[str, bytes]:
    program = graphs.exported_program(network)
    tick()
    resolution = configuration(network)["resolution"]
    signature = task.signature(resolution)
    onnx = graphs.onnx_bytes(program, signature["input"]["name"])
    tick()
    return {
        "model.onnx": onnx,
        "model.pt2": graphs.pt2_bytes(program),
        "model.safetensors": save(_weights(network)),
        "network.py": source.network_source(network, family_of(task.space).source).encode(),
        "example.py": task.example(resolution).encode(),
    }


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.contiguous() for name, value in network.state_dict().items()}


def _card(
    network: nn.Module,
    task: Task,
    card: dict[str, Any],
    files: dict[str, bytes],
    report: dict[str, Any],
) -> dict[str, Any]:
    config = configuration(network)
    return {
        "card_version": CARD_VERSION,
        **card,
        "signature": task.signature(config["resolution"]),
        "normalisation": {
            "mean": config["mean"],
            "std": config["std"],
            "where": "inside the network",
        },
        "parameters": sum(p.numel() for p in network.parameters()),
        "parity": report,
        "files": {
            name: {
                "sha256": _sha256(content),
                "bytes": len(content),
                "content": CONTENTS[name],
            }
            for name, content in files.items()
        },
    }


def _reported(card: dict[str, Any]) -> dict[str, float]:
    """Test scores that people are shown, by measure."""
    metrics = card.get("metrics", {})
    return {
        name.removesuffix(":test"): metrics[name]["value"]
        for name in metrics
        if name.endswith(":test")
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
