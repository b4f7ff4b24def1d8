"""A space of which some options are left out, gene by gene.

Nothing else changes: architectures, their operations and their costs are those of the whole space,
and so are the networks and shared weights. In JSON it is the definition of the whole space with
one field more, "only": names of genes, and the options that they keep.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from devices.profiles.operations import Operation
from searches.spaces.base import Gene, Genes, InvalidArchitecture, SearchSpace
from searches.spaces.factors import Factor, FactorSpace, Slot, each_once, plain
from searches.spaces.mobile_definition import InvalidSpace

ONLY = "only"


def factors_of(space: SearchSpace) -> tuple[Factor, ...]:
    """The slots of a space, as rows of its operation table; empty when the family has none."""
    found: tuple[Factor, ...] = getattr(space, "slot_rows", ())
    return found


class Restricted(FactorSpace):
    """The architectures of another space that have none but the options named.

    Genes that no architecture is left to use are gone; the others keep their order.

    Args:
        base: the whole space.
        only: options to keep, by the names of genes; the others keep them all.

    Raises:
        InvalidSpace: an unknown gene or option, or a gene without any.
    """

    def __init__(self, base: SearchSpace, only: Mapping[str, Sequence[Any]]):
        self.base, self.family, self.is_chain = base, base.family, base.is_chain
        self._allowed = _allowed(base, only)
        self.only = {
            gene.name: [plain(gene.options[option]) for option in options]
            for gene, options in zip(base.genes, self._allowed, strict=True)
            if len(options) < len(gene.options)
        }
        self._build()

    def _build(self) -> None:
        """The genes that are left, and where they stand in the whole space."""
        genes: list[Gene] = []
        self._positions: list[int] = []
        places: dict[int, int] = {}
        for position, (gene, options) in enumerate(
            zip(self.base.genes, self._allowed, strict=True)
        ):
            kept = replace(gene, options=tuple(gene.options[option] for option in options))
            if gene.least <= 0:
                kept = replace(kept, controller=None)  # active in any case
            elif gene.controller is not None:
                if gene.controller not in places:
                    continue
                least = sum(option < gene.least for option in self._allowed[gene.controller])
                above = genes[places[gene.controller]]
                if least == len(above.options):
                    continue
                kept = replace(kept, controller=places[gene.controller], least=least)
                if least == 0:  # active whenever its controller is
                    kept = replace(kept, controller=above.controller, least=above.least)
            places[position] = len(genes)
            self._positions.append(position)
            genes.append(kept)
        self.genes = tuple(genes)

    def widened(self, genes: Genes) -> Genes:
        """The same architecture as genes of the whole space."""
        found = [0] * len(self.base.genes)
        canonical = self.canonical(genes)
        for position, option in zip(self._positions, canonical, strict=True):
            found[position] = self._allowed[position][option]
        return self.base.canonical(tuple(found))

    def narrowed(self, genes: Genes) -> Genes:
        """The inverse of `widened`.

        Raises:
            InvalidArchitecture: it has an option that is left out.
        """
        whole, found = self.base.canonical(genes), []
        for position in self._positions:
            options = self._allowed[position]
            is_active = self.base.is_active(position, whole)
            if is_active and whole[position] not in options:
                gene = self.base.genes[position]
                text = f"{gene.name}: {gene.options[whole[position]]} is left out of this space."
                raise InvalidArchitecture(text)
            found.append(options.index(whole[position]) if is_active else 0)
        if self.widened(tuple(found)) != whole:
            raise InvalidArchitecture("It has a part that is left out of this space.")
        return tuple(found)

    @cached_property
    def _numbered(self) -> tuple[tuple[Operation, ...], tuple[Factor, ...]]:
        factors = each_once(factors_of(self.base), self._cut)
        used = np.unique(np.concatenate([factor.table.ravel() for factor in factors]))
        table = self.base.operation_table()
        used = used[used >= 0]
        numbers = np.full(len(table) + 1, -1, np.int32)
        numbers[used] = np.arange(len(used))
        rows = each_once(factors, lambda factor: Factor(factor.genes, numbers[factor.table]))
        return tuple(table[row] for row in used), tuple(rows)

    def _cut(self, factor: Factor) -> Factor:
        """A slot of the whole space with the options that are left."""
        table = factor.table
        genes: list[int] = []
        for position in factor.genes:
            axis = len(genes)
            if position in self._positions:
                table = table.take(self._allowed[position], axis)
                genes.append(self._positions.index(position))
            else:
                table = table.take(0, axis)
        return Factor(tuple(genes), table)

    def _slots(self) -> Sequence[Slot]:
        raise NotImplementedError("The slots are those of the whole space.")

    def describe(self, genes: Genes) -> dict[str, Any]:
        return self.base.describe(self.widened(genes))

    def parse(self, description: Mapping[str, Any]) -> Genes:
        return self.narrowed(self.base.parse(description))

    def size_formula(self) -> str:
        n_options = sum(
            len(gene.options) - len(options)
            for gene, options in zip(self.base.genes, self._allowed, strict=True)
        )
        genes = "gene" if len(self.only) == 1 else "genes"
        return (
            f"{self.base.size_formula()}, without {n_options} options of {len(self.only)} {genes}"
        )

    def size_note(self) -> str:
        return self.base.size_note()

    def to_json(self) -> dict[str, Any]:
        return {**self.base.to_json(), ONLY: self.only}

    def with_data(self, *, in_channels: int, n_classes: int) -> "Restricted":
        return Restricted(
            self.base.with_data(in_channels=in_channels, n_classes=n_classes), self.only
        )


def restricted(base: SearchSpace, only: Any) -> SearchSpace:
    """The space with the options named alone; the whole space when nothing is left out.

    Raises:
        InvalidSpace: see `Restricted`.
    """
    if not isinstance(only, Mapping):
        raise InvalidSpace({ONLY: ["Must be an object: options by the names of genes."]})
    found = Restricted(base, only)
    return found if found.only else base


def _allowed(base: SearchSpace, only: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """Per gene the options that are left, ascending."""
    if only and not factors_of(base):
        raise InvalidSpace({ONLY: [f"Spaces of the family {base.family} keep all their options."]})
    names = [gene.name for gene in base.genes]
    found = {f"{ONLY}.{name}": ["No such gene."] for name in only if name not in names}
    allowed = []
    for gene in base.genes:
        try:
            allowed.append(_options(gene, only.get(gene.name)))
        except ValueError as error:
            found[f"{ONLY}.{gene.name}"] = [str(error)]
    if found:
        raise InvalidSpace(found)
    return allowed


def _options(gene: Gene, kept: Any) -> tuple[int, ...]:
    known = [plain(option) for option in gene.options]
    if kept is None:
        return tuple(range(len(known)))
    if not isinstance(kept, list | tuple) or not kept:
        raise ValueError("A list of at least one option is needed.")
    listed = ", ".join(map(str, known))
    for option in kept:
        if (
            isinstance(option, bool) is not isinstance(known[0], bool)
            or plain(option) not in known
        ):
            raise ValueError(f"{option!r} is none of {listed}.")
    return tuple(sorted({known.index(plain(option)) for option in kept}))
