"""Measured networks in the encoding of a search space, as profiles and other tools write them.

The space is named beside the choices ("space": a definition, or a family and preset such as
"ofa_mobilenet_v3/full") or by the profile. Choices are those that pages and REST show, the
indices of their options ("genes"), or Once-for-All's own form: resolution r, and for 20 blocks
kernels ks and expansions e, for five units depths d (Cai et al., 2020, `sample_active_subnet`).
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from devices.profiles.operations import Operation
from searches.spaces import registry
from searches.spaces.base import Genes, InvalidArchitecture, SearchSpace

OFA_KEYS = frozenset({"r", "ks", "e", "d"})
OFA_SPACE = "ofa_mobilenet_v3/full"
# What other tools call a space that has a preset here.
ALIASES = {
    "ofa-mbv3-w1.0": OFA_SPACE,
    "ofa_mbv3": OFA_SPACE,
    "fbnet": "proxyless/fbnet",
    "nasbench201": "cells/nas_bench_201",
    "nas-bench-201": "cells/nas_bench_201",
}
NOT_CHOICES = ("space", "genes", "choices", "network", "model")
MOST_ROWS = 100_000  # resolutions times options of a definition that comes from outside


def operations_of(
    arch: Mapping[str, Any], profile_space: str | None = None
) -> tuple[Operation, ...] | None:
    """The operations of a network in order, None when no space has it."""
    try:
        space = _space_of(arch, profile_space)
        if space is None:
            return None
        return space.operations(_genes_of(space, arch))
    except (ValueError, TypeError, LookupError, ArithmeticError):  # of any family
        return None


def _space_of(arch: Mapping[str, Any], profile_space: str | None) -> SearchSpace | None:
    named = arch.get("space", profile_space)
    if named is None and set(arch) == OFA_KEYS:
        named = OFA_SPACE
    if isinstance(named, str):
        family, _, preset = ALIASES.get(named.lower(), named).partition("/")
        card = registry.FAMILIES.get(family)
        presets = card.presets if card else {}
        if preset not in presets:
            return None
        named = {"family": family, **presets[preset]}
    if not isinstance(named, Mapping):
        return None
    return _loaded(json.dumps(named, sort_keys=True))


@lru_cache(maxsize=16)
def _loaded(definition: str) -> SearchSpace | None:
    space = registry.load(json.loads(definition))
    n_options = sum(len(gene.options) for gene in space.genes[1:])
    return space if len(space.genes[0].options) * n_options <= MOST_ROWS else None


def _genes_of(space: SearchSpace, arch: Mapping[str, Any]) -> Genes:
    if "genes" in arch:
        return space.validate(arch["genes"])
    choices = arch.get("choices", arch)
    if not isinstance(choices, Mapping):
        raise InvalidArchitecture("choices: an object is needed.")
    choices = {name: value for name, value in choices.items() if name not in NOT_CHOICES}
    if set(choices) == OFA_KEYS:
        choices = from_ofa(choices)
    return space.validate(space.parse(choices))


def from_ofa(arch: Mapping[str, Any]) -> dict[str, Any]:
    """The choices that Once-for-All's form names.

    Lists may be single numbers, and lists of one hold for all; kernels and expansions of blocks
    that are left out are ignored.
    """
    depths = _list(arch["d"], 5)
    kernels, expands = _list(arch["ks"], 4 * len(depths)), _list(arch["e"], 4 * len(depths))
    units = []
    for unit, depth in enumerate(depths):
        blocks = range(4 * unit, 4 * unit + int(depth))
        pairs = [{"kernel": kernels[b], "expand": expands[b]} for b in blocks]
        units.append({"depth": depth, "blocks": pairs})
    resolution = arch["r"]
    if isinstance(resolution, Sequence) and len(resolution) == 1:
        resolution = resolution[0]
    return {"resolution": resolution, "units": units}


def _list(values: Any, n: int) -> list[int]:
    if not isinstance(values, list | tuple):
        return [values] * n
    return list(values) * n if len(values) == 1 else list(values)


def spelled_out(space: SearchSpace, genes: Genes) -> dict[str, Any]:
    """A network for a profile: its choices for people, its operations for ever."""
    row = space.operation_indices(np.array([genes]))[0]
    table = space.operation_table()
    return {
        "space": space.content_hash()[:16],
        "choices": space.describe(genes),
        "operations": [table[index].to_dict() for index in row if index >= 0],
    }
