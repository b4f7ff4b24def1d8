"""Sizes of spaces as people write them."""

from collections.abc import Iterable, Sequence
from itertools import groupby

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def power(base: object, exponent: int) -> str:
    """9³."""
    return f"{base}{str(exponent).translate(_SUPERSCRIPTS)}"


def depths(n_choices: int, n_blocks: Sequence[int]) -> str:
    """What a stage can be: so many choices in every block, for each depth."""
    if n_choices == 1:
        return str(len(n_blocks))
    return " + ".join(power(n_choices, depth) for depth in n_blocks)


def product(factors: Iterable[str]) -> str:
    """Factors with × between them, neighbours that are equal as a power; ones are left out."""
    texts = []
    for factor, run in groupby(factor for factor in factors if factor != "1"):
        n_equal = len(list(run))
        text = factor if factor.isdigit() else f"({factor})"
        texts.append(power(text, n_equal) if n_equal > 1 else text)
    return " × ".join(texts) or "1"
