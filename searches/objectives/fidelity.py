"""Fidelities: how thoroughly an evaluation was done, as rows and people name it."""

FULL = "full"
_PREFIX = "epochs="


def fidelity_of(epochs: int, full: int) -> str:
    """The name of an evaluation that ends after `epochs` of the `full` number of epochs."""
    return FULL if epochs >= full else f"{_PREFIX}{epochs}"


def epochs_of(fidelity: str, full: int) -> int:
    """The epochs that a fidelity stands for.

    Raises:
        ValueError: no fidelity, or one with more epochs than a full evaluation.
    """
    if fidelity == FULL:
        return full
    number = fidelity.removeprefix(_PREFIX)
    if number == fidelity or not number.isdecimal() or not 1 <= int(number) < full:
        raise ValueError(f"{fidelity!r} is neither “{FULL}” nor “{_PREFIX}1” to {full - 1}.")
    return int(number)
