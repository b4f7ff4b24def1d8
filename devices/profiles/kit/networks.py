"""Whole networks of a space as ONNX: what the sum of the blocks is checked against."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from devices.profiles.fields import OperationFields
from devices.profiles.kit.graph import Graph
from devices.profiles.kit.onnx_blocks import input_shapes, n_inputs, output_shape, write_block
from devices.profiles.kit.primitives import UnsupportedOperation
from devices.profiles.operations import Operation


class NotAChain(UnsupportedOperation):
    """The operations do not follow one upon the other, each on the output of the last."""


def network_model(
    operations: Sequence[Operation], batch: int = 1, weights: str | None = None
) -> bytes:
    """Returns the serialised model of a chain of operations; its weights are one tile, repeated.

    Args:
        operations: in the order in which they run.
        batch: samples in one call.
        weights: as in Graph.

    Raises:
        NotAChain: an operation has another input than the output of the one before.
        UnsupportedOperation: the kit has no ONNX form of one of them.
    """
    refuse_other_than_chain(operations)
    graph = Graph(batch, weights=weights)
    output = graph.input(input_shapes(operations[0])[0], integers=operations[0].type == "embed")
    shape = input_shapes(operations[0])[0]
    for op in operations:
        wanted = input_shapes(op)[0]
        if wanted != shape:  # the map becomes a row of numbers for the classifier
            output = graph.node("Flatten", output)
        output = write_block(graph, replace(op, batch=None), [output])
        shape = output_shape(op)
    return bytes(graph.model(output, shape).SerializeToString(deterministic=True))


def refuse_other_than_chain(operations: Sequence[OperationFields]) -> None:
    """Raises NotAChain when the operations do not follow one upon the other."""
    if not operations:
        raise NotAChain("a network without operations")
    for op in operations:
        if n_inputs(op) != 1:
            raise NotAChain(f"{op.label()} joins several branches")
    for before, after in pairwise(operations):
        given, wanted = output_shape(before), input_shapes(after)[0]
        if given != wanted and not (len(wanted) == 1 and _elements(given) == wanted[0]):
            raise NotAChain(f"{after.label()} does not take the output of {before.label()}")


def _elements(shape: Sequence[int]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product
