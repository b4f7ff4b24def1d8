"""Does what a person takes away compute what was judged here?"""

from __future__ import annotations

import importlib.util
import io
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from searches.networks.families import configuration, input_shape
from searches.training.base import Tick
from searches.training.seeds import generator
from searches.training.task import Network, Task

# Largest difference of outputs, as a share of the largest output (or of 1, if that is more).
# Reordered float32 sums differ by about 1e-6; a wrong kernel or a lost layer by more than 0.1.
TOLERANCE = 1e-4
SCORE_TOLERANCE = 5e-4  # half a tenth of a point
N_RANDOM = 16


class ParityError(Exception):
    """An exported file does not do what the network does; `report` says which, and by how much."""

    def __init__(self, report: dict[str, Any]):
        super().__init__("; ".join(report["problems"]))
        self.report = report


@dataclass
class Report:
    """What was compared. Becomes part of the model card."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def compare(self, file: str, inputs: str, expected: list[Tensor], got: list[Tensor]) -> None:
        """Note the largest difference of two lists of outputs, each [B, n]."""
        one, other = torch.cat(expected), torch.cat(got)
        difference = (one - other).abs().max().item()
        allowed = TOLERANCE * max(1.0, one.abs().max().item())
        self.outputs.append(
            {
                "file": file,
                "inputs": inputs,
                "n": len(one),
                "largest_difference": difference,
                "allowed": allowed,
            }
        )
        if not difference <= allowed:  # NaN is a problem, too
            self.problems.append(
                f"{file}: outputs on {inputs} differ by {difference:.3g}, allowed {allowed:.3g}"
            )

    def compare_scores(self, name: str, expected: dict[str, float]) -> None:
        """Hold scores that should be equal against those of the files."""
        for file, scores in self.scores.items():
            for measure in scores.keys() & expected.keys():
                if not abs(scores[measure] - expected[measure]) <= SCORE_TOLERANCE:
                    self.problems.append(
                        f"{file}: {measure} on the test split is {scores[measure]:.4f}, "
                        f"{name} {expected[measure]:.4f}"
                    )


def check(
    network: nn.Module,
    files: dict[str, bytes],
    task: Task,
    *,
    reported: dict[str, float],
    tick: Tick,
) -> dict[str, Any]:
    """A report that the files of a bundle do the same as the network.

    The ONNX file runs on the whole test split and on random inputs, in batches of several sizes;
    the ExportedProgram and the plain source on the random inputs.

    Args:
        network: In evaluation mode.
        files: model.onnx, model.pt2, model.safetensors and network.py.
        task: Whose test split is used.
        reported: Test scores by measure that are shown to people.
        tick: Called now and then, as in Trainable.

    Raises:
        ParityError: Outputs or scores differ.
    """
    report = Report(versions={"onnxruntime": onnxruntime.__version__, "torch": torch.__version__})
    session = onnx_network(files["model.onnx"])
    inputs = _random_inputs(configuration(network))
    expected = _run(network, inputs)
    report.compare("model.onnx", "random inputs", expected, _run(session, inputs))
    tick()
    report.compare("model.pt2", "random inputs", expected, _run(_program(files), inputs))
    report.compare("network.py", "random inputs", expected, _run_source(files, inputs))
    tick()
    _compare_on_test_split(report, network, session, task, tick)
    report.compare_scores("reported", reported)
    if report.problems:
        raise ParityError(asdict(report))
    return asdict(report)


def onnx_network(data: bytes) -> Network:
    """An ONNX file as a function of tensors, run by ONNX Runtime on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    (taken,) = session.get_inputs()

    def run(inputs: Tensor) -> Tensor:
        contiguous = np.ascontiguousarray(inputs.numpy())
        return torch.from_numpy(session.run(["logits"], {taken.name: contiguous})[0])

    return run


def _compare_on_test_split(
    report: Report, network: nn.Module, session: Network, task: Task, tick: Tick
) -> None:
    resolution = configuration(network)["resolution"]
    outputs: dict[str, list[Tensor]] = {}
    for name, run in (("pytorch", network), ("model.onnx", session)):
        kept = outputs[name] = []

        def recorded(images: Tensor, run: Network = run, kept: list[Tensor] = kept) -> Tensor:
            kept.append(run(images))
            return kept[-1]

        quality = task.quality(
            recorded, "test", resolution=resolution, provenance="supernet", tick=tick
        )
        report.scores[name] = {measure: value.value for measure, value in quality.items()}
    report.compare("model.onnx", "test split", outputs["pytorch"], outputs["model.onnx"])
    report.compare_scores("in PyTorch", report.scores["pytorch"])


def _random_inputs(config: dict[str, Any]) -> list[Tensor]:
    """Noise, in batches of 1, 5 and 10: the batch size has to be free.

    Images are in 0..1; rows of numbers around their mean, each feature by its own deviation.
    """
    shape = (N_RANDOM, *input_shape(config))
    inputs = torch.rand(shape, generator=generator("parity"))
    if not config["resolution"]:
        mean, std = torch.tensor(config["mean"]), torch.tensor(config["std"])
        inputs = mean + std * (4 * inputs - 2)
    return list(torch.split(inputs, [1, 5, 10]))


@torch.no_grad()
def _run(network: Network, inputs: list[Tensor]) -> list[Tensor]:
    return [network(images) for images in inputs]


def _program(files: dict[str, bytes]) -> Network:
    program: Network = torch.export.load(io.BytesIO(files["model.pt2"])).module()
    return program


def _run_source(files: dict[str, bytes], inputs: list[Tensor]) -> list[Tensor]:
    """Outputs of network.py with model.safetensors, loaded as a person would."""
    with TemporaryDirectory() as folder:
        for name in ("network.py", "model.safetensors"):
            (Path(folder) / name).write_bytes(files[name])
        spec = importlib.util.spec_from_file_location("exported", Path(folder) / "network.py")
        if spec is None or spec.loader is None:
            raise ImportError("network.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return _run(module.load(Path(folder) / "model.safetensors"), inputs)
