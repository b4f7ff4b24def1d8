"""Which size of a space suits a device, for pages and REST; bounded in time, and kept a while."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from django.core.cache import cache

from devices.models import ProfileVersion
from devices.profiles.cost import CostModel
from devices.profiles.memory import IN_FLASH
from devices.profiles.profile import Profile
from searches.models import DataSet, Space
from searches.objectives.measures import COSTS
from searches.runner import engine
from searches.spaces import adjusting, registry
from searches.spaces.adjusting import LIMITED, Survey
from searches.spaces.base import SearchSpace
from searches.spaces.pruning import pruned
from searches.spaces.restriction import Restricted
from searches.spaces.scaling import is_scalable
from webnas.refusals import RefusedRequest

WIDTHS = tuple(round(0.1 * tenth, 1) for tenth in range(2, 11))
N_RESOLUTIONS = 5
MOST_VALUES = 12
NARROWEST, WIDEST = 0.05, 4.0
SMALLEST, LARGEST = 8, 512
HIGHEST_SEED = 2**31 - 1
SECONDS = 20.0  # for all sizes together; what is left is named
KEPT_SECONDS = 3600
VERSION = 1  # of the answer: raised when equal questions get another one
SHARES = [share / 40 for share in range(41)]  # at which the distribution is told


@dataclass(frozen=True)
class Question:
    """What is asked of a space.

    Attributes:
        version: the device's profile; without one only storage and peak memory can be limited,
            in fp32.
        dataset: one that is ready: its channels and classes; None: those of the definition.
        limits: the most of each measure, in its unit.
        widths, resolutions: empty for the usual ones.
    """

    space: Space
    version: ProfileVersion | None = None
    dataset: DataSet | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    widths: Sequence[float] = ()
    resolutions: Sequence[int] = ()
    seed: int = 0


def resolutions_of(space: SearchSpace) -> tuple[int, ...]:
    """Five sides: of the space's own, or from half of the largest upwards."""
    gene = next((gene for gene in space.genes if gene.name == "resolution"), None)
    own = list(gene.options) if gene else []
    if len(own) > 1:
        picked = np.linspace(0, len(own) - 1, N_RESOLUTIONS).round().astype(int)
        return tuple(int(own[position]) for position in sorted(set(picked)))
    largest = own[0] if own else max(op.h or 0 for op in space.operation_table())
    quarters = np.linspace(largest / 2, largest, N_RESOLUTIONS)
    return tuple(sorted({max(SMALLEST, round(side / 4) * 4) for side in quarters}))


def can_adjust(space: Space) -> bool:
    """Whether the space has a width and a resolution."""
    return is_scalable(registry.load(space.definition))


def adjusted(*, question: Question) -> dict[str, Any]:
    """Every size with its share within the limits and its multiply-accumulates; the proposal.

    Raises:
        RefusedRequest: naming what is wrong with the question.
    """
    space = _loaded(question)
    _check(question, space)
    name = _name(question, space)
    kept: dict[str, Any] | None = cache.get(name)
    if kept is None:
        kept = _answer(question, space)
        if not kept["unseen"]:
            cache.set(name, kept, KEPT_SECONDS)
    return kept


def _loaded(question: Question) -> SearchSpace:
    if question.dataset is not None:
        return engine.space_for(question.space, question.dataset)
    return registry.load(question.space.definition)


def _check(question: Question, space: SearchSpace) -> None:
    errors: dict[str, list[str]] = {}
    if not is_scalable(space):
        errors["space"] = ["Its networks have no width and resolution that could be scaled."]
    for measure, most in question.limits.items():
        if measure not in LIMITED:
            errors[measure] = [f"Cannot be limited here; {', '.join(LIMITED)} can."]
        elif not isfinite(most) or most <= 0:
            errors[measure] = [f"{most:g}; a number above 0 is needed."]
        elif COSTS[measure].needs_device and question.version is None:
            errors["device"] = [f"{COSTS[measure].label} needs a device."]
    errors |= _wrong_values("widths", question.widths, NARROWEST, WIDEST)
    errors |= _wrong_values("resolutions", question.resolutions, SMALLEST, LARGEST)
    if not 0 <= question.seed <= HIGHEST_SEED:
        errors["seed"] = [f"{question.seed}; between 0 and {HIGHEST_SEED}."]
    if errors:
        raise RefusedRequest(errors)


def _wrong_values(
    name: str, values: Sequence[float], least: float, most: float
) -> dict[str, list[str]]:
    if len(values) > MOST_VALUES:
        return {name: [f"{len(values)} values; at most {MOST_VALUES}."]}
    wrong = [value for value in values if not least <= value <= most]  # NaN is wrong as well
    return {name: [f"{wrong[0]:g}; between {least:g} and {most:g}."]} if wrong else {}


