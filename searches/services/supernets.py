"""What a person does with trained supernets: measure pairs, and specialise for devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from devices.models import DeviceProfile
from searches.models import Run, Supernet, SupernetPredictor
from searches.objectives.measures import COSTS
from searches.runner import engine, pairs
from searches.services.requests import MAX_DEVICES, Errors, RunRequest, check
from searches.services.runs import start_run
from webnas.accounts import quotas
from webnas.refusals import ConflictingRequest, RefusedRequest

# Networks that are judged on the supernet for each device, and candidates looked at before.
NETWORKS, CANDIDATES = 24, 12_000
FEWEST_NETWORKS, MOST_NETWORKS = 8, 200
FEWEST_PAIRS, USUAL_PAIRS, MOST_PAIRS = pairs.FEWEST, pairs.USUAL, 2000
STRATEGY = "specialise"
# Beside the quality, as a newcomer's search has them.
MEASURES = ("latency", "storage")


@dataclass(frozen=True)
class Specialisation:
    """What is asked of a supernet.

    Attributes:
        devices: each gets a run of its own.
        limits: as of a run; one on latency or energy without a device holds on each of them.
        name: of the runs, followed by that of the device.
        measures: costs to optimise beside the quality.
        networks: judged on the supernet for each device.
        candidates: looked at before.
    """

    supernet: Supernet
    devices: Sequence[DeviceProfile]
    limits: Sequence[Mapping[str, Any]] = ()
    name: str = ""
    measures: Sequence[str] = MEASURES
    networks: int = NETWORKS
    candidates: int = CANDIDATES
    seed: int = 0
    accept_guesses: bool = False


def specialise(*, owner: User, asked: Specialisation) -> list[Run]:
    """A run for each device, on the trained weights; nothing is trained. All of them or none.

    Raises:
        RefusedRequest: naming what is wrong, and the nearest value that can be reached.
    """
    _refuse_unusable(asked)
    requests = [_request(asked, device) for device in asked.devices]
    errors: Errors = {}
    for request in requests:
        for place, messages in _problems(asked, request).items():
            known = errors.setdefault(place, [])
            known += [message for message in messages if message not in known]
    if errors:
        raise RefusedRequest(errors, "Nothing was started; see errors.")
    with transaction.atomic():
        return [start_run(owner=owner, request=request) for request in requests]


def _refuse_unusable(asked: Specialisation) -> None:
    supernet = asked.supernet
    errors: Errors = {}
    if not supernet.is_trained:
        errors["supernet"] = [f"Supernet {supernet.pk} is not trained to its end."]
    elif not engine.judges_networks(supernet):
        message = f"Supernet {supernet.pk} is the mixture of a one-shot strategy: it judges none."
        errors["supernet"] = [message]
    if not 1 <= len(asked.devices) <= MAX_DEVICES:
        errors["devices"] = [f"{len(asked.devices)} devices; 1 to {MAX_DEVICES}."]
    if not FEWEST_NETWORKS <= asked.networks <= MOST_NETWORKS:
        reach = f"{FEWEST_NETWORKS} to {MOST_NETWORKS}"
        errors["networks"] = [f"{asked.networks} networks; {reach} are judged."]
    for position, limit in enumerate(asked.limits):
        named = limit.get("device") if isinstance(limit, Mapping) else None
        if named is not None and named not in [device.pk for device in asked.devices]:
            errors[f"limits.{position}"] = [f"Device {named} is not among the devices."]
    if errors:
        raise RefusedRequest(errors, "Nothing was started; see errors.")


def _request(asked: Specialisation, device: DeviceProfile) -> RunRequest:
    """The run that specialises for one device."""
    recipe, supernet = asked.supernet.recipe, asked.supernet
    quality = engine.target_card(recipe["target"]).qualities[0]
    title = asked.name.strip() or f"Supernet {supernet.pk}"
    limits = (_on(device, limit) for limit in asked.limits)
    return RunRequest(
        name=f"{title} on {device.name}"[:120],
        dataset=supernet.dataset,
        space=supernet.space,
        devices=[device],
        objectives=[{"measure": quality.name}, *(_objective(m, device) for m in asked.measures)],
        limits=[limit for limit in limits if limit is not None],
        target=recipe["target"],
        target_settings=recipe["target_settings"],
        strategy=STRATEGY,
        strategy_settings={"candidates": asked.candidates},
        evaluator=recipe["evaluator"],
        evaluator_settings=recipe["evaluator_settings"],
        budget=asked.networks,
        batch=asked.networks,
        seed=asked.seed,
        supernet=supernet,
        accept_guesses=asked.accept_guesses,
    )


def _objective(measure: str, device: DeviceProfile) -> dict[str, Any]:
    needs_device = measure in COSTS and COSTS[measure].needs_device
    return {"measure": measure, "device": device.pk} if needs_device else {"measure": measure}


def _on(device: DeviceProfile, limit: Mapping[str, Any]) -> dict[str, Any] | None:
    """The limit as one of the device's run; None when it names another device."""
    named = limit.get("device")
    if named is not None and named != device.pk:
        return None
    return {**limit, **_objective(str(limit.get("measure")), device)}


def _problems(asked: Specialisation, request: RunRequest) -> Errors:
    """What is wrong with the run of one device, at the places of the whole request."""
    device = request.devices[0]
    kept = [i for i, limit in enumerate(asked.limits) if _on(device, limit) is not None]
    found: Errors = {}
    for place, messages in check(request).errors.items():
        family, _, rest = place.partition(".")
        if family == "limits" and rest.isdecimal():
            place = f"limits.{kept[int(rest)]}"
        elif family == "objectives":
            place = "measures"
        renamed = {"budget": "networks", "strategy_settings.candidates": "candidates"}
        found.setdefault(renamed.get(place, place), []).extend(messages)
    return found


def measure_pairs(*, supernet: Supernet, n: int = USUAL_PAIRS, seed: int = 0) -> SupernetPredictor:
    """Judge `n` networks on the supernet and learn from them; pairs that are there are kept."""
    if not supernet.is_trained or not engine.judges_networks(supernet):
        message = f"Networks cannot be judged on supernet {supernet.pk}."
        raise ConflictingRequest({}, message)
    if not FEWEST_PAIRS <= n <= MOST_PAIRS:
        message = f"{n} pairs; between {FEWEST_PAIRS} and {MOST_PAIRS:,}."
        raise RefusedRequest({"pairs": [message]})
    with transaction.atomic():
        if supernet.owner is not None:
            quotas.refuse_beyond(supernet.owner, 0, field="supernet")
        return pairs.begin(supernet, n=n, seed=seed)
