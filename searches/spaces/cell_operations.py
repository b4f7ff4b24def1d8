"""The operations that a cell can choose from, under the names of the field, and what they cost.

All of them take and give the same number of channels. Convolutions are ReLU, convolution, batch
norm; separable ones do that twice and dilated ones once, as in Liu et al., 2019 (DARTS, section
3.1); pooling and identity have no weights. A strided identity halves the map with two shifted 1×1
convolutions. On tokens (positions of the map) work `linear` and `attention`, followed by a layer
norm; their stride is an average pool in front.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from devices.profiles.operations import Operation

NOTHING, IDENTITY = "none", "skip_connect"


@dataclass(frozen=True)
class Where:
    """A place for an operation: side of its square input, channels, stride.

    `groups` and `heads` are those of the definition.
    """

    side: int
    channels: int
    stride: int = 1
    groups: int = 1
    heads: int = 1


Cost = Callable[[Where], tuple[Operation, ...]]


def conv(at: Where, kernel: int, *, cin: int | None = None, g: int = 1, d: int = 1) -> Operation:
    """ReLU, convolution, batch norm; to the channels of the place."""
    width, side = at.channels, at.side
    wide = cin or width
    act = "relu"
    return Operation(
        "conv", h=side, cin=wide, cout=width, k=kernel, s=at.stride, g=g, d=d, act=act
    )


def halved(at: Where, *, cin: int | None = None) -> Operation:
    """ReLU and two stride-2 1×1 convolutions, one of them shifted by a pixel, batch norm."""
    width, side, tag = at.channels, at.side, "factorized"
    return Operation("conv", h=side, cin=cin or width, cout=width, k=1, s=2, act="relu", tag=tag)


def pool(at: Where, kind: str, kernel: int) -> Operation:
    return Operation("pool", h=at.side, cin=at.channels, k=kernel, s=at.stride, tag=kind)


def _convolution(kernel: int, *, d: int = 1) -> Cost:
    return lambda at: (conv(at, kernel, d=d),)


def _grouped(at: Where) -> tuple[Operation, ...]:
    return (conv(at, 3, g=at.groups),)


def _tagged(kernel: int, *, tag: str, d: int = 1) -> Cost:
    return lambda at: (replace(conv(at, kernel, d=d), tag=tag),)


def _pool(kind: str, kernel: int) -> Cost:
    return lambda at: (pool(at, kind, kernel),)


def _identity(at: Where) -> tuple[Operation, ...]:
    return () if at.stride == 1 else (halved(at),)


def _nothing(at: Where) -> tuple[Operation, ...]:  # noqa: ARG001 - a Cost like the others
    return ()


def _on_tokens(make: Callable[[Where, int], Operation]) -> Cost:
    def cost(at: Where) -> tuple[Operation, ...]:
        operation = make(at, (at.side // at.stride) ** 2)
        return (operation,) if at.stride == 1 else (pool(at, "avg", 2), operation)

    return cost


def _linear(at: Where, n_tokens: int) -> Operation:
    width = at.channels
    return Operation("linear", q_len=n_tokens, cin=width, cout=width, norm="ln", act="relu")


def _attention(at: Where, n_tokens: int) -> Operation:
    width, heads = at.channels, at.heads
    return Operation(
        "attention", q_len=n_tokens, kv_len=n_tokens, heads=heads, cin=width, norm="ln"
    )


BY_NAME: Mapping[str, Cost] = {
    NOTHING: _nothing,
    IDENTITY: _identity,
    "conv_1x1": _convolution(1),
    "conv_3x3": _convolution(3),
    "conv_5x5": _convolution(5),
    "conv_1x3_3x1": _tagged(3, tag="asymmetric"),
    "conv_1x7_7x1": _tagged(7, tag="asymmetric"),
    "dilated_conv_3x3": _convolution(3, d=2),
    "group_conv_3x3": _grouped,
    "sep_conv_3x3": _tagged(3, tag="sep2"),
    "sep_conv_5x5": _tagged(5, tag="sep2"),
    "sep_conv_7x7": _tagged(7, tag="sep2"),
    "dil_conv_3x3": _tagged(3, tag="sep", d=2),
    "dil_conv_5x5": _tagged(5, tag="sep", d=2),
    "avg_pool_3x3": _pool("avg", 3),
    "max_pool_3x3": _pool("max", 3),
    "max_pool_5x5": _pool("max", 5),
    "max_pool_7x7": _pool("max", 7),
    "linear": _on_tokens(_linear),
    "attention": _on_tokens(_attention),
}
