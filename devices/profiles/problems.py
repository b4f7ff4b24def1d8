"""What is wrong with an uploaded profile, in the words that the person reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["E", "R", "W"]
SHOWN = 200  # distinct messages of one report


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: E refuses the file, R rejects a row, W is a warning.

    `line` is the line of a CSV file or the number of the row in a JSON list, counted from 1.
    `text` is complete in itself: place, key, value and what would be right.
    """

    level: Level
    line: int | None
    key: str | None
    value: str | None
    text: str


class ProblemError(ValueError):
    """Raised by the readers of documents; carries every finding."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.text for problem in problems[:5]))
        self.problems = tuple(problems)


def shown(value: object) -> str:
    """The value as a message shows it: one line, at most 60 characters."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def figure(value: float) -> str:
    """A number for people: three significant digits, thousands apart."""
    if not 1000 <= abs(value) < 1e15:
        return f"{value:.3g}"
    return f"{float(f'{value:.3g}'):,.0f}".replace(",", " ")


def capped(problems: Iterable[Problem], limit: int = SHOWN) -> list[Problem]:
    """The gravest `limit` distinct problems, then one line that says how many more there are."""
    distinct = list(dict.fromkeys(problems))
    if len(distinct) <= limit:
        return distinct
    kept = sorted(distinct, key=lambda problem: "ERW".index(problem.level))[:limit]
    rest = len(distinct) - limit
    return [*kept, Problem(kept[-1].level, None, None, None, f"… and {rest} more.")]
