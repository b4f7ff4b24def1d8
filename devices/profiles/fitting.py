"""Everything that is learnt from a profile, stored beside its version so that no run refits.

The rows give regressors, the whole networks a calibration, and prices of work where no operation
was timed. What is learnt is judged on networks that it has not seen: those marked as held out,
or, when none is, each network by what the others teach (five parts, drawn by chance).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from devices.profiles import judgement, latency, network_fit, networks
from devices.profiles.estimates import Floats
from devices.profiles.networks import Network
from devices.profiles.profile import Profile
from devices.profiles.study import RAW, Fits, Flags, Study, parts

LEAST_FOR_PARTS = 5
MARKED, IN_PARTS = "held out", "in turn"
MOST_POINTS = 500
# A network so much faster than the work of the others suggests was folded to a constant: cells
# without a path from input to output are, and would ruin every fit in relative error.
FOLDED = 20.0

Chosen = npt.NDArray[np.int64]
# From what is learnt (flags) to [4, n] of the others: value, lower and upper end, MAC proxy.
Outlook = Callable[[Flags, Chosen], Floats]


def fit(profile: Profile) -> Fits:
    """Returns all that is learnt and the judgement of it, as JSON."""
    fits = latency.fit(profile)
    timed = networks.of_profile(profile)
    known = [network for network in timed if network.operations]
    if known:
        return fits | _of_operations(profile, fits, known)
    return fits | _of_numbers(timed) if fits["networks"] else fits


def _of_operations(profile: Profile, fits: Fits, timed: Sequence[Network]) -> Fits:
    usual = [network for network, folded in zip(timed, _folded(timed), strict=True) if not folded]
    study = Study(profile, fits, usual)
    held_out = np.array([network.is_held_out for network in usual], dtype=bool)

    def outlook(chosen: Flags, unseen: Chosen) -> Floats:
        return _outlook(study, chosen, unseen)

    found = study.learnt(~held_out)
    found["judgement"] = judged(usual, outlook)
    if len(usual) < len(timed):
        found["n_folded"] = len(timed) - len(usual)
    return found


def _folded(timed: Sequence[Network]) -> list[bool]:
    macs = np.array([float(network.macs()) for network in timed])
    per_mac = np.array([network.measured_ms for network in timed]) / np.maximum(macs, 1)
    return [bool(value) for value in per_mac < np.median(per_mac) / FOLDED]


def _outlook(study: Study, chosen: Flags, unseen: Chosen) -> Floats:
    learnt = study.learnt(chosen)
    costs = study.costs(learnt, unseen)
    plain = study.costs(learnt | {"calibration": RAW.to_json()}, unseen)
    taught = chosen if chosen.any() else ~chosen  # the proxy's best case where nothing is learnt
    per_mac = np.median(study.measured_ms[taught] / np.maximum(study.macs[taught], 1))
    ends = [costs.latency_low_ms, costs.latency_high_ms]
    return np.stack([costs.latency_ms, *ends, per_mac * study.macs[unseen], plain.latency_ms])


def _of_numbers(timed: Sequence[Network]) -> Fits:
    """Networks of which only numbers are known are judged by the predictor from these."""
    rows = [replace(network.row, split=None) for network in timed]

    def outlook(chosen: Flags, unseen: Chosen) -> Floats:
        found = network_fit.fit([rows[i] for i in np.flatnonzero(chosen).tolist()])
        if found is None:
            return np.full((3, len(unseen)), np.nan)
        latency_ms = found.latency_ms([rows[i].arch for i in unseen.tolist()])
        sigma = np.full(len(unseen), found.sigma)
        return np.stack([latency_ms, *latency.interval(latency_ms, sigma)])

    return {"judgement": judged(timed, outlook)}


def judged(timed: Sequence[Network], outlook: Outlook) -> Fits | None:
    """How far off networks are from which nothing was learnt, None without any."""
    n = len(timed)
    held_out = np.array([network.is_held_out for network in timed], dtype=bool)
    if held_out.any():
        splits, method = [(~held_out, np.flatnonzero(held_out))], MARKED
    elif n >= LEAST_FOR_PARTS:
        chunks = list(parts(np.arange(n)))
        splits = [(~np.isin(np.arange(n), chunk), chunk) for chunk in chunks]
        method = IN_PARTS
    else:
        return None
    found = [outlook(chosen, unseen) for chosen, unseen in splits]
    order = np.concatenate([unseen for _, unseen in splits])
    columns = np.concatenate(found, axis=1)
    known = np.isfinite(columns[0])
    if not known.any():
        return None
    unseen = [timed[i] for i in order[known]]
    return {"method": method, "n_unknown": int((~known).sum())} | _report(
        unseen, columns[:, known]
    )


def _report(timed: Sequence[Network], columns: Floats) -> Fits:
    measured = np.array([network.measured_ms for network in timed])
    value, low, high = columns[:3]
    found: Fits = judgement.report(measured, value, (low, high))
    for name, column in zip(("macs", "uncalibrated"), columns[3:], strict=False):
        figures = judgement.report(measured, column, (column, column))
        found[name] = {key: figures[key] for key in ("mape", "within_10", "bias", "spearman")}
    rows = zip(timed, value, low, high, strict=True)
    found["points"] = [
        {
            "network": network.key[:12],
            "measured_ms": network.measured_ms,
            "predicted_ms": float(f"{guess:.6g}"),
            "low_ms": float(f"{least:.6g}"),
            "high_ms": float(f"{most:.6g}"),
        }
        for network, guess, least, most in list(rows)[:MOST_POINTS]
    ]
    return found
