"""The zero-cost proxies: what each score is called, in which unit, and where it comes from.

None of them is an accuracy. Scores that span many orders of magnitude are logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass

from searches.objectives.cards import Card, Registry
from searches.objectives.measures import Measure


@dataclass(frozen=True)
class ProxyCard(Card):
    """A proxy's card.

    Attributes:
        unit: Of the score.
        uses_data: Whether it looks at training samples.
        is_baseline: It only counts; what claims to be a proxy has to beat it.
    """

    unit: str = "score"
    uses_data: bool = True
    is_baseline: bool = False

    @property
    def measure(self) -> Measure:
        """The score as an objective: all of them are the better, the higher they are."""
        return Measure(self.name, self.label, self.unit, "max", kind="proxy")


_FOLDER = "searches.evaluators.zero_cost"

PROXIES = Registry(
    "proxy",
    "webnas.proxies",
    [
        ProxyCard(
            name="synflow",
            label="Synflow",
            path=f"{_FOLDER}.synflow:synflow",
            summary="What flows through all paths of the network, without data.",
            unit="nat",
            uses_data=False,
        ),
        ProxyCard(
            name="naswot",
            label="NASWOT",
            path=f"{_FOLDER}.naswot:naswot",
            summary="How differently the samples of a batch switch the activations.",
            unit="nat",
        ),
        ProxyCard(
            name="jacob_cov",
            label="Jacobian covariance",
            path=f"{_FOLDER}.jacob_cov:jacob_cov",
            summary="How differently the outputs react to the samples of a batch.",
        ),
        ProxyCard(
            name="snip",
            label="SNIP",
            path=f"{_FOLDER}.snip:snip",
            summary="How much the loss would change without each weight.",
        ),
        ProxyCard(
            name="grasp",
            label="GraSP",
            path=f"{_FOLDER}.grasp:grasp",
            summary="How much the gradient would shrink without each weight.",
        ),
        ProxyCard(
            name="fisher",
            label="Fisher",
            path=f"{_FOLDER}.fisher:fisher",
            summary="How much the loss would change without each channel.",
        ),
        ProxyCard(
            name="grad_norm",
            label="Gradient norm",
            path=f"{_FOLDER}.grad_norm:grad_norm",
            summary="The length of the first gradient, layer by layer.",
        ),
        ProxyCard(
            name="zen",
            label="Zen",
            path=f"{_FOLDER}.zen:zen",
            summary="How much the features of random weights move with the input, without data.",
            unit="nat",
            uses_data=False,
        ),
        ProxyCard(
            name="more_parameters",
            label="Parameters, the more the better",
            path=f"{_FOLDER}.baselines:more_parameters",
            summary="Baseline: the number of parameters.",
            unit="parameters",
            uses_data=False,
            is_baseline=True,
        ),
        ProxyCard(
            name="more_macs",
            label="Multiply-accumulates, the more the better",
            path=f"{_FOLDER}.baselines:more_macs",
            summary="Baseline: the multiply-accumulates of one sample.",
            unit="MACs",
            uses_data=False,
            is_baseline=True,
        ),
    ],
)


def card_of(name: str) -> ProxyCard:
    """The card of that proxy."""
    card = PROXIES[name]
    if not isinstance(card, ProxyCard):
        raise TypeError(f"The card of proxy {name} is no ProxyCard.")
    return card


MEASURES = tuple(card_of(name).measure for name in PROXIES)
