"""Where the scores of proxies lie in a space: some networks are looked at to find out."""

import math
from random import Random

from searches.models import Run
from searches.runner import engine
from searches.runner.costing import Costing, scale_between
from searches.spaces.base import Genes
from webnas.work.leases import Heartbeat

# Networks that are looked at besides the smallest and the largest.
N_SAMPLES = 10
# The ideal lies beyond the best of them by this share of their range.
BEYOND = 0.5


def scale_of_proxies(
    run: Run, costing: Costing, heartbeat: Heartbeat
) -> dict[str, dict[str, float]]:
    """Ideal and reference of each objective that is a proxy, by its key.

    The reference is the worst of a few networks. A search finds better ones than the best of
    them, so that the ideal is half of their range beyond it; of one beyond even that more than
    the whole box counts.
    """
    wanted = [o for o in engine.objectives_of(run) if o.measure in engine.qualities_of(run)]
    if not wanted:
        return {}
    evaluator, found = engine.evaluator_of(run), []
    for genes in _looked_at(run, costing):
        candidate = evaluator.candidate(genes, seed=0)
        while not candidate.progress.done:
            candidate.advance(deadline=math.inf, tick=heartbeat.tick)
        found.append(candidate.quality("validation", tick=heartbeat.tick))
    scale = {}
    for objective in wanted:
        values = [scores[objective.measure].value for scores in found]
        low, high = _ends([value for value in values if math.isfinite(value)])
        scale[objective.key] = scale_between(objective, low, high + BEYOND * (high - low))
    return scale


def _looked_at(run: Run, costing: Costing) -> list[Genes]:
    rng = Random(engine.seed_of(run.seed, "scale"))
    sizes = costing.bound("parameters", None)
    drawn = [costing.space.sample(rng) for _ in range(N_SAMPLES)]
    return list(dict.fromkeys([sizes.cheapest, sizes.dearest, *drawn]))


def _ends(values: list[float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else (0.0, 1.0)
