"""Judging by a network that was trained to be any smaller one, too.

H. Cai et al., "Once for All: Train One Network and Specialize It for Efficient Deployment",
ICLR 2020.
"""

from __future__ import annotations

from searches.evaluators.settings import OnceForAllSettings
from searches.evaluators.supernet import SupernetEvaluator
from searches.training.shrinking import Shrinking


class OnceForAllEvaluator(SupernetEvaluator):
    """Shared weights as of any supernet; what differs is how they are trained."""

    settings: OnceForAllSettings

    def prepare(self) -> Shrinking:
        return Shrinking(
            self.task,
            self.settings,
            seed=self.seed,
            recalibration_images=self.settings.recalibration_images,
        )
