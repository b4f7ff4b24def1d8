"""One ONNX model per Operation: the blocks that a kit times on a device."""

from dataclasses import replace

from onnx import ModelProto

from devices.profiles.decomposition import Recipe, recipe_of
from devices.profiles.fields import OperationFields
from devices.profiles.kit.graph import Graph
from devices.profiles.kit.primitives import UnsupportedOperation, write_primitive
from devices.profiles.operations import Operation

GEMM_SIZE = 768  # three matrices of 2.4 MB: the product is bound by arithmetic
COPY_ELEMENTS = 16 * 2**20  # 64 MiB in, 64 MiB out: no cache of today holds them


def block_model(op: Operation, weights: str | None = None) -> bytes:
    """Returns the serialised model of an operation; its weights are one tile, repeated.

    Batch norm is folded into the convolutions, which carry a bias instead. The same operation
    gives the same bytes.

    Args:
        op: in the batch that it names, else one sample.
        weights: as in Graph.

    Raises:
        UnsupportedOperation: the kit has no ONNX form of it, attention for instance.
    """
    return bytes(_model(op, weights).SerializeToString(deterministic=True))


def is_supported(op: Operation) -> bool:
    """Whether the kit has an ONNX form of the operation."""
    try:
        write_block(Graph(), replace(op, batch=None), ["x"] * n_inputs(op))
    except UnsupportedOperation:
        return False
    return True


def identity_model() -> bytes:
    """Returns a model that does nothing: what a call alone costs."""
    graph = Graph()
    model = graph.model(graph.node("Identity", graph.input([8])), [8])
    return bytes(model.SerializeToString(deterministic=True))


def gemm_model() -> bytes:
    """Returns the product of two square matrices, the probe of the peak arithmetic rate."""
    graph, shape = Graph(), [GEMM_SIZE, GEMM_SIZE]
    product = graph.node("MatMul", graph.input(shape), graph.input(shape))
    return bytes(graph.model(product, shape).SerializeToString(deterministic=True))


def copy_model() -> bytes:
    """Returns a map that reads and writes memory and computes next to nothing."""
    graph = Graph()
    shifted = graph.node("Add", graph.input([COPY_ELEMENTS]), graph.floats(1.0))
    return bytes(graph.model(shifted, [COPY_ELEMENTS]).SerializeToString(deterministic=True))


def n_inputs(op: OperationFields) -> int:
    return 2 if op.type in ("add", "mul", "matmul", "concat") else 1


def write_block(graph: Graph, op: OperationFields, inputs: list[str]) -> str:
    """Adds the nodes of a block to a graph, part after part; returns the name of its output."""
    recipe = recipe_of(op)
    if op.type == "attention":
        raise UnsupportedOperation("no ONNX form of attention")
    if recipe is None or (op.type == "conv" and op.tag == "reflect"):
        return write_primitive(graph, op, inputs)
    return _write_recipe(graph, recipe, inputs)


def _write_recipe(graph: Graph, recipe: Recipe[OperationFields], inputs: list[str]) -> str:
    if recipe.parallel:
        branches = [write_block(graph, part, inputs) for part in recipe.main]
        return write_block(graph, recipe.join[0], branches)
    output, shortcut = _chain(graph, recipe.main, inputs), inputs[0]
    if recipe.shortcut:
        shortcut = _chain(graph, recipe.shortcut, inputs)
    if not recipe.join:
        return output
    joined = write_block(graph, recipe.join[0], [output, shortcut])
    return _chain(graph, recipe.join[1:], [joined])


def _chain(graph: Graph, parts: tuple[OperationFields, ...], inputs: list[str]) -> str:
    for part in parts:
        if part.type == "linear" and part.q_len is None and parts[0].type == "gap":
            inputs = [graph.node("Flatten", *inputs)]
        inputs = [write_block(graph, part, inputs)]
    return inputs[0]


def _model(op: Operation, weights: str | None) -> ModelProto:
    graph = Graph(op.batch or 1, weights=weights)
    shapes, integers = input_shapes(op), op.type == "embed"
    inputs = [graph.input(shape, integers=integers) for shape in shapes]
    return graph.model(write_block(graph, op, inputs), output_shape(op))


def input_shapes(op: OperationFields) -> list[list[int]]:
    """Shapes of the inputs without the batch."""
    cin, cout = op.channels_in(), op.channels_out()
    if op.type == "matmul":
        heads = op.heads or 1
        return [[heads, op.q_len or 1, cin], [heads, cin, cout]]
    if op.type == "concat":
        return [[part, *op.input_size()] for part in (cout - cout // 2, cout // 2)]
    if op.type == "embed":
        return [[op.q_len or 1]]
    own = [cin, *op.input_size()] if op.h else [op.q_len, cin] if op.q_len else [cin]
    if op.type == "other" and op.heads:
        own = [op.heads, *own]
    return [own] * n_inputs(op)


def output_shape(op: OperationFields) -> list[int]:
    """Shape of the output without the batch."""
    channels = op.channels_out()
    if op.h and op.tag != "pool+classifier":
        return [channels, *op.output_size()]
    own = [op.q_len, channels] if op.q_len else [channels]
    return [op.heads, *own] if op.heads else own
