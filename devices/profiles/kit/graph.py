"""A small writer of ONNX graphs: nodes, weights and names; no torch, nothing is traced."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

OPSET = 20  # first with Gelu; the one that the exporter of torch writes, so kernels are the same
IR_VERSION = 10
TILE_BYTES = 4096  # of random numbers, repeated: a kit compresses 60-fold, no weight is zero
OUTSIDE_BYTES = 256  # a smaller weight is shorter than the note where to find it

Attributes = Mapping[str, Any]  # int, float, str or a list of int
TILE = np.random.default_rng(20260101).normal(0.0, 0.05, TILE_BYTES // 4).astype("<f4").tobytes()


def repeated_tile(n_elements: int) -> bytes:
    """Returns so many fp32 numbers, one tile of random ones over and over."""
    size = 4 * n_elements
    return (TILE * (size // TILE_BYTES + 1))[:size]


class Graph:
    """Collects the parts of one model; every method returns the name of what it adds.

    Args:
        batch: samples in one call.
        weights: name of a file beside the model that holds the repeated tile; without it every
            model carries its own.
    """

    def __init__(self, batch: int = 1, *, weights: str | None = None) -> None:
        self.batch, self.weights = batch, weights
        self._nodes: list[NodeProto] = []
        self._inputs: list[ValueInfoProto] = []
        self._weights: list[TensorProto] = []

    def input(self, shape: Sequence[int], *, integers: bool = False) -> str:
        name = f"x{len(self._inputs)}"
        kind = TensorProto.INT64 if integers else TensorProto.FLOAT
        self._inputs.append(helper.make_tensor_value_info(name, kind, [self.batch, *shape]))
        return name

    def weight(self, shape: Sequence[int]) -> str:
        """A tensor of the repeated tile."""
        n_elements = int(np.prod(shape))
        if self.weights is not None and 4 * n_elements >= OUTSIDE_BYTES:
            return self._outside(shape, self.weights)
        return self._constant(TensorProto.FLOAT, shape, repeated_tile(n_elements))

    def ones(self, size: int) -> str:
        return self._constant(TensorProto.FLOAT, [size], np.ones(size, "<f4").tobytes())

    def floats(self, *values: float) -> str:
        """A scalar if there is one value, else a vector."""
        shape = [] if len(values) == 1 else [len(values)]
        return self._constant(TensorProto.FLOAT, shape, np.array(values, "<f4").tobytes())

    def integers(self, *values: int) -> str:
        data = np.array(values, "<i8").tobytes()
        return self._constant(TensorProto.INT64, [len(values)], data)

    def node(self, kind: str, *inputs: str, attributes: Attributes | None = None) -> str:
        """An operator with the names that ONNX gives to it and to its attributes."""
        name = f"v{len(self._nodes)}"
        node = helper.make_node(kind, list(inputs), [name], name=name, **(attributes or {}))
        self._nodes.append(node)
        return name

    def model(self, output: str, shape: Sequence[int]) -> ModelProto:
        """Returns the finished model with one output of this shape, without the batch."""
        info = helper.make_tensor_value_info(output, TensorProto.FLOAT, [self.batch, *shape])
        graph = helper.make_graph(self._nodes, "block", self._inputs, [info], self._weights)
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(
            graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="webnas"
        )

    def _outside(self, shape: Sequence[int], file: str) -> str:
        """A tensor that is read from the start of another file."""
        tensor = TensorProto(name=f"w{len(self._weights)}", dims=shape)
        tensor.data_type = TensorProto.FLOAT
        tensor.data_location = TensorProto.EXTERNAL
        length = 4 * int(np.prod(shape))
        for key, value in {"location": file, "offset": "0", "length": str(length)}.items():
            tensor.external_data.add(key=key, value=value)
        self._weights.append(tensor)
        return tensor.name

    def _constant(self, kind: int, shape: Sequence[int], data: bytes) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(helper.make_tensor(name, kind, list(shape), data, raw=True))
        return name
