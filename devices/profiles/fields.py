"""The fields of one operation, their canonical form and the sizes that follow from them.

The fields are those of the latency tables of ProxylessNAS, OFA, FBNet and PaddleSlim under one
set of names: `h`, `w` are the input size, `mid` is always channels, never a ratio.
"""

import hashlib
import json
from dataclasses import dataclass, field

from devices.profiles.vocabulary import FIELDS, rounded_channels

SAME_CHANNELS = frozenset({"dwconv", "pool", "gap", "se", "add", "mul", "act", "norm"})
SAME_CHANNELS |= {"upsample", "other", "attention"}
SQUEEZE = 4  # squeeze-and-excitation keeps a quarter of the channels (Hu et al., 2018)


@dataclass(frozen=True, slots=True)
class OperationFields:
    """Fields of an operation in canonical form; None means absent.

    Values that say the same as their absence are dropped on construction (`w` equal to `h`, the
    output channels of a depthwise convolution equal to its input channels …), so two operations
    that are the same work are equal and have one key.
    """

    type: str
    h: int | None = None
    w: int | None = None
    cin: int | None = None
    cout: int | None = None
    mid: int | None = None
    k: int | None = None
    s: int = 1
    g: int = 1
    d: int = 1
    act: str = "none"
    se: bool = False
    skip: bool = False
    norm: str = "folded"
    q_len: int | None = None
    kv_len: int | None = None
    heads: int | None = None
    head_dim: int | None = None
    cached: bool = False
    tag: str | None = None
    batch: int | None = None
    dtype: str | None = None
    _key: str = field(default="", init=False, repr=False, compare=False)
    _macs: int = field(default=-1, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, value in _canonical(self).items():
            object.__setattr__(self, name, value)

    def key(self) -> str:
        """SHA-256 of the sorted JSON of the fields that are not at their default."""
        if not self._key:
            text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
            object.__setattr__(self, "_key", hashlib.sha256(text.encode()).hexdigest())
        return self._key

    def to_dict(self) -> dict[str, int | bool | str]:
        """The fields that are not at their default, in the order of the vocabulary."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) != DEFAULTS[name]}

    def label(self) -> str:
        """A short name for people, such as `mbconv 56×56×24→72→40 k5 s2 hswish se`."""
        words = [self.type, self.tag, _sizes(self)]
        words += [f"k{self.k}" if self.k else None]
        words += [f"{name}{getattr(self, name)}" for name in "sgd" if getattr(self, name) != 1]
        words += [f"heads {self.heads}" if self.heads else None]
        words += [f"kv {self.kv_len}" if self.kv_len else None]
        words += [self.act if self.act != "none" else None]
        words += [name for name in ("se", "skip", "cached") if getattr(self, name)]
        return " ".join(word for word in words if word)

    def input_size(self) -> tuple[int, int]:
        """Height and width of the input map; for operations on tokens (q_len, 1)."""
        if self.h is None:
            return self.q_len or 1, 1
        return self.h, self.w or self.h

    def output_size(self) -> tuple[int, int]:
        """Height and width after the operation ("same" padding); for tokens (q_len, 1)."""
        h, w = self.input_size()
        if self.type in ("deconv", "upsample"):
            return h * self.s, w * self.s
        if self.type == "gap" or self.tag == "pool+classifier":
            return 1, 1
        if self.type == "other" and self.tag == "reflect_pad":
            border = self.k // 2 * 2 if self.k else 0
            return h + border, w + border
        return (h - 1) // self.s + 1, (w - 1) // self.s + 1

    def channels_in(self) -> int:
        return self.cin or self.cout or 0

    def channels_out(self) -> int:
        return self.cout or self.cin or 0

    def squeezed(self) -> int:
        """Width inside squeeze-and-excitation."""
        if self.type == "mbconv":
            return rounded_channels((self.mid or 0) / SQUEEZE)
        return self.mid or rounded_channels(self.channels_in() / SQUEEZE)

    def width_of_heads(self) -> int:
        """Width inside attention: heads · head_dim."""
        return (self.heads or 1) * (self.head_dim or 0)

    def input_elements(self) -> int:
        """Elements read per sample besides the weights; a fused shortcut counts once."""
        h, w = self.input_size()
        own = h * w * self.channels_in()
        if self.type in ("add", "mul"):
            return 2 * own
        if self.type == "concat":
            return h * w * self.channels_out()
        if self.type == "embed":
            return self.q_len or 1
        if self.type == "matmul":
            return (self.heads or 1) * (own + self.channels_in() * self.channels_out())
        if self.type == "attention":
            return own + _keys_and_values_read(self)
        return own * (self.heads or 1)

    def output_elements(self) -> int:
        """Elements written per sample."""
        h, w = self.output_size()
        copies = 1 if self.type == "attention" else self.heads or 1
        return h * w * self.channels_out() * copies


DEFAULTS = {name: OperationFields.__dataclass_fields__[name].default for name in FIELDS}
DEFAULTS["type"] = ""


def _keys_and_values_read(operation: OperationFields) -> int:
    """Elements that attention reads besides its own input: a cache, or another sequence."""
    kv_len, q_len = operation.kv_len or 1, operation.q_len or 1
    if operation.tag == "cross":
        width = 2 * operation.width_of_heads() if operation.cached else _source_width(operation)
        return kv_len * width
    return 2 * max(kv_len - q_len, 0) * operation.width_of_heads() if operation.cached else 0


def _source_width(operation: OperationFields) -> int:
    return operation.mid or operation.channels_in()


def _sizes(operation: OperationFields) -> str:
    widths = (operation.cin, operation.mid, operation.cout)
    channels = "→".join(str(value) for value in widths if value)
    if operation.h:
        h, w = operation.input_size()
        return f"{h}×{w}×{channels}" if channels else f"{h}×{w}"
    return f"{operation.q_len}×{channels}" if operation.q_len else channels


def _canonical(op: OperationFields) -> dict[str, int | str | None]:
    changes: dict[str, int | str | None] = {}
    if op.w is not None and op.w == op.h:
        changes["w"] = None
    if op.type in SAME_CHANNELS and op.cout is not None and op.cout == op.cin:
        changes["cout"] = None
    special = _SPECIAL.get(op.type)
    return changes | special(op) if special else changes


def _canonical_conv(op: OperationFields) -> dict[str, int | str | None]:
    """A convolution with as many groups as inputs is a depthwise one."""
    if op.tag is None and op.g > 1 and op.g == op.cin:
        return {"type": "dwconv", "g": 1, "cout": None if op.cout == op.cin else op.cout}
    return {}


def _canonical_dwconv(op: OperationFields) -> dict[str, int | str | None]:
    return {"g": 1} if op.g == op.cin else {}


def _canonical_linear(op: OperationFields) -> dict[str, int | str | None]:
    return {"q_len": None} if op.q_len == 1 else {}


def _canonical_mbconv(op: OperationFields) -> dict[str, int | str | None]:
    """`pw` says that an expansion of ratio 1 has its convolution; at other ratios it is noise."""
    return {"tag": None} if op.tag == "pw" and op.mid != op.cin else {}


def _canonical_resblock(op: OperationFields) -> dict[str, int | str | None]:
    return {"tag": None} if op.tag == "bottleneck" else {}


def _canonical_se(op: OperationFields) -> dict[str, int | str | None]:
    return {"mid": None} if op.mid == rounded_channels((op.cin or 0) / SQUEEZE) else {}


def _canonical_attention(op: OperationFields) -> dict[str, int | str | None]:
    changes: dict[str, int | str | None] = {}
    if op.tag == "self":
        changes["tag"] = None
    if op.mid == op.cin or (op.cached and op.tag == "cross"):  # cached keys: no source is read
        changes["mid"] = None
    if op.head_dim is None and op.heads:
        changes["head_dim"] = op.channels_out() // op.heads
    return changes


_SPECIAL = {
    "conv": _canonical_conv,
    "dwconv": _canonical_dwconv,
    "linear": _canonical_linear,
    "mbconv": _canonical_mbconv,
    "resblock": _canonical_resblock,
    "se": _canonical_se,
    "attention": _canonical_attention,
}
