"""Search spaces: those that come with webnas, and those that people describe."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet
from django.utils import timezone

from devices.models import ProfileVersion
from devices.profiles.coverage import coverage
from devices.profiles.estimates import PROVENANCES
from devices.profiles.profile import Profile
from searches.datasets.known_table import KnownTable
from searches.models import DataSet, Run, Space, Supernet
from searches.objectives.cards import UnknownEntry
from searches.objectives.measures import COSTS, key
from searches.runner import engine
from searches.runner.costing import COLUMNS, Costing
from searches.runner.guesses import grounds
from searches.spaces import registry
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.mobile_definition import InvalidSpace
from searches.spaces.registry import FAMILIES
from searches.spaces.table import TableSpace
from webnas.refusals import ConflictingRequest, RefusedRequest

# Where the time of a space's networks comes from, as `guesses.Grounds` tells it.
TIME_PARTS = ("measured", "interpolated", "regressed", "analytic")
# Random architectures behind the quantiles of a cost.
SAMPLED = 2000
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BUILTIN_NAMES = {
    ("ofa_mobilenet_v3", "full"): "MobileNetV3, full size",
    ("ofa_mobilenet_v3", "small"): "MobileNetV3, small",
    ("proxyless", "fbnet"): "FBNet",
    ("cells", "lecture"): "Cells of two inputs",
    ("cells", "nasnet"): "NASNet cells",
    ("cells", "enas"): "ENAS cells",
    ("cells", "darts"): "DARTS cells",
    ("cells", "darts_small"): "DARTS cells, small",
    ("cells", "nas_bench_201"): "NAS-Bench-201",
    ("cells", "nas_bench_201_small"): "NAS-Bench-201, small",
}


# Far above any space that can be searched; below what a page or a column can show.
MOST_DIGITS = 60
MOST_OPTIONS = 20_000


def create_space(*, owner: User, name: str, definition: Mapping[str, Any]) -> Space:
    """Store a space that is spelled out as JSON.

    Raises:
        RefusedRequest: naming what in the definition is wrong.
    """
    title = name.strip()
    if not 1 <= len(title) <= 120:
        raise RefusedRequest({"name": [f"{len(title)} characters; 1 to 120 are needed."]})
    space = load(definition)
    taken = RefusedRequest({"name": [f"You have a space called “{title}”."]})
    if Space.objects.owned_by(owner).filter(name=title).exists():
        raise taken
    try:
        with transaction.atomic():
            row: Space = Space.objects.create(owner=owner, name=title, **_columns(space))
    except IntegrityError:  # the name was taken since we looked
        raise taken from None
    return row


def preview_space(*, definition: Any) -> dict[str, Any]:
    """What a definition comes to, without storing it.

    Raises:
        RefusedRequest: naming what in the definition is wrong.
    """
    space = load(definition)
    return {
        "family": FAMILIES[space.family].label,
        "size": str(space.size()),
        "size_formula": space.size_formula(),
        "size_note": space.size_note(),
        "n_genes": len(space.genes),
        "n_free": sum(len(gene.options) > 1 for gene in space.genes),
    }


def load(definition: Mapping[str, Any]) -> SearchSpace:
    """The space of a definition that comes from outside."""
    if not isinstance(definition, Mapping):
        raise RefusedRequest({"definition": ["A JSON object is needed."]})
    try:
        space = registry.load(definition)
    except UnknownEntry as error:
        raise RefusedRequest({"definition.family": [str(error)]}) from None
    except InvalidSpace as error:
        problems = {f"definition.{place}": texts for place, texts in error.problems.items()}
        raise RefusedRequest(problems) from None
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise RefusedRequest({"definition": [str(error)]}) from None
    _refuse_too_large(space)
    return space


def _refuse_too_large(space: SearchSpace) -> None:
    """Every resolution has operations of its own, and each is priced on each device."""
    n_options = sum(len(gene.options) for gene in space.genes[1:])
    if len(space.genes[0].options) * n_options > MOST_OPTIONS:
        message = f"Resolutions times other options: at most {MOST_OPTIONS:,}."
        raise RefusedRequest({"definition": [message]})
    if space.size() >= 10**MOST_DIGITS:
        message = f"Fewer than 10^{MOST_DIGITS} architectures are possible."
        raise RefusedRequest({"definition": [message]})


def _columns(space: SearchSpace) -> dict[str, Any]:
    return {
        "family": space.family,
        "definition": space.to_json(),
        "content_hash": space.content_hash(),
        "size": str(space.size()),
        "summary": FAMILIES[space.family].summary,
    }


def create_table_space(*, dataset: DataSet) -> Space:
    """The space of a table of known results: its choices, under its name."""
    space = TableSpace.from_json(
        {"table": dataset.sha256, "columns": dataset.statistics["columns"]}
    )
    row: Space = Space.objects.create(owner=dataset.owner, name=dataset.name, **_columns(space))
    return row


def table_spaces(dataset: DataSet) -> QuerySet[Space]:
    """The space that came with a table; none for other data sets."""
    if dataset.kind != KnownTable.kind:
        return Space.objects.none()
    found: QuerySet[Space] = Space.objects.filter(
        owner=dataset.owner, family=TableSpace.family, name=dataset.name
    )
    return found.filter(definition__table=dataset.sha256)


def _refuse_of_table(space: Space) -> None:
    if space.family != TableSpace.family:
        return
    tables = DataSet.objects.filter(owner=space.owner, kind=KnownTable.kind, name=space.name)
    if tables.filter(sha256=space.definition["table"]).exists():
        message = "It belongs to the data set of its name and is deleted with it."
        raise ConflictingRequest({}, message)


def delete_space(*, space: Space) -> None:
    names = list(Run.objects.filter(space=space).values_list("name", flat=True)[:5])
    if names:
        raise ConflictingRequest({}, f"Runs use this space: {', '.join(names)}.")
    if Supernet.objects.filter(space=space).exists():
        raise ConflictingRequest({}, "A supernet was trained for this space.")
    _refuse_of_table(space)
    try:
        with transaction.atomic():
            space.delete()
    except (ProtectedError, IntegrityError):  # a run took it between the two statements
        raise ConflictingRequest({}, "A run uses this space.") from None


def add_builtin() -> None:
    """The presets of all families; a preset that has changed keeps its row while runs use it."""
    for family, card in FAMILIES.items():
        for preset, definition in card.presets.items():
            space = registry.load({"family": family, "preset": preset, **definition})
            _add_preset(BUILTIN_NAMES.get((family, preset), f"{card.label}, {preset}"), space)


def _add_preset(name: str, space: SearchSpace) -> None:
    """The row of a preset; one of another version stays under its own name for its runs."""
    old = Space.objects.filter(owner=None, name=name).first()
    if old is not None and old.content_hash != space.content_hash() and _is_used(old):
        until = f"{name} (before {timezone.now():%Y-%m-%d %H:%M:%S})"
        Space.objects.filter(pk=old.pk).update(name=until)
    Space.objects.update_or_create(owner=None, name=name, defaults=_columns(space))


def _is_used(space: Space) -> bool:
    used = Run.objects.filter(space=space).exists()
    return used or Supernet.objects.filter(space=space).exists()


def analysis(
    *, space: Space, version: ProfileVersion | None = None, dataset: DataSet | None = None
) -> dict[str, Any]:
    """Size, genes, and how every cost is spread over the space, on a device when one is given.

    Args:
        space: with the channels and classes of its definition, unless a data set says others.
        version: a device's profile, for latency and energy.
        dataset: one that is ready.
    """
    loaded = registry.load(space.definition)
    if dataset is not None:
        loaded = engine.space_for(space, dataset)
    costing = Costing(loaded, {version.device_id: version} if version else {})
    sample = _sample(loaded)
    bounds = {}
    for measure in COLUMNS:
        device = version.device_id if version and COSTS[measure].needs_device else None
        if costing.knows(measure, device):
            bounds[key(measure, device)] = _spread(costing, measure, device, sample)
    return {
        "size": str(loaded.size()),
        "size_formula": loaded.size_formula(),
        "size_note": loaded.size_note(),
        "n_genotypes": str(loaded.n_genotypes()),
        "n_operations": len(loaded.operation_table()),
        "genes": [
            {"name": gene.name, "group": gene.group, "options": list(gene.options)}
            for gene in loaded.genes
        ],
        "bounds": bounds,
    }


def _sample(space: SearchSpace) -> list[Genes]:
    """The same architectures on every call."""
    rng = Random(0)
    return [space.sample(rng) for _ in range(SAMPLED)]


def _spread(
    costing: Costing, measure: str, device: int | None, sample: Sequence[Genes]
) -> dict[str, Any]:
    """The exact ends of a cost, and the quantiles of random architectures between them."""
    bound = costing.bound(measure, device)
    quantiles = np.quantile(costing.values(sample, measure, device), QUANTILES)
    return {
        "label": COSTS[measure].label,
        "unit": COSTS[measure].unit,
        "min": bound.minimum,
        "max": bound.maximum,
        "cheapest": costing.space.describe(bound.cheapest),
        "quantiles": {
            f"{100 * q:.0f} %": float(value) for q, value in zip(QUANTILES, quantiles, strict=True)
        },
    }


def device_coverage(*, version: ProfileVersion, space: Space) -> dict[str, Any]:
    """How much of a space a profile knows, and where the other operations' latency comes from."""
    loaded = registry.load(space.definition)
    operations = loaded.operation_table()
    found = coverage(Profile.from_dict(version.document), operations, version.fits)
    names = [PROVENANCES[code] if code >= 0 else "missing" for code in found.codes]
    rows = zip(operations, names, found.sigma, strict=True)
    costing = Costing(loaded, {version.device_id: version})
    ground = grounds(costing, version.device_id) if operations else None
    return {
        "total": found.total,
        "looked_up": found.looked_up,
        "interpolated": found.interpolated,
        "predicted": found.predicted,
        "analytic": found.analytic,
        "missing": len(found.missing),
        "operations": [
            {
                "label": operation.label(),
                "config": replace(operation, h=None, w=None).label(),
                "side": operation.h or 1,
                "provenance": name,
                "sigma": sigma,
            }
            for operation, name, sigma in rows
        ],
        "time": ground
        and {
            **{name: getattr(ground, name) for name in TIME_PARTS},
            "interval": ground.interval,
            "is_guess": ground.is_guess,
        },
    }
