"""A compact graph hypernetwork: it reads the graph of layers, and predicts for each its weights.

After Zhang et al., 2019, and Knyazev et al., 2021: gated messages once forward and once backward
along the graph, also over longer ways with a weight of 1 / distance (virtual edges), then a
decoder whose output is cut to the shape of the layer, or repeated.

Departures: a node is a layer with weights, not every operation; what has none is only seen in who
reads whom. Repeated channels get a learnt mark of their place, so that they are not all equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor, nn

from searches.networks.hypernetworks.base import SKELETONS_KEPT, Hypernetwork, Skeleton
from searches.networks.inheritance.handing_on import centred
from searches.networks.inheritance.pieces import Piece
from searches.spaces.base import Genes, SearchSpace

LONGEST = 50  # virtual edge
KINDS = ("dense", "by channel", "scale", "shift")
MARKS = 64  # repetitions that can be told apart


class Graph(NamedTuple):
    """Layers with weights, in the order of their computation.

    Attributes:
        features: [n, n_features].
        distances: [n, n] along the graph from row to column; 0 where no way leads.
        owners: by piece, the layer that it belongs to: norms and biases belong to the layer
            before them.
    """

    features: Tensor
    distances: Tensor
    owners: tuple[int, ...]


class GraphHypernetwork(Hypernetwork):
    """T = 1 rounds of messages, LayerNorm, decoders by the kind of tensor."""

    def __init__(
        self,
        space: SearchSpace,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        hidden: int,
        channels: int = 16,
        kernel: int = 5,
    ):
        super().__init__(space, mean=mean, std=std)
        self.hidden, self.channels, self.kernel = hidden, channels, kernel
        self.embed = nn.Linear(len(_features_of(KINDS[0], (1, 1, 1, 1))), hidden)
        self.message = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU())
        self.update = nn.GRUCell(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.inside = nn.Sequential(nn.Linear(hidden, 2 * hidden), nn.ReLU())
        sizes = {
            "dense": channels * channels * kernel**2,
            "by channel": channels * kernel**2,
            "scale": channels,
            "shift": channels,
        }
        self.decoders = nn.ModuleDict()
        for name, size in sizes.items():
            decoder, share = nn.Linear(2 * hidden, size), 1.0 if name in KINDS[:2] else 0.1
            nn.init.normal_(decoder.weight, std=share * (2 * hidden) ** -0.5)
            self.decoders[name] = decoder
        self.places = nn.Parameter(torch.randn(2, MARKS, channels))  # of out and in
        self._graphs: dict[Genes, Graph] = {}

    def raw(self, genes: Genes, skeleton: Skeleton, *, shuffle: Random | None) -> list[Tensor]:
        if genes not in self._graphs:
            self._graphs = dict([*self._graphs.items()][1 - SKELETONS_KEPT :])
            self._graphs[genes] = graph_of(skeleton.learnt)
        graph = self._graphs[genes]
        states = self.inside(self._states(graph))  # [n, 2 * hidden]
        if shuffle is not None:
            states = states[shuffle.sample(range(len(states)), len(states))]
        owned = zip(skeleton.learnt, graph.owners, strict=True)
        return [self._decoded(piece, states[owner]) for piece, owner in owned]

    def _states(self, graph: Graph) -> Tensor:
        """[n, hidden] after one sweep forward and one backward."""
        states = list(self.embed(graph.features))
        weights = torch.where(graph.distances > 0, 1 / graph.distances.clamp(min=1), 0.0)
        n = len(states)
        for way, order in ((weights, range(n)), (weights.T, reversed(range(n)))):
            for node in order:
                sources = way[:, node].nonzero().flatten()
                if len(sources):
                    sent = self.message(torch.stack([states[int(s)] for s in sources]))
                    heard = (way[sources, node, None] * sent).sum(0)
                    states[node] = self.update(heard[None], states[node][None])[0]
        found: Tensor = self.norm(torch.stack(states))
        return found

    def _decoded(self, piece: Piece, state: Tensor) -> Tensor:
        """The decoder's tensor, repeated along the channels, its kernel cut out of the centre."""
        kind, channels, kernel = kind_of(piece), self.channels, self.kernel
        shape = tuple(piece.value.shape)
        value = self.decoders[kind](state)
        if len(shape) == 1:
            return self._repeated(value, 0, shape[0], place=False)
        if kind == "by channel":
            value = self._repeated(value.view(channels, 1, kernel, kernel), 0, shape[0])
        else:
            value = self._repeated(value.view(channels, channels, kernel, kernel), 0, shape[0])
            value = self._repeated(value, 1, shape[1])
        padded = (*value.shape[:2], *(shape[2:] or (1, 1)))
        if max(padded[2:]) > kernel:
            more = (max(padded[2:]) - kernel + 1) // 2
            value = nn.functional.pad(value, (more,) * 4)
        value = centred(value, padded, n_channels=2)
        return value.reshape(shape)

    def _repeated(
        self, value: Tensor, dimension: int, width: int, *, place: bool = True
    ) -> Tensor:
        """As many channels as wanted; each repetition with signs and sizes of its own."""
        times = -(-width // self.channels)
        if place and times > 1:
            marks = self.places[dimension, torch.arange(times) % MARKS]  # [times, channels]
            view = [1] * value.ndim
            view[dimension] = self.channels
            parts = [value * (marks[t].view(view) if t else 1.0) for t in range(times)]
            value = torch.cat(parts, dimension)
        elif times > 1:
            value = torch.cat([value] * times, dimension)
        return value.narrow(dimension, 0, width)


def kind_of(piece: Piece) -> str:
    if piece.value.ndim == 1:
        return "scale" if piece.name.endswith(".weight") else "shift"
    return "dense" if piece.is_dense else "by channel"


def _features_of(kind: str, shape: Sequence[int]) -> list[float]:
    """Kind one-hot; sizes as logarithms: out, in, kernel."""
    sizes = [*shape, *[1] * (4 - len(shape))]
    return [*(float(kind == k) for k in KINDS[:2]), *(log2(size) / 8 for size in sizes)]


def graph_of(pieces: Sequence[Piece]) -> Graph:
    """Whoever reads channels follows the last layer that wrote them.

    Where none has, as behind a pool or a skip connection, it is the layer before.
    """
    layers = [piece for piece in pieces if piece.value.ndim > 1]
    features = torch.tensor([_features_of(kind_of(p), p.value.shape) for p in layers])
    distances = torch.zeros(len(layers), len(layers))
    written: dict[str, int] = {}
    owners, node = [], -1
    for piece in pieces:
        own = [part.name for part in piece.axes[0]] if piece.axes else []
        if piece.value.ndim > 1:
            node += 1
            reads = [part.name for part in piece.axes[1]] if piece.is_dense else own
            sources = {written[name] for name in reads if name in written}
            _follow(distances, node, sources or set(range(max(0, node - 1), node)))
            written |= dict.fromkeys(own, node)
            owners.append(node)
        else:
            owners.append(max((written[name] for name in own if name in written), default=0))
    return Graph(features, distances, tuple(owners))


def _follow(distances: Tensor, node: int, sources: set[int]) -> None:
    """Note the shortest ways to a node that reads `sources`."""
    for source in sources:
        before = distances[:, source].clone()
        before[source] = 0
        further = torch.where((before > 0) & (before < LONGEST), before + 1, 0)
        further[source] = 1
        known = distances[:, node]
        is_nearer = (further > 0) & ((known == 0) | (further < known))
        distances[:, node] = torch.where(is_nearer, further, known)
