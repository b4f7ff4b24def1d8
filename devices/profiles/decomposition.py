"""From a fused block to its primitives: conv, dwconv, deconv, linear, matmul, se, pool …

A `Recipe` is one step: a chain of parts, perhaps beside a shortcut. Parts may be blocks
themselves; `primitives` goes down to the bottom.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from devices.profiles.fields import OperationFields

T = TypeVar("T", bound=OperationFields)
SEPARATE_NORMS = frozenset({"bn", "ln", "in"})  # a folded one is part of its convolution


@dataclass(frozen=True, slots=True)
class Recipe(Generic[T]):
    """The parts of a block in the order in which they run."""

    main: tuple[T, ...]
    shortcut: tuple[T, ...] = ()  # from the block's input; empty with `join`: the input itself
    join: tuple[T, ...] = ()  # what brings both together, and what follows
    parallel: bool = False  # the parts of `main` all read the block's input


def primitives(operation: T) -> tuple[T, ...]:
    """The primitive operations of a block, or the operation itself if it is one."""
    recipe = recipe_of(operation)
    if recipe is None:
        return (operation,)
    parts = (*recipe.main, *recipe.shortcut, *recipe.join)
    return tuple(primitive for part in parts for primitive in primitives(part))


def recipe_of(operation: T) -> Recipe[T] | None:
    """One step of the decomposition, None for a primitive."""
    if operation.type == "mbconv":
        return _mbconv(operation)
    if operation.type == "resblock":
        return _resblock(operation)
    if operation.type == "attention":
        return _attention(operation)
    if operation.skip:
        return _residual(operation)
    if operation.type == "other" and operation.tag == "pool+classifier":
        return _pool_and_classifier(operation)
    return _plain(operation)


def _plain(op: T) -> Recipe[T] | None:
    """Convolutions with a variant, feed-forward layers and separate norms."""
    if op.type == "conv" and op.tag in ("sep", "sep2"):
        return _separable(op)
    if op.type == "conv" and op.tag == "factorized":
        return _factorized(op)
    if op.type == "conv" and op.tag == "reflect":
        pad = _maker(op)(type="other", tag="reflect_pad", h=op.h, w=op.w, cin=op.cin, k=op.k)
        return Recipe((pad, replace(op, tag=None)))
    if op.type == "linear" and op.mid:
        return _feed_forward(op)
    if op.norm in SEPARATE_NORMS and op.type in ("conv", "dwconv", "deconv", "linear"):
        return Recipe((replace(op, norm="none", act="none"), *_norm_and_act(op)))
    return None


def _maker(like: T) -> Callable[..., T]:
    """Makes operations that run in the same batch and precision."""
    return partial(type(like), batch=like.batch, dtype=like.dtype)


def _norm_and_act(op: T) -> tuple[T, ...]:
    """What follows a convolution whose norm cannot be folded into it."""
    make = _maker(op)
    h, w = op.output_size() if op.h else (None, None)
    sizes = {"h": h, "w": w, "cin": op.channels_out(), "q_len": op.q_len}
    norm = (make(type="norm", norm=op.norm, **sizes),) if op.norm in SEPARATE_NORMS else ()
    return norm + ((make(type="act", act=op.act, **sizes),) if op.act != "none" else ())


def _sum(op: T, act: str = "none") -> T:
    """The addition that joins the output of a block with its shortcut."""
    h, w = op.output_size() if op.h else (None, None)
    return _maker(op)(type="add", h=h, w=w, cin=op.channels_out(), q_len=op.q_len, act=act)


def _residual(op: T) -> Recipe[T]:
    return Recipe((replace(op, skip=False),), join=(_sum(op),))


def _separable(op: T) -> Recipe[T]:
    """Depthwise k×k and 1×1; `sep2` does it twice, the stride and the width in the first and last.

    (Liu et al., 2019, DARTS: sep_conv and dil_conv; Li et al., 2020, GAN Compression.) Batch norm
    follows only the 1×1 convolution, an instance norm both.
    """
    make, twice = _maker(op), op.tag == "sep2"
    norm = "none" if op.norm == "folded" else op.norm
    first = make(type="dwconv", h=op.h, w=op.w, cin=op.cin, k=op.k, s=op.s, d=op.d, norm=norm)
    h, w = op.output_size()
    inner = {"h": h, "w": w, "cin": op.cin, "norm": op.norm}
    last = make(type="conv", cout=op.cout, k=1, act=op.act, **inner)
    if not twice:
        return Recipe((first, last))
    middle = make(type="conv", cout=op.cin, k=1, act=op.act, **inner)
    second = make(type="dwconv", k=op.k, d=op.d, **{**inner, "norm": norm})
    return Recipe((first, middle, second, last))


def _factorized(op: T) -> Recipe[T]:
    """Two stride-2 1×1 halves, one of them shifted by a pixel (Liu et al., 2019)."""
    half = op.channels_out() // 2
    h, w = op.output_size()
    halves = (
        replace(op, tag=None, cout=half),
        replace(op, tag=None, cout=op.channels_out() - half),
    )
    return Recipe(halves, join=(_maker(op)(type="concat", h=h, w=w, cout=op.cout),), parallel=True)


def _feed_forward(op: T) -> Recipe[T]:
    make = _maker(op)
    wide = make(type="linear", cin=op.cin, cout=op.mid, q_len=op.q_len, act=op.act)
    narrow = make(type="linear", cin=op.mid, cout=op.cout, q_len=op.q_len)
    return Recipe((wide, narrow, *_norm_and_act(replace(op, act="none"))))


def _pool_and_classifier(op: T) -> Recipe[T]:
    make = _maker(op)
    pool = make(type="gap", h=op.h, w=op.w, cin=op.cin)
    return Recipe((pool, make(type="linear", cin=op.cin, cout=op.cout)))


def _mbconv(op: T) -> Recipe[T]:
    """Expand, depthwise, squeeze-and-excitation, project (Sandler et al., 2018; Howard, 2019)."""
    make = _maker(op)
    norm = {"norm": op.norm}
    h, w = op.output_size()
    parts: tuple[T, ...] = ()
    if op.mid != op.cin or op.tag == "pw":
        sizes = {"h": op.h, "w": op.w, "cin": op.cin, "cout": op.mid}
        parts = (make(type="conv", k=1, g=op.g, act=op.act, **sizes, **norm),)
    sizes = {"h": op.h, "w": op.w, "cin": op.mid}
    parts += (make(type="dwconv", k=op.k, s=op.s, d=op.d, act=op.act, **sizes, **norm),)
    if op.se:
        parts += (make(type="se", h=h, w=w, cin=op.mid, mid=op.squeezed()),)
    parts += (make(type="conv", h=h, w=w, cin=op.mid, cout=op.cout, k=1, g=op.g, **norm),)
    return Recipe(parts, join=(_sum(op),) if op.skip else ())


def _resblock(op: T) -> Recipe[T]:
    """Bottleneck, basic or separable block, activation after the sum (He et al., 2016)."""
    make, kind = _maker(op), (op.tag or "bottleneck").removesuffix("-d")
    h, w = op.output_size()
    outer, inner = {"h": op.h, "w": op.w, "norm": op.norm}, {"h": h, "w": w, "norm": op.norm}
    strided = {"k": op.k, "s": op.s, "d": op.d, "act": op.act}
    if kind == "bottleneck":
        main: tuple[T, ...] = (
            make(type="conv", cin=op.cin, cout=op.mid, k=1, act=op.act, **outer),
            make(type="conv", cin=op.mid, cout=op.mid, g=op.g, **strided, **outer),
            make(type="conv", cin=op.mid, cout=op.cout, k=1, **inner),
        )
    else:
        tag = "sep" if kind == "sep" else None
        main = (
            make(type="conv", cin=op.cin, cout=op.mid, g=op.g, tag=tag, **strided, **outer),
            make(type="conv", cin=op.mid, cout=op.cout, k=op.k, g=op.g, tag=tag, **inner),
        )
    return Recipe(main, shortcut=() if op.skip else _projection(op), join=(_sum(op, op.act),))


def _projection(op: T) -> tuple[T, ...]:
    """The 1×1 shortcut; with suffix `-d` an average pool takes the stride (He et al., 2019)."""
    make = _maker(op)
    sizes = {"cin": op.cin, "cout": op.cout, "norm": op.norm}
    if op.s == 1 or not (op.tag or "").endswith("-d"):
        return (make(type="conv", h=op.h, w=op.w, k=1, s=op.s, **sizes),)
    h, w = op.output_size()
    pool = make(type="pool", tag="avg", h=op.h, w=op.w, cin=op.cin, k=op.s, s=op.s)
    return (pool, make(type="conv", h=h, w=w, k=1, **sizes))


def _attention(op: T) -> Recipe[T]:
    """Projections, scores, softmax, weighted sum, output (Vaswani et al., 2017).

    With `cached` only the new keys and values are projected: q_len of them in self-attention,
    none in cross-attention, where a linear row of its own does it once per sentence.
    """
    make, q = _maker(op), op.width_of_heads()
    q_len, kv_len, heads = op.q_len or 1, op.kv_len or 1, op.heads
    projected = kv_len if not op.cached else 0 if op.tag == "cross" else q_len
    source = {"type": "linear", "cin": op.mid or op.cin, "cout": q, "q_len": projected}
    keys_and_values = (make(**source), make(**source)) if projected else ()
    per_head = {"q_len": q_len, "heads": heads}
    main = (
        make(type="linear", cin=op.cin, cout=q, q_len=q_len),
        *keys_and_values,
        make(type="matmul", cin=op.head_dim, cout=kv_len, **per_head),
        make(type="other", tag="softmax", cin=kv_len, **per_head),
        make(type="matmul", cin=kv_len, cout=op.head_dim, **per_head),
        make(type="linear", cin=q, cout=op.channels_out(), q_len=q_len),
    )
    join = (_sum(op),) if op.skip else ()
    return Recipe(main, join=join + _norm_and_act(replace(op, skip=False)))
