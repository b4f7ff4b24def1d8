"""What can be set on the evolutionary strategies."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Nsga2Settings:
    """Settings of NSGA-II."""

    population: int = field(
        default=20,
        metadata={
            "help": "Number of survivors, from which parents are taken.",
            "min": 4,
            "max": 2000,
        },
    )
    crossover: float = field(
        default=0.9,
        metadata={
            "help": "Probability that a child mixes two parents instead of copying one.",
            "min": 0.0,
            "max": 1.0,
        },
    )
    mutation: float | None = field(
        default=None,
        metadata={
            "help": "Probability that a gene of a child changes. When empty, each gene is drawn "
            "anew with 1 / genes, and may stay what it was.",
            "min": 0.0,
            "max": 1.0,
        },
    )
    attempts: int = field(
        default=20,
        metadata={
            "help": "Children made for one proposal until one is new and within the limits.",
            "min": 1,
            "max": 1000,
        },
    )


@dataclass(frozen=True)
class RegularisedEvolutionSettings:
    """Settings of regularised evolution."""

    population: int = field(
        default=20,
        metadata={
            "help": "Number of networks that live at a time; the oldest dies for each new one.",
            "min": 2,
            "max": 2000,
        },
    )
    sample: int = field(
        default=5,
        metadata={
            "help": "Entrants of a tournament; more of them make the search greedier.",
            "min": 1,
            "max": 2000,
        },
    )
    attempts: int = field(
        default=20,
        metadata={
            "help": "Children made for one proposal until one is new and within the limits.",
            "min": 1,
            "max": 1000,
        },
    )


@dataclass(frozen=True)
class OfaEvolutionSettings:
    """Settings of once-for-all's evolution."""

    population: int | None = field(
        default=None,
        metadata={
            "help": "Founders, and networks of a generation. When empty, a quarter of the budget, "
            "and at most 100.",
            "min": 4,
            "max": 2000,
        },
    )
    parent_ratio: float = field(
        default=0.25,
        metadata={
            "help": "Share of the population that stays and has children.",
            "min": 0.01,
            "max": 1.0,
        },
    )
    mutation_ratio: float = field(
        default=0.5,
        metadata={
            "help": "Share of the children that are mutants; the others mix two parents.",
            "min": 0.0,
            "max": 1.0,
        },
    )
    mutation: float = field(
        default=0.1,
        metadata={
            "help": "Probability that a block or depth of a mutant is drawn anew.",
            "min": 0.0,
            "max": 1.0,
        },
    )
    resolution_mutation: float = field(
        default=0.5,
        metadata={
            "help": "Probability that the resolution of a mutant is drawn anew.",
            "min": 0.0,
            "max": 1.0,
        },
    )
    attempts: int = field(
        default=100,
        metadata={
            "help": "Children made for one proposal until one is new and within the limits.",
            "min": 1,
            "max": 1000,
        },
    )


@dataclass(frozen=True)
class SpecialiseSettings:
    """Settings of specialising a supernet."""

    candidates: int = field(
        default=12_000,
        metadata={
            "help": "Networks of which the predictor is asked each time; a space of no more "
            "networks is looked at completely.",
            "min": 100,
            "max": 200_000,
        },
    )
    population: int = field(
        default=200,
        metadata={
            "help": "Number of survivors of the evolution that asks the predictor.",
            "min": 4,
            "max": 2000,
        },
    )
