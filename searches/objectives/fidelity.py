"""Fidelities: how thoroughly an evaluation was done, as rows and people name it."""

from __future__ import annotations

from dataclasses import dataclass

FULL = "full"
# What a lower fidelity has less of, and the power of it with which the cost of a training grows.
POWERS = {"epochs": 1, "data": 1, "resolution": 2, "channels": 2}
# A training can go on where one with fewer epochs, or less data, has ended.
CONTINUED = ("epochs", "data")


@dataclass(frozen=True)
class Scale:
    """The fidelities of an evaluator: of which quantity they have how much.

    Attributes:
        full: amount of a full evaluation: epochs, or 100 percent.
        quantity: one of POWERS.
    """

    full: int
    quantity: str = "epochs"

    @property
    def power(self) -> int:
        """A training costs the amount to the power of this."""
        return POWERS[self.quantity]

    @property
    def is_continued(self) -> bool:
        """Whether a higher fidelity goes on where a lower one has ended."""
        return self.quantity in CONTINUED

    @property
    def _unit(self) -> str:
        return "" if self.quantity == "epochs" else "%"

    def name(self, amount: int) -> str:
        """How rows call an evaluation with so much, "full" from the full amount on."""
        return FULL if amount >= self.full else f"{self.quantity}={amount}{self._unit}"

    def amount(self, fidelity: str) -> int:
        """The inverse of `name`.

        Raises:
            ValueError: no fidelity of this scale, or one above a full evaluation.
        """
        if fidelity == FULL:
            return self.full
        number = fidelity.removeprefix(f"{self.quantity}=").removesuffix(self._unit)
        if (
            number.isdecimal()
            and 1 <= int(number) < self.full
            and self.name(int(number)) == fidelity
        ):
            return int(number)
        ends = f"“{self.name(1)}” to “{self.name(self.full - 1)}”"
        raise ValueError(f"{fidelity!r} is neither “{FULL}” nor {ends}.")
