"""What every search space can do: sample, vary, enumerate, price.

Words (ALGORITHMS, 0.2): a *gene* is one choice; a genotype names an option for each gene; some
genes are inactive (the kernel of a block that is left out). The *canonical* genotype has 0 in
every inactive gene, so that equal architectures have equal genes. All methods return canonical
genes, and accept any genotype.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from random import Random
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from devices.profiles.operations import Operation

Genes = tuple[int, ...]  # the index of the chosen option of each gene
Aggregate = Literal["sum", "max"]


class InvalidArchitecture(ValueError):
    """Genes or a description that name no architecture of the space."""


class InfeasibleSpace(Exception):
    """No architecture was found within the limits that the message names."""


@dataclass(frozen=True)
class Gene:
    """One choice.

    Attributes:
        options: the values that can be chosen.
        group: a name shared by genes of one part of the network.
        controller: index of an earlier gene that decides whether this one is active, or None.
        least: active when the controller's option index is at least this.
        dimension: in spaces whose networks are parts of each other, what a smaller option makes
            smaller: "resolution", "kernel", "depth" or "width"; options then ascend.
    """

    name: str
    options: tuple[Any, ...]
    group: str = ""
    controller: int | None = None
    least: int = 0
    dimension: str = ""


@dataclass(frozen=True)
class Architecture:
    """A point of a space; `space` is the content hash of the space."""

    space: str
    genes: Genes

    def to_json(self) -> dict[str, Any]:
        return {"space": self.space, "genes": list(self.genes)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Architecture":
        return cls(str(data["space"]), tuple(int(gene) for gene in data["genes"]))


class SearchSpace(ABC):
    """A set of architectures; immutable, so that its hash names it for ever.

    A family sets `family` and `genes` when it is built, and says how its architectures are
    counted, described and priced. Everything else follows from the genes.
    """

    family: str
    genes: tuple[Gene, ...]
    # The dataclass that `to_json` spells out, for the schema; see `definitions`.
    definition_class: ClassVar[type[Any] | None] = None
    # Each operation of a network takes the output of the one before, and nothing else.
    is_chain: bool = False

    # What a family provides.

    @abstractmethod
    def size(self) -> int:
        """Number of distinct architectures."""

    @abstractmethod
    def size_formula(self) -> str:
        """How `size` comes about, for people: the factors, not the result."""

    def size_note(self) -> str:
        """What people should know about the size, or nothing."""
        return ""

    @abstractmethod
    def describe(self, genes: Genes) -> dict[str, Any]:
        """The architecture in words of the family, JSON."""

    @abstractmethod
    def parse(self, description: Mapping[str, Any]) -> Genes:
        """The inverse of `describe`.

        Raises:
            InvalidArchitecture: the description names no architecture of this space.
        """

    @abstractmethod
    def operation_table(self) -> tuple[Operation, ...]:
        """All distinct operations that any architecture uses, in a fixed order."""

    @abstractmethod
    def operation_indices(self, genes: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """Rows of `operation_table` that each architecture uses, in network order.

        Args:
            genes: [n, n_genes] option indices, canonical or not.

        Returns:
            [n, n_slots] int32; -1 where a slot is left out.
        """

    @abstractmethod
    def extreme(
        self, values: npt.ArrayLike, *, aggregate: Aggregate, largest: bool
    ) -> tuple[float, Genes]:
        """The exact optimum over the whole space of a cost that adds up (or whose maximum counts).

        Args:
            values: [n_operations] cost of each row of `operation_table`.
            aggregate: "sum" over the operations of an architecture, or "max".
            largest: look for the largest instead of the smallest.

        Returns:
            The cost and an architecture that has it.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The definition from which `registry.load` builds an equal space."""

    def with_data(self, *, in_channels: int, n_classes: int) -> "SearchSpace":
        """This space for a data set; families whose networks depend on it return another one."""
        return self

    # What follows from the genes.

    @cached_property
    def _content_hash(self) -> str:
        named = {**self.to_json(), "preset": ""}  # two names for one space share supernets
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()

    def content_hash(self) -> str:
        """SHA-256 of the definition; the preset's name does not count."""
        return self._content_hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SearchSpace) and self.content_hash() == other.content_hash()

    def __hash__(self) -> int:
        return hash(self.content_hash())

    def n_genotypes(self) -> int:
        """Number of genotypes, of which several can be one architecture."""
        return prod(len(gene.options) for gene in self.genes)

    def validate(self, genes: Sequence[int]) -> Genes:
        """The canonical form of genes that come from outside.

        Raises:
            InvalidArchitecture: wrong number of genes, or an option that does not exist.
        """
        if len(genes) != len(self.genes):
            raise InvalidArchitecture(f"{len(self.genes)} genes are needed, not {len(genes)}.")
        for gene, index in zip(self.genes, genes, strict=True):
            if isinstance(index, bool) or not isinstance(index, int | np.integer):
                raise InvalidArchitecture(f"Gene {gene.name}: {index!r} is no whole number.")
            if not 0 <= index < len(gene.options):
                raise InvalidArchitecture(
                    f"Gene {gene.name}: option {index} does not exist, "
                    f"0 to {len(gene.options) - 1} do."
                )
        return self.canonical(tuple(int(index) for index in genes))

    def is_active(self, position: int, genes: Sequence[int]) -> bool:
        """Whether the gene at `position` matters, given the genes before it."""
        gene = self.genes[position]
        return gene.controller is None or genes[gene.controller] >= gene.least

    @cached_property
    def _rules(self) -> dict[int, tuple[int, int]]:
        """Controller and least of each gene that can be inactive: `is_active` as data.

        Varying architectures is most of what evolution costs, so it does without method calls.
        """
        return {
            position: (gene.controller, gene.least)
            for position, gene in enumerate(self.genes)
            if gene.controller is not None
        }

    @cached_property
    def _n_options(self) -> tuple[int, ...]:
        return tuple(len(gene.options) for gene in self.genes)

    def canonical(self, genes: Genes) -> Genes:
        kept = list(genes)
        for position, (controller, least) in self._rules.items():
            if kept[controller] < least:
                kept[position] = 0
        return tuple(kept)

    def phenotype(self, genes: Genes) -> Genes:
        """Canonical genes of the same network, equal where the space knows networks to be equal.

        Strategies count genotypes, as papers do; evaluations and fronts are of networks.
        """
        return self.canonical(genes)

    def hash(self, genes: Genes) -> str:
        """16 hexadecimal digits that name the network, in this space."""
        text = self.content_hash() + ":" + ",".join(map(str, self.phenotype(genes)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def sample(self, rng: Random) -> Genes:
        """Every gene uniform: not uniform over architectures (ALGORITHMS, 0.2)."""
        draw = rng.random
        return self.canonical(tuple([int(draw() * n) for n in self._n_options]))

    def mutate(self, genes: Genes, rng: Random, *, rate: float | None = None) -> Genes:
        """A different architecture: each active gene is reset to another option at `rate`.

        At least one gene changes, so a space of one architecture returns it unchanged. Genes
        that become active are drawn afresh.

        Args:
            genes: the parent.
            rng: source of all randomness.
            rate: probability per gene; 1 / number of genes unless given.
        """
        chance = 1 / len(self.genes) if rate is None else rate
        parent = self.canonical(genes)
        still = {p for p, (c, least) in self._rules.items() if parent[c] < least}
        movable = [p for p, n in enumerate(self._n_options) if n > 1 and p not in still]
        if not movable:
            return parent
        chosen = {p for p in movable if rng.random() < chance} or {rng.choice(movable)}
        return self._varied(parent, chosen, still, rng)

    def _varied(self, parent: Genes, chosen: set[int], still: set[int], rng: Random) -> Genes:
        """The parent with other options in the `chosen` genes; `still` ones may wake up."""
        rules, child = self._rules, list(parent)
        for position in sorted(chosen | rules.keys()):
            controller, least = rules.get(position, (0, -1))
            if child[controller] < least:
                child[position] = 0
            elif position in still:
                child[position] = rng.randrange(self._n_options[position])
            elif position in chosen:
                other = rng.randrange(self._n_options[position] - 1)
                child[position] = other + (other >= parent[position])
        return tuple(child)

    def crossover(self, a: Genes, b: Genes, rng: Random) -> Genes:
        """Each gene from one of the two parents, evenly (uniform crossover).

        A gene that is active in only one parent comes from that one.
        """
        first, second = self.canonical(a), self.canonical(b)
        coins = rng.getrandbits(len(self.genes))
        child = [
            of_first if coins >> position & 1 else of_second
            for position, (of_first, of_second) in enumerate(zip(first, second, strict=True))
        ]
        for position, (controller, least) in self._rules.items():
            if child[controller] < least:
                child[position] = 0
            elif second[controller] < least:
                child[position] = first[position]
            elif first[controller] < least:
                child[position] = second[position]
        return tuple(child)

    def neighbours(self, genes: Genes) -> Iterator[Genes]:
        """Every architecture one gene away; their number grows with the square of the options.

        Genes that become active take their first option, and then one of them at a time each
        other: all their combinations could be more than anyone can list.
        """
        origin = self.canonical(genes)
        for position, gene in enumerate(self.genes):
            if not self.is_active(position, origin):
                continue
            for index in range(len(gene.options)):
                if index != origin[position]:
                    changed = (*origin[:position], index)
                    yield from self._continue(changed, origin)

    def _continue(self, start: Genes, origin: Genes) -> Iterator[Genes]:
        """`start`, then origin's genes; of those that become active at most one is not 0."""
        kept = (*start, *origin[len(start) :])  # 0 where origin has no active gene
        default = self.canonical(kept)
        yield default
        for position in range(len(start), len(self.genes)):
            if self.is_active(position, origin) or not self.is_active(position, default):
                continue
            for index in range(1, len(self.genes[position].options)):
                yield self.canonical((*default[:position], index, *default[position + 1 :]))

    def enumerate(self) -> Iterator[Genes]:
        """Every architecture once, in the order of the genes."""
        genes = [0] * len(self.genes)
        while True:
            yield tuple(genes)
            for position in reversed(range(len(genes))):
                if not self.is_active(position, genes):
                    continue
                if genes[position] + 1 < len(self.genes[position].options):
                    genes[position] += 1
                    break
                genes[position] = 0
            else:
                return

    def operations(self, genes: Genes) -> tuple[Operation, ...]:
        """The operations of one architecture, in network order."""
        table = self.operation_table()
        row = self.operation_indices(np.array([genes]))[0]
        return tuple(table[index] for index in row if index >= 0)
