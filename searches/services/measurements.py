"""What deployed networks really took: points of calibration in a new version of a profile."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from devices import versions
from devices.models import DeviceProfile, ProfileVersion
from devices.profiles import networks
from devices.profiles.cost import CostModel
from devices.profiles.operations import Operation
from devices.profiles.profile import ModelRow, Profile
from searches.models import Trial
from searches.runner import engine
from searches.spaces.encodings import spelled_out
from webnas.accounts import quotas
from webnas.refusals import ConflictingRequest, RefusedRequest

MOST_AT_ONCE = 200
MOST_MS = 600_000.0
MOST_NETWORKS = 5000  # of a profile
# Beyond this the time is in another unit, or of another network.
FURTHEST = 20.0
SPLITS = (None, "calibrate", "holdout")


@dataclass(frozen=True)
class Measurement:
    """The latency of one network on the device, for the batch of the profile.

    Attributes:
        trial: whose network was deployed, or
        arch: how a profile describes it.
        split: "holdout" keeps it for judging alone.
    """

    latency_ms: float
    trial: Trial | None = None
    arch: Mapping[str, Any] = field(default_factory=dict)
    std_ms: float | None = None
    runs: int | None = None
    split: str | None = None


@dataclass(frozen=True)
class Posted:
    """The new version, and what was predicted for each network before and after."""

    version: ProfileVersion
    before_ms: list[float | None]
    after_ms: list[float | None]


def may_post(user: User, device: DeviceProfile) -> bool:
    """One's own devices; this machine belongs to nobody, and staff look after it."""
    return device.owner_id == user.pk or (device.is_host and user.is_staff)


def post(*, owner: User, device: DeviceProfile, items: Sequence[Measurement]) -> Posted:
    """A new version of the profile with these networks; runs that pinned an older one keep it.

    Raises:
        RefusedRequest: naming the measurement and what is wrong with it.
        ConflictingRequest: the device has no profile yet.
    """
    latest = device.latest()
    if latest is None:
        raise ConflictingRequest({}, "This device has no profile yet.")
    profile = Profile.from_dict(latest.document)
    rows = _rows(profile, items)
    found = [networks.operations_of(row.arch, profile.space) for row in rows]
    before = _predicted(profile, latest.fits, found)
    _refuse_implausible(before, rows, found)
    changed = replace(
        profile,
        models=(*profile.models, *rows),
        provenance=replace(profile.provenance, parent_sha256=latest.content_sha256),
    )
    version = versions.version_of(changed)
    version.report, version.n_bytes = latest.report, len(json.dumps(version.document))
    with transaction.atomic():
        quotas.refuse_beyond(owner, version.n_bytes)
        versions.append(device, version)
    return Posted(version, before, _predicted(changed, version.fits, found))


def _rows(profile: Profile, items: Sequence[Measurement]) -> list[ModelRow]:
    errors: dict[str, list[str]] = {}
    if not 1 <= len(items) <= MOST_AT_ONCE:
        errors["measurements"] = [f"{len(items)}; 1 to {MOST_AT_ONCE} at once."]
    elif len(profile.models) + len(items) > MOST_NETWORKS:
        errors["measurements"] = [f"A profile has at most {MOST_NETWORKS:,} whole networks."]
    for place, item in enumerate(items):
        for name, text in _faults(item):
            errors.setdefault(f"measurements.{place}.{name}", []).append(text)
    if errors:
        raise RefusedRequest(errors, "Nothing was stored; see errors.")
    return [_row(item) for item in items]


def _faults(item: Measurement) -> list[tuple[str, str]]:
    found = []
    if not (isfinite(item.latency_ms) and 0 < item.latency_ms <= MOST_MS):
        found.append(("latency_ms", f"{item.latency_ms:g}; above 0 and at most {MOST_MS:,.0f}."))
    if item.std_ms is not None and not (isfinite(item.std_ms) and item.std_ms >= 0):
        found.append(("std_ms", f"{item.std_ms:g}; 0 or more."))
    if item.runs is not None and item.runs < 1:
        found.append(("runs", f"{item.runs}; 1 or more."))
    if item.split not in SPLITS:
        found.append(("split", f"{item.split!r}; “calibrate” or “holdout”."))
    if (item.trial is None) == (not item.arch):
        found.append(("arch", "Either a network of a run or of a model, or its arch is needed."))
    return found


def _row(item: Measurement) -> ModelRow:
    arch = item.arch
    if item.trial is not None:
        arch = spelled_out(engine.space_of(item.trial.run), engine.genes_of(item.trial))
    return ModelRow(arch, item.latency_ms, std_ms=item.std_ms, runs=item.runs, split=item.split)


def _predicted(
    profile: Profile, fits: Mapping[str, Any], found: Sequence[Sequence[Operation] | None]
) -> list[float | None]:
    """Latency of each network by the profile, None where it cannot tell."""
    model, predicted = CostModel(profile, fits=fits, allow_analytic=True), list[float | None]()
    for operations in found:
        ms = float("nan")
        if operations:
            costs = model.table(operations).total([range(len(operations))])
            ms = float(costs.latency_ms[0])
        predicted.append(ms if isfinite(ms) else None)
    return predicted


def _refuse_implausible(
    predicted: Sequence[float | None],
    rows: Sequence[ModelRow],
    found: Sequence[Sequence[Operation] | None],
) -> None:
    errors = {}
    for place, (ms, row, operations) in enumerate(zip(predicted, rows, found, strict=True)):
        where = f"measurements.{place}"
        if not operations:
            errors[f"{where}.arch"] = [
                "No space here has this network: give its operations, or its choices beside the "
                "name of a space, such as “ofa_mobilenet_v3/full”."
            ]
        elif ms is not None and not 1 / FURTHEST <= row.mean_ms / ms <= FURTHEST:
            errors[f"{where}.latency_ms"] = [
                f"{row.mean_ms:g} ms, but about {ms:.3g} ms were expected: is it in another unit, "
                "for another batch, or of another network?"
            ]
    if errors:
        raise RefusedRequest(errors, "Nothing was stored; see errors.")
