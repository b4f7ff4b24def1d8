"""What can be set on random and grid search."""

from dataclasses import dataclass, field

from searches.objectives.settings import SettingsError

LARGEST_STEP = 1000


@dataclass(frozen=True)
class RandomSettings:
    """Settings of random search."""

    patience: int = field(
        default=2000,
        metadata={
            "help": "Draws in vain, outside the limits or made before, that end the drawing.",
            "min": 1,
            "max": 1_000_000,
        },
    )


@dataclass(frozen=True)
class GridSettings:
    """Settings of grid search."""

    step: int = field(
        default=1,
        metadata={
            "help": "Every gene takes its first option and then each step-th one; "
            "a step beyond the options leaves the first only.",
            "min": 1,
            "max": LARGEST_STEP,
        },
    )
    steps: str = field(
        default="",
        metadata={
            "help": "Other steps for some genes, such as “resolution=1, unit*.depth=2”: "
            "* stands for any text, and of several that fit the last one counts.",
        },
    )

    def __post_init__(self) -> None:
        parse_steps(self.steps)


def parse_steps(text: str) -> dict[str, int]:
    """Step by name or pattern of genes.

    Raises:
        SettingsError: the text is not made of “gene=step”, separated by commas.
    """
    found: dict[str, int] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, number = part.rpartition("=")
        is_number = number.strip().isdecimal() and number.isascii()
        if not name.strip() or not is_number:
            raise SettingsError({"steps": [f"“{part}” is no “gene=step”, such as “depth=2”."]})
        step = int(number) if len(number) < 9 else LARGEST_STEP + 1
        if not 1 <= step <= LARGEST_STEP:
            reason = f"“{part}”: a step is between 1 and {LARGEST_STEP}."
            raise SettingsError({"steps": [reason]})
        found[name.strip()] = step
    return found
