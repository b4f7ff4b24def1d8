"""Tables of trained networks, on which strategies are compared without training.

NAS-Bench-201 (Dong, Yang, 2020) with the latencies of HW-NAS-Bench (Li et al., 2021), and
NAS-Bench-Macro (Su et al., 2021).
"""

import csv
import gzip
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from searches.objectives.fronts import hypervolume
from searches.spaces.base import Genes
from searches.spaces.table import TableSpace

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))  # from node, to node
LAYERS = ("identity", "kernel 3, expand 3", "kernel 5, expand 6")
# Of ten classes by guessing.
WORST_ERROR = 90.0


@dataclass(frozen=True)
class Table:
    """Two minimised losses of every architecture.

    Attributes:
        reference: the losses from which hypervolumes are measured.
    """

    space: TableSpace
    losses: dict[Genes, tuple[float, float]]
    reference: tuple[float, float]

    @cached_property
    def volume(self):
        return hypervolume(np.array(list(self.losses.values())), self.reference)

    def regret(self, genes):
        """Share of the true front's hypervolume that these architectures miss."""
        found = np.array([self.losses[one] for one in genes])
        return 1 - hypervolume(found, self.reference) / self.volume


def nas_bench_201(shared_data):
    """CIFAR-10 validation error in % after 12 epochs, and latency in ms on a Raspberry Pi 4.

    A cell without a path from input to output gets the worst of both.
    """
    folder = shared_data / "nas_tables"
    latency = {
        row["idx"]: float(row["lat_ms_raspi4"])
        for row in _rows(folder / "nasbench201_latency_help.csv.gz")
    }
    worst = (WORST_ERROR, max(latency.values()))
    losses = {}
    for row in _rows(folder / "nasbench201_accuracy_12ep.csv.gz"):
        genes = _genes(row["arch_str"])
        known = (100 - float(row["c10_val_12ep"]), latency[row["idx"]])
        losses[genes] = known if is_alive(genes) else worst
    columns = [(f"edge {start}-{end}", OPERATIONS) for start, end in EDGES]
    return Table(TableSpace("0" * 64, columns), losses, worst)


def nas_bench_macro(shared_data):
    """CIFAR-10 test error in %, and number of parameters."""
    losses = {
        tuple(map(int, row["arch"])): (100 - float(row["mean_acc"]), float(row["params"]))
        for row in _rows(shared_data / "nas_tables" / "nasbench_macro_cifar10.csv.gz")
    }
    columns = [(f"layer {position}", LAYERS) for position in range(8)]
    largest = max(params for _, params in losses.values())
    return Table(TableSpace("1" * 64, columns), losses, (WORST_ERROR, largest))


def is_alive(genes):
    """Whether a path leads from the first node of a cell to the last."""
    reached = {0}
    for (start, end), option in zip(EDGES, genes, strict=True):
        if start in reached and OPERATIONS[option] != "none":
            reached.add(end)
    return 3 in reached


def _genes(text):
    """`|op~0|+|op~0|op~1|+…` as options, in the order of EDGES."""
    names = [part.split("~")[0] for part in text.replace("+", "").split("|") if part]
    return tuple(OPERATIONS.index(name) for name in names)


def _rows(path):
    with gzip.open(path, "rt") as file:
        yield from csv.DictReader(file)
