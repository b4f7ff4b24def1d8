"""The words of an operation key: which types there are and which fields each of them needs."""

from collections.abc import Mapping

ACTS = ("none", "relu", "relu6", "hswish", "swish", "gelu", "leaky", "tanh", "sigmoid")
NORMS = ("folded", "bn", "ln", "in", "none")
DTYPES = ("fp32", "tf32", "fp16", "bf16", "int8")

# Fields without which the size of an operation is not known.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "conv": ("h", "cin", "cout", "k"),
    "dwconv": ("h", "cin", "k"),
    "deconv": ("h", "cin", "cout", "k"),
    "linear": ("cin", "cout"),
    "matmul": ("q_len", "cin", "cout"),
    "attention": ("q_len", "kv_len", "heads", "cin"),
    "mbconv": ("h", "cin", "cout", "mid", "k"),
    "resblock": ("h", "cin", "cout", "mid", "k"),
    "pool": ("h", "cin", "k", "tag"),
    "gap": ("h", "cin"),
    "se": ("h", "cin"),
    "add": ("cin",),
    "mul": ("cin",),
    "concat": ("h", "cout"),
    "norm": ("cin",),
    "act": ("cin",),
    "upsample": ("h", "cin"),
    "embed": ("q_len", "cin", "cout"),
    "other": ("tag",),
}
TYPES = tuple(REQUIRED)
# These work on maps (h) as well as on tokens (q_len): one of the two must be there.
MAPS_OR_TOKENS = frozenset({"add", "mul", "norm", "act"})

# Tags change the arithmetic, so an unknown one is refused. `other` takes any.
TAGS: Mapping[str, tuple[str, ...]] = {
    "conv": ("sep", "sep2", "asymmetric", "reflect", "factorized"),
    "attention": ("self", "cross"),
    "mbconv": ("pw",),
    "resblock": ("bottleneck", "basic", "sep", "bottleneck-d", "basic-d", "sep-d"),
    "pool": ("max", "avg"),
    "upsample": ("nearest", "bilinear"),
}

UNBOUNDED = 2**53  # beyond this a JSON reader elsewhere would round
INTEGERS: Mapping[str, int] = {  # field -> largest value; the smallest is 1
    "h": 16384,
    "w": 16384,
    "cin": 1048576,
    "cout": 1048576,
    "mid": 1048576,
    "k": 255,
    "s": 64,
    "g": UNBOUNDED,
    "d": UNBOUNDED,
    "q_len": UNBOUNDED,
    "kv_len": UNBOUNDED,
    "heads": UNBOUNDED,
    "head_dim": UNBOUNDED,
    "batch": UNBOUNDED,
}
BOOLEANS = frozenset({"se", "skip", "cached"})
CHOICES: Mapping[str, tuple[str, ...]] = {
    "type": TYPES,
    "act": ACTS,
    "norm": NORMS,
    "dtype": DTYPES,
}
TAG_LENGTH = 80
FIELDS = (
    *("type", "h", "w", "cin", "cout", "mid", "k", "s", "g", "d", "act", "se", "skip", "norm"),
    *("q_len", "kv_len", "heads", "head_dim", "cached", "tag", "batch", "dtype"),
)


def rounded_channels(value: float, divisor: int = 8) -> int:
    """Nearest multiple of 8, at least 8, one step up if that loses over 10 % (DEVICES, md)."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