def _name(question: Question, space: SearchSpace) -> str:
    """Of the kept answer: everything that it depends on."""
    parts = {
        "space": space.content_hash(),
        "device": question.version.content_sha256 if question.version else "",
        "limits": dict(question.limits),
        "widths": list(question.widths),
        "resolutions": list(question.resolutions),
        "seed": question.seed,
    }
    text = json.dumps([VERSION, parts], sort_keys=True)
    return f"adjusted:{hashlib.sha256(text.encode()).hexdigest()}"


def _answer(question: Question, space: SearchSpace) -> dict[str, Any]:
    model = _cost_model(question.version)
    until = time.monotonic() + SECONDS
    found, left_out = adjusting.sizes(
        space, question.widths or WIDTHS, question.resolutions or resolutions_of(space)
    )
    draws = adjusting.draws_for(found, question.seed)
    surveys: list[Survey] = []
    for size in found:
        if time.monotonic() > until:
            break
        surveys.append(_survey(size, model, question, draws))
    ranked = adjusting.ranked(surveys)
    best = ranked[0] if ranked else None
    return {
        "sizes": [_size_json(survey, best) for survey in surveys],
        "left_out": [
            {"width": one.width, "resolution": one.resolution, "reason": one.reason}
            for one in left_out
        ],
        "unseen": len(found) - len(surveys),
        "proposal": _proposal(best, question.limits) if best else None,
        "nearest": None if best else _nearest(surveys, question.limits),
        "limits": dict(question.limits),
        **_counted_in(question.version),
    }


def _cost_model(version: ProfileVersion | None) -> CostModel:
    if version is None:
        return CostModel(None)
    profile = Profile.from_dict(version.document)
    return CostModel(profile, fits=version.fits, allow_analytic=True)


def _counted_in(version: ProfileVersion | None) -> dict[str, Any]:
    """How storage and peak memory are counted on the device."""
    if version is None:
        return {"number_format": "fp32", "weights_in_memory": True}
    profile = Profile.from_dict(version.document)
    in_flash = profile.device.kind in IN_FLASH
    return {"number_format": profile.runtime.dtype, "weights_in_memory": not in_flash}


def _survey(
    size: adjusting.Size, model: CostModel, question: Question, draws: adjusting.Draws
) -> Survey:
    try:
        return adjusting.survey(size, model.table, question.limits, draws)
    except adjusting.UnknownCost as error:
        measure = str(error)
        message = f"The device's profile gives no {COSTS[measure].label.lower()}."
        raise RefusedRequest({measure: [message]}) from None


def _size_json(found: Survey, best: Survey | None) -> dict[str, Any]:
    low, high = adjusting.wilson(found.n_feasible, found.n_drawn)
    answer: dict[str, Any] = {
        "width": found.size.width,
        "resolution": found.size.resolution,
        "size": str(found.size.space.size()),
        "n_drawn": found.n_drawn,
        "n_feasible": found.n_feasible,
        "share": found.share,
        "share_low": low,
        "share_high": high,
        "is_sure": found.is_sure,
        "is_proposed": found is best,
        "macs": None,
        "distribution": [],
    }
    if found.n_feasible:
        median, upper = np.quantile(found.macs, [0.5, 0.9])
        answer["macs"] = {"mean": found.score, "median": float(median), "upper": float(upper)}
        answer["distribution"] = np.quantile(found.macs, SHARES).tolist()
    return answer


def _proposal(best: Survey, limits: Mapping[str, float]) -> dict[str, Any]:
    """The best size without the options that its limits rule out."""
    whole = best.size.space
    space = pruned(whole, best.table, limits)
    only = space.only if isinstance(space, Restricted) else {}
    return {
        "width": best.size.width,
        "resolution": best.size.resolution,
        "is_sure": best.is_sure,
        "definition": space.to_json(),
        "size": str(space.size()),
        "size_formula": space.size_formula(),
        "unpruned_size": str(whole.size()),
        "pruned": [
            {"gene": gene.name, "options": left_out}
            for gene in whole.genes
            if (left_out := _left_out(gene.options, only.get(gene.name)))
        ],
    }


def _left_out(options: Sequence[Any], kept: Sequence[Any] | None) -> list[Any]:
    plain = json.loads(json.dumps(options))
    return [option for option in plain if kept is not None and option not in kept]


def _nearest(surveys: Sequence[Survey], limits: Mapping[str, float]) -> dict[str, Any] | None:
    """The size with the architecture nearest to the limits, and the least of each measure."""
    found = adjusting.nearest(surveys)
    if found is None or found.nearest is None:
        return None
    return {
        "width": found.size.width,
        "resolution": found.size.resolution,
        "architecture": found.size.space.describe(found.nearest.genes),
        "values": dict(found.nearest.values),
        "least": {
            measure: min(s.least[measure] for s in surveys if s.least) for measure in limits
        },
    }
