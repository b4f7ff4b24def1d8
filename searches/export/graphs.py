"""A network as ONNX and as ExportedProgram, without traces of the machine it was made on."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from searches.networks.families import configuration, input_shape

OPSET = 20
# Where in whose source a node came from: paths of this machine, of no use elsewhere.
DEBUG_METADATA = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node")


def exported_program(network: nn.Module) -> ExportedProgram:
    """The network as a graph with free batch size: float32 [B, ...] -> logits."""
    example = torch.zeros(2, *input_shape(configuration(network)))
    with _quiet():
        program = torch.export.export(
            network.eval(), (example,), dynamic_shapes=({0: Dim("batch")},)
        )
    for node in program.graph.nodes:
        for name in DEBUG_METADATA:
            node.meta.pop(name, None)
    return program


def pt2_bytes(program: ExportedProgram) -> bytes:
    buffer = io.BytesIO()
    with _quiet():
        torch.export.save(program, buffer)
    return buffer.getvalue()


def onnx_bytes(program: ExportedProgram, input_name: str) -> bytes:
    """The program as ONNX, checked; the same program gives the same bytes."""
    with _quiet():
        made = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=OPSET,
            input_names=[input_name],
            output_names=["logits"],
            verbose=False,
        )
    if made is None:
        raise TypeError("the exporter returned nothing")
    model = made.model_proto
    _strip(model)
    data: bytes = model.SerializeToString(deterministic=True)
    onnx.checker.check_model(data, full_check=True)
    return data


def _strip(model: Any) -> None:
    """Remove what the exporter noted for its own debugging: a quarter of a small file."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"


@contextmanager
def _quiet() -> Iterator[None]:
    """No advice to the developers of the exporter: it speaks of packages that nobody asked for."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.setLevel(level)
