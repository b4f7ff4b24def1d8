"""The supernet of a cell space: every cell holds all operations at all places.

Weights for the states of a cell that may or may not leave it are kept apart (`split`). With unused
outputs, the output of a cell is that of the architecture while every place of it runs one
operation; under any other gate nothing is surely unused, and all blocks leave the cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from searches.networks.cell_building import config_of, initialise_cells
from searches.networks.cell_network import Cell, CellNetwork, Halving, Head, ReluConvNorm, Residual
from searches.networks.families import Index
from searches.networks.mixed import Choice, Floats, Mixture
from searches.networks.mixed_cell import MixedCell, mixture_settings
from searches.networks.split import Split, split_readers
from searches.spaces.base import Genes
from searches.spaces.cell_definition import REDUCTION
from searches.spaces.cell_layout import Feed
from searches.spaces.cell_operations import IDENTITY
from searches.spaces.cells import CellSpace

# Which layers of a module read its input, where that is the output of a cell.
READERS: dict[type[nn.Module], tuple[str, ...]] = {
    ReluConvNorm: ("conv",),
    Halving: ("first", "second"),
    Residual: ("first.conv", "shortcut"),
    Head: ("classifier",),
}


class CellMixture(Mixture):
    """All networks of a cell space in one, choices of the normal cell before the reduction cell's.

    Starts with the first operation everywhere, at the largest resolution. The cost of a choice is
    that of all connections at once, so that an expected cost is the mixture's, more than that of
    the derived network where nodes keep only some of their inputs.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        space: CellSpace,
        *,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ):
        super().__init__()
        self.space = space
        self._genes_before = (len(space.definition.resolutions) - 1,)[: space.n_shared_genes]
        first = self._reference()
        plain = CellNetwork(config_of(space, first, mean=mean, std=std))
        self.statistics = {name: plain.config[name] for name in ("mean", "std")}
        self.register_buffer("mean", plain.mean)
        self.register_buffer("std", plain.std)
        self.stem, self.feeds, self.head = plain.stem, plain.feeds, plain.head
        self.choices = tuple(
            Choice(f"{kind} cell, {place.name}", place.options)
            for kind in space.definition.kinds
            for place in space.topology.places
        )
        self.layers = self._mixed_layers(plain)
        initialise_cells(self)
        self._readers = self._split_outputs()
        self.set_active(first)

    def _mixed_layers(self, plain: CellNetwork) -> nn.ModuleList:
        """The layers of a plain network with the widest outputs, its cells replaced."""
        n_places, kinds = len(self.space.topology.places), self.space.definition.kinds
        layers = self.space.layout(plain.config["resolution"]).layers
        found = nn.ModuleList()
        for layer, own, built in zip(layers, plain.config["layers"], plain.layers, strict=True):
            module = built
            if layer.kind in kinds:
                widths = [feed["cin"] for feed in own["inputs"]]
                start = n_places * kinds.index(layer.kind)
                module = MixedCell(self.space, layer, widths, first_choice=start)
            found.append(module)
        return found

    def _split_outputs(self) -> dict[int, list[Split]]:
        """By layer, what reads those of its states that no other state reads."""
        found: dict[int, list[Split]] = {}
        definition = self.space.definition
        if not definition.has_unused_output:
            return found

        def split(feed: Feed, reader: nn.Module) -> None:
            if feed.source in definition.kinds:
                names = READERS[type(reader)]
                splits = split_readers(reader, names, definition.n_nodes)
                found.setdefault(feed.layer, []).extend(splits)

        layout = self.space.layout(definition.resolutions[0])
        for layer, module in zip(layout.layers, self.layers, strict=True):
            readers = module.inputs if isinstance(module, MixedCell) else [module]
            for feed, reader in zip(layer.feeds, readers, strict=True):
                split(feed, reader)
        split(layout.last, self.head)
        return found

    def forward(self, images: Tensor) -> Tensor:
        self._tell_readers()
        written = [self.stem((images - self.mean) / self.std)]  # by position + 1
        for feeds, layer in zip(self.feeds, self.layers, strict=True):
            written.append(layer(*(written[position + 1] for position in feeds)))
        logits: Tensor = self.head(written[-1])
        return logits

    def _tell_readers(self) -> None:
        n_inputs = self.space.topology.n_inputs
        for position, splits in self._readers.items():
            cell = self.layers[position]
            if isinstance(cell, MixedCell):
                active = tuple(state - n_inputs for state in cell.outputs())
                for split in splits:
                    split.active = active

    # As SharedWeights.

    def set_active(self, genes: Genes) -> dict[str, Any]:
        self._genes_before = tuple(genes[: self.space.n_shared_genes])
        self.select(self.selected(genes))
        settings = mixture_settings(self.space.definition)
        return {**config_of(self.space, genes, **self.statistics), "settings": settings}

    def selected(self, genes: Genes) -> tuple[int, ...]:
        space = self.space
        graphs = [space.graph(genes, kind) for kind in space.definition.kinds]
        return tuple(option for graph in graphs for option in space.topology.select(graph))

    def regions(self) -> dict[str, Index]:
        self._tell_readers()
        found = super().regions()
        for prefix, split in self._splits:
            for name in split.idle():
                del found[f"{prefix}.{name}"]
        return found

    @cached_property
    def _splits(self) -> list[tuple[str, Split]]:
        return [(name, part) for name, part in self.named_modules() if isinstance(part, Split)]

    @torch.no_grad()
    def extract(self, genes: Genes) -> CellNetwork:
        config = self.set_active(genes)
        self._tell_readers()
        with torch.device("meta"):  # neither memory nor random numbers for what is replaced below
            network = CellNetwork(config)
        weights = {
            f"{prefix}{name}": value
            for prefix, module in self._origins(network)
            for name, value in _weights(module)
        }
        weights |= {"mean": self.mean.clone(), "std": self.std.clone()}
        for name, value in network.state_dict().items():
            if name not in weights:  # scale and shift of a norm that has none
                fill = 1.0 if name.endswith("weight") else 0.0
                weights[name] = torch.full_like(value, fill, device=self.mean.device)
                weights[name] = weights[name].to(self.mean.dtype)
        network.load_state_dict(weights, assign=True)
        return network.train(self.training)

    def _origins(self, network: CellNetwork) -> Iterator[tuple[str, nn.Module]]:
        """Names in the plain network of the active architecture, and where its weights are."""
        yield "stem.", self.stem
        yield "head.", self.head
        for position, (layer, plain) in enumerate(zip(self.layers, network.layers, strict=True)):
            prefix = f"layers.{position}."
            if isinstance(layer, MixedCell) and isinstance(plain, Cell):
                for name, module in layer.active_parts():
                    yield prefix + name, module
            else:
                yield prefix, layer

    # As Mixture.

    def decode(self, weights: Sequence[Tensor | Sequence[float]]) -> Genes:
        given = [
            (row.detach().cpu() if isinstance(row, Tensor) else torch.tensor(row)).double().numpy()
            for row in weights
        ]
        genes, topology = list(self._genes_before), self.space.topology
        n_places = len(topology.places)
        for start in range(0, len(given), n_places):
            genes += topology.decode(given[start : start + n_places])
        return tuple(genes)

    def skips(self, genes: Genes) -> tuple[int, int]:
        """Of the operations that the normal cell keeps."""
        operations = self.space.definition.operations
        kept = [
            value
            for name, value in self.space.describe(genes).items()
            if value in operations and not name.startswith(REDUCTION)
        ]
        return kept.count(IDENTITY), len(kept) if IDENTITY in operations else 0

    def choice_costs(self, values: npt.ArrayLike) -> tuple[float, list[Floats]]:
        """Adds up exactly where no edge is dead and all blocks leave the cell."""
        costs = np.asarray(values, np.float64)
        known = dict(zip(self.space.operation_table(), costs.tolist(), strict=True))
        options = [np.zeros(len(choice.options)) for choice in self.choices]
        reference = self._reference()
        layout = self.space.layout(self.space.resolution(reference))
        for layer, cell in zip(layout.layers, self.layers, strict=True):
            if isinstance(cell, MixedCell):
                added = cell.costs(layer, lambda operation: known.get(operation, 0.0))
                for choice, row in enumerate(added, start=cell.first_choice):
                    options[choice] += row
        selected = self.selected(reference)
        chosen = sum(row[index] for row, index in zip(options, selected, strict=True))
        total = sum(known[operation] for operation in self.space.operations(reference))
        return float(total - chosen), options

    def _reference(self) -> Genes:
        """Cells of the first operation, which all states leave, at this resolution."""
        cell = self.space.topology.reference()
        return self._genes_before + cell * len(self.space.definition.kinds)


def _weights(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Copies of what a plain module of the same computation has, by its names."""
    for prefix, part in module.named_modules(prefix=""):
        start = f"{prefix}." if prefix else ""
        if isinstance(part, Split):
            yield f"{start}weight", part.weight().clone()
        if not isinstance(part, nn.ParameterList):
            own = [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]
            yield from ((start + name, value.detach().clone()) for name, value in own)
