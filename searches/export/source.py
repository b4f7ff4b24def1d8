"""The source file of a bundle: the network as plain PyTorch."""

from __future__ import annotations

import inspect
import json
from importlib.resources import files
from pprint import pformat
from types import ModuleType

from torch import nn

from searches.networks.families import configuration, input_shape


def network_source(network: nn.Module, module: ModuleType) -> str:
    """The module of the plain network, with this network's CONFIG and a `load` function.

    Args:
        network: Says which class of the module is loaded, and its configuration.
        module: Self-contained source, as NetworkFamily promises it.
    """
    config = configuration(network)
    loading = _template("loading.py.txt").replace("PlainNetwork", type(network).__name__)
    loading = loading.replace("(1, SHAPE)", str((1, *input_shape(config))))
    shape = pformat(json.loads(json.dumps(config)), indent=1, width=95, sort_dicts=False)
    parts = [inspect.getsource(module), f"CONFIG = {shape}", loading]
    return "\n\n".join(part.strip() + "\n" for part in parts)


def _template(name: str) -> str:
    return files("searches.export").joinpath("files", name).read_text(encoding="utf-8")
