"""How far cheap scores of networks can be trusted: their order beside that of full training.

Everything is told with its error, and beside what counting parameters tells for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from searches.objectives.agreement import chance_error, resampled_rhos, resampled_taus

Floats = npt.NDArray[np.float64]
Z90 = 1.645  # two-sided 90 % of a normal distribution
# Fewer networks cannot tell a good order from a fair one; half as many make a half of their own.
ENOUGH, ENOUGH_OF_HALF = 30, 6
# Least share of the differences between trained networks that is not chance.
LEAST_SIGNAL = 0.5


@dataclass(frozen=True)
class Scores:
    """One score of all networks of a sample.

    Attributes:
        name: Of the measure.
        label: As people read it.
        values: [n], so that higher is said to be better.
        is_baseline: It costs nothing; others have to beat it.
    """

    name: str
    label: str
    values: Sequence[float]
    is_baseline: bool = False


@dataclass(frozen=True)
class Truth:
    """What full training made of the networks.

    Attributes:
        label: Of the quality, as people read it.
        values: [n], so that higher is better.
        errors: [n], standard errors of `values` by the samples that they were judged on.
    """

    label: str
    values: Sequence[float]
    errors: Sequence[float]


def report(scores: Sequence[Scores], truth: Truth, *, seed: int) -> dict[str, Any]:
    """JSON of how each score orders the networks, and of what that means.

    Args:
        scores: The cheap one that counts first.
        truth: Of the same networks, in the same order.
        seed: Of the samples drawn anew.
    """
    values = np.asarray(truth.values, np.float64)
    n = len(values)
    if n < 2:
        return {"n": n, "scores": [], "says": [_warning(FIRST_TWO)]}
    taus = [_taus(score, values, seed) for score in scores]
    found = [_of(score, values, tau, seed) for score, tau in zip(scores, taus, strict=True)]
    signal = signal_share(truth)
    facts: dict[str, Any] = {
        "n": n,
        "chance": round(chance_error(n), 4),
        "signal": round(signal, 4),
        "least": float(values.min()),
        "most": float(values.max()),
        "scores": found,
        "comparisons": _comparisons(scores, taus),
        "regret": regret(scores[0].values, values),
    }
    return facts | {"says": says(facts, truth.label)}


FIRST_TWO = "Two networks have to be trained fully before their order can be compared."


def regret(score: Sequence[float], truth: Floats) -> float:
    """How far the best network by the score lies behind the best one."""
    return float(truth.max() - truth[int(np.argmax(np.asarray(score, np.float64)))])


def signal_share(truth: Truth) -> float:
    """Share of the variance between networks that the error of judging them does not explain."""
    variance = float(np.var(np.asarray(truth.values, np.float64), ddof=1))
    noise = float(np.mean(np.square(np.asarray(truth.errors, np.float64))))
    return max(0.0, 1 - noise / variance) if variance > 0 else 0.0


def better_half(truth: Floats) -> npt.NDArray[np.intp]:
    """Positions of the better half by full training; of equal ones the earlier."""
    order: npt.NDArray[np.intp] = np.argsort(-truth, kind="stable")
    return np.sort(order[: (len(truth) + 1) // 2])


def _taus(score: Scores, truth: Floats, seed: int) -> Floats:
    """Of all networks, then of samples drawn anew: the same ones for every score."""
    return resampled_taus(score.values, truth, np.random.default_rng(seed))


def _of(score: Scores, truth: Floats, taus: Floats, seed: int) -> dict[str, Any]:
    values = np.asarray(score.values, np.float64)
    half = better_half(truth)
    facts = {"name": score.name, "label": score.label, "is_baseline": score.is_baseline}
    found = facts | _agreement(values, truth, taus, seed)
    if len(half) < ENOUGH_OF_HALF:
        return found | {"half": None}
    of_half = resampled_taus(values[half], truth[half], np.random.default_rng(seed))
    return found | {"half": _agreement(values[half], truth[half], of_half, seed)}


def _agreement(values: Floats, truth: Floats, taus: Floats, seed: int) -> dict[str, Any]:
    rhos = resampled_rhos(values, truth, np.random.default_rng(seed))
    return {"n": len(values)} | _spread("tau", taus) | _spread("rho", rhos)


def _spread(name: str, found: Floats) -> dict[str, float]:
    """The value, its standard error, and the ends of its 90 % interval over the samples."""
    low, high = np.quantile(found[1:], (0.05, 0.95))
    parts = {"": found[0], "_error": found[1:].std(ddof=1), "_low": low, "_high": high}
    return {name + part: round(float(value), 4) for part, value in parts.items()}


def _comparisons(scores: Sequence[Scores], taus: Sequence[Floats]) -> list[dict[str, Any]]:
    """The first score beside each baseline, sample by sample."""
    return [
        {"baseline": score.name, "label": score.label} | _spread("difference", taus[0] - theirs)
        for score, theirs in zip(scores, taus, strict=True)
        if score.is_baseline
    ]


def _info(text: str) -> dict[str, str]:
    return {"level": "info", "text": text}


def _warning(text: str) -> dict[str, str]:
    return {"level": "warning", "text": text}


def drawn(scores: Sequence[float], taken: Collection[int], n: int, rng: Random) -> list[int]:
    """Positions to add to those taken, so that `n` are spread evenly over the order of scores.

    One at random from each of n parts of equal size that has none yet: a sample of the best alone
    would say nothing about the order of the others.

    Args:
        scores: Of all there are.
        taken: Positions that are in the sample already.
        n: Size of the sample, those included; at most as many as there are.
        rng: Source of the choice.
    """
    order = sorted(range(len(scores)), key=lambda position: scores[position])
    parts = [order[len(order) * k // n : len(order) * (k + 1) // n] for k in range(n)]
    found = [rng.choice(part) for part in parts if not any(p in taken for p in part)]
    return sorted(rng.sample(found, max(0, n - len(taken))))


def says(facts: dict[str, Any], truth: str) -> list[dict[str, str]]:
    """What the figures mean, most important first; nothing is made of what may be chance."""
    found = [_verdict(facts)]
    found += [_beside(facts["scores"][0], row) for row in facts["comparisons"]]
    half = facts["scores"][0]["half"]
    if half is not None and half["tau_low"] <= 0 < facts["scores"][0]["tau_low"]:
        text = f"Among the better half the order may be chance: tau {_figure(half)}."
        found.append(_warning(text))
    if facts["n"] < ENOUGH:
        found.append(_warning(_few(facts)))
    if facts["signal"] < LEAST_SIGNAL:
        found.append(_warning(_narrow(facts, truth)))
    return found


def _figure(row: dict[str, Any]) -> str:
    return f"{row['tau']:.2f} ± {row['tau_error']:.2f}"


def _verdict(facts: dict[str, Any]) -> dict[str, str]:
    first = facts["scores"][0]
    interval = f"90 % interval {first['tau_low']:.2f} to {first['tau_high']:.2f}"
    told = f"tau {_figure(first)} ({interval}, {facts['n']} networks)"
    if first["tau_low"] > 0:
        return _info(f"{first['label']} orders the networks as full training does: {told}.")
    if first["tau_high"] < 0:
        return _warning(f"{first['label']} orders the networks upside down: {told}.")
    return _warning(f"{first['label']} may order the networks by chance: {told}.")


def _beside(first: dict[str, Any], row: dict[str, Any]) -> dict[str, str]:
    margin = f"by {abs(row['difference']):.2f} ± {row['difference_error']:.2f} of tau"
    is_clear = row["difference_low"] > 0 or row["difference_high"] < 0
    doubt = "" if is_clear else ", which may be chance"
    if row["difference"] > 0:
        return _info(f"It ranks better than {_inside(row['label'])} {margin}{doubt}.")
    if row["difference"] == 0:
        return _warning(f"It ranks no better than {_inside(row['label'])}.")
    return _warning(
        f"{row['label']}, which cost nothing, rank better than "
        f"{_inside(first['label'])} {margin}{doubt}."
    )


def _inside(label: str) -> str:
    """A label within a sentence; what is no word stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _few(facts: dict[str, Any]) -> str:
    reached = Z90 * facts["chance"]
    return (
        f"{facts['n']} networks are few: orders that have nothing in common reach a tau of "
        f"{reached:.2f} up or down in nine cases of ten. {ENOUGH} tell more."
    )


def _narrow(facts: dict[str, Any], truth: str) -> str:
    return (
        f"The trained networks hardly differ: {facts['signal']:.0%} of the differences in "
        f"{_inside(truth)} are more than chance among the samples that they were judged on. "
        "Such a narrow range says little about any order."
    )
