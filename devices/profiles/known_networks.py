"""Published networks that benchmark programs time by name: what they compute, block after block.

They give whole-network times of ncnn, MNN and others the work that was done. Networks are for 224
pixels and 1000 classes as in their papers; multiply-accumulates agree with the published counts.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, partial

from devices.profiles.operations import Operation

Operations = Iterator[Operation]


def _conv(h: int, cin: int, cout: int, k: int, s: int = 1) -> Operation:
    return Operation("conv", h=h, cin=cin, cout=cout, k=k, s=s, act="relu")


def _classifier(h: int, cin: int, cout: int = 1000) -> Operations:
    yield Operation("gap", h=h, cin=cin)
    yield Operation("linear", cin=cin, cout=cout)


def _mobilenet_v1() -> Operations:
    """(Howard et al., 2017, table 1)."""
    yield _conv(224, 3, 32, 3, 2)
    h, cin = 112, 32
    plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
    for cout, s in (*plan, *[(512, 1)] * 5, (1024, 2), (1024, 1)):
        yield Operation("dwconv", h=h, cin=cin, k=3, s=s, act="relu")
        h = (h - 1) // s + 1
        yield _conv(h, cin, cout, 1)
        cin = cout
    yield from _classifier(h, cin)


def _mobilenet_v2() -> Operations:
    """(Sandler et al., 2018, table 2)."""
    yield _conv(224, 3, 32, 3, 2)
    h, cin = 112, 32
    plan = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1)]  # fmt: skip
    for t, cout, n, stride in plan:
        for s in (stride, *[1] * (n - 1)):
            skip = s == 1 and cin == cout
            yield Operation("mbconv", h=h, cin=cin, mid=t * cin, cout=cout, k=3, s=s, skip=skip,
                            act="relu6")  # fmt: skip
            h, cin = (h - 1) // s + 1, cout
    yield _conv(h, cin, 1280, 1)
    yield from _classifier(h, 1280)


def _mobilenet_v3() -> Operations:
    """The large one (Howard et al., 2019, table 1)."""
    yield _conv(224, 3, 16, 3, 2)
    h, cin = 112, 16
    plan = [(3, 16, 16, 0, 1), (3, 64, 24, 0, 2), (3, 72, 24, 0, 1), (5, 72, 40, 1, 2),
            (5, 120, 40, 1, 1), (5, 120, 40, 1, 1), (3, 240, 80, 0, 2), (3, 200, 80, 0, 1),
            (3, 184, 80, 0, 1), (3, 184, 80, 0, 1), (3, 480, 112, 1, 1), (3, 672, 112, 1, 1),
            (5, 672, 160, 1, 2), (5, 960, 160, 1, 1), (5, 960, 160, 1, 1)]  # fmt: skip
    for k, mid, cout, se, s in plan:
        skip = s == 1 and cin == cout
        yield Operation("mbconv", h=h, cin=cin, mid=mid, cout=cout, k=k, s=s, skip=skip,
                        se=bool(se), act="hswish" if mid >= 200 else "relu")  # fmt: skip
        h, cin = (h - 1) // s + 1, cout
    yield _conv(h, cin, 960, 1)
    yield Operation("gap", h=h, cin=960)
    yield Operation("conv", h=1, cin=960, cout=1280, k=1, act="hswish", norm="none")
    yield Operation("linear", cin=1280, cout=1000)


def _resnet(tag: str, depths: tuple[int, ...]) -> Operations:
    """(He et al., 2016, table 1); the stride of a bottleneck is in its first convolution."""
    yield _conv(224, 3, 64, 7, 2)
    yield Operation("pool", h=112, cin=64, k=3, s=2, tag="max")
    h, cin, factor = 56, 64, 1 if tag == "basic" else 4
    for stage, depth in enumerate(depths):
        width = 64 * 2**stage
        for block in range(depth):
            s = 2 if stage and not block else 1
            yield from _residual(tag, h, cin, width, s, skip=cin == width * factor)
            h, cin = (h - 1) // s + 1, width * factor
    yield from _classifier(h, cin)


def _residual(tag: str, h: int, cin: int, width: int, s: int, *, skip: bool) -> Operations:
    if tag == "basic":
        yield Operation("resblock", h=h, cin=cin, mid=width, cout=width, k=3, s=s, tag="basic",
                        skip=skip, act="relu")  # fmt: skip
        return
    yield _conv(h, cin, width, 1, s)
    inner = (h - 1) // s + 1
    yield _conv(inner, width, width, 3)
    yield _conv(inner, width, 4 * width, 1)
    if not skip:
        yield Operation("conv", h=h, cin=cin, cout=4 * width, k=1, s=s)
    yield Operation("add", h=inner, cin=4 * width, act="relu")


def _vgg16() -> Operations:
    """(Simonyan, Zisserman, 2015, configuration D)."""
    h, cin = 224, 3
    for width, n in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(n):
            yield _conv(h, cin, width, 3)
            cin = width
        yield Operation("pool", h=h, cin=cin, k=2, s=2, tag="max")
        h //= 2
    for cin, cout in ((512 * 49, 4096), (4096, 4096), (4096, 1000)):
        yield Operation("linear", cin=cin, cout=cout)


NETWORKS: dict[str, Callable[[], Operations]] = {
    "mobilenet_v1": _mobilenet_v1,
    "mobilenet_v2": _mobilenet_v2,
    "mobilenet_v3_large": _mobilenet_v3,
    "resnet18": partial(_resnet, "basic", (2, 2, 2, 2)),
    "resnet50": partial(_resnet, "bottleneck", (3, 4, 6, 3)),
    "vgg16": _vgg16,
}
ALIASES = {
    "mobilenet": "mobilenet_v1",
    "mobilenetv110": "mobilenet_v1",
    "mobilenetv10224": "mobilenet_v1",
    "mobilenetv110224": "mobilenet_v1",
    "mobilenetv2224": "mobilenet_v2",
    "mobilenetv210224": "mobilenet_v2",
    **{name.replace("_", ""): name for name in NETWORKS},
}
SUFFIX = re.compile(r"\.(?:mnn|param|tflite|onnx|pte|bin|pt|json|csv|txt|log)$")


def known(name: str) -> str | None:
    """Our name of a network that a benchmark calls `name`; None for one that is not known."""
    plain = name.strip().lower()
    while SUFFIX.search(plain):
        plain = SUFFIX.sub("", plain)
    return ALIASES.get(re.sub(r"[-_. ]", "", plain))


@cache
def operations(name: str) -> tuple[Operation, ...]:
    """The blocks of a network by our name, in their order.

    Raises:
        KeyError: no network of that name.
    """
    return tuple(NETWORKS[name]())


def macs(name: str) -> int:
    """Multiply-accumulates for one image."""
    return sum(operation.macs() for operation in operations(name))
