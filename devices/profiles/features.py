"""Numbers that describe an operation to a regression and to the choice of what to measure."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from devices.profiles.estimates import Floats
from devices.profiles.operations import Operation

# Amounts of work; a time is a sum of them with non-negative prices.
WORK = (
    "call",
    "dense_macs",
    "depthwise_macs",
    "activations",
    "weights",
    "primitives",
    "excitations",
    "costly_activations",
)
COSTLY_ACTS = frozenset({"hswish", "swish", "gelu", "tanh", "sigmoid"})
# Shape, in logarithms, and what kind of block it is.
SHAPE = (
    *("h", "h_out", "cin", "cout", "mid", "kernel", "heads"),
    *("first_macs", "depthwise_macs", "last_macs", "macs", "moved", "weights"),
    *("stride", "se", "costly_act", "skip", "k", "groups"),
)


CACHED = 8192  # a few spaces: an operation is taken apart once


def work(operations: Sequence[Operation]) -> Floats:
    """Returns [n, len(WORK)] amounts per sample."""
    return np.array([_work(op) for op in operations], dtype=np.float64).reshape(-1, len(WORK))


def shape(operations: Sequence[Operation]) -> Floats:
    """Returns [n, len(SHAPE)] features; sizes and MACs as natural logarithms, absent ones 0."""
    return np.array([_shape(op) for op in operations], dtype=np.float64).reshape(-1, len(SHAPE))


@lru_cache(maxsize=CACHED)
def _work(op: Operation) -> tuple[float, ...]:
    parts = op.decompose()
    depthwise = sum(part.macs() for part in parts if part.type == "dwconv")
    written = sum(part.output_elements() for part in parts)
    costly = sum(part.output_elements() for part in parts if part.act in COSTLY_ACTS)
    excitations = sum(part.type == "se" for part in parts)
    dense = sum(part.macs() for part in parts) - depthwise
    amounts = (dense, depthwise, written, op.weight_elements(), len(parts), excitations, costly)
    return (1.0, *map(float, amounts))


@lru_cache(maxsize=CACHED)
def _shape(op: Operation) -> tuple[float, ...]:
    parts = op.decompose()
    macs = [part.macs() for part in parts]
    depthwise = sum(m for m, part in zip(macs, parts, strict=True) if part.type == "dwconv")
    sizes = (
        *(op.input_size()[0], op.output_size()[0], op.channels_in(), op.channels_out()),
        *(op.mid or op.channels_in(), op.k or 1, op.heads or 1),
        *(macs[0], depthwise, macs[-1], sum(macs), op.moved_elements(), op.weight_elements()),
    )
    flags = (op.s, op.se, op.act in COSTLY_ACTS, op.skip, op.k or 1, op.g)
    return (*(math.log(max(size, 1)) for size in sizes), *map(float, flags))
