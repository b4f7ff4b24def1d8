"""A kit for a space: which blocks and networks of it a device shall time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, Any

from devices.profiles.kit.kit import CALIBRATE, HOLDOUT, Kit, Network
from devices.profiles.kit.plan import plan
from searches.models import DataSet, Space
from searches.runner import engine
from searches.spaces import registry
from searches.spaces.base import Genes, SearchSpace
from searches.spaces.restriction import Restricted, factors_of
from webnas.refusals import RefusedRequest

if TYPE_CHECKING:
    from devices.profiles.kit.forecast import Forecast

RESOLUTION = "resolution"
THINNED_BLOCKS = 150
N_NETWORKS, MOST_NETWORKS = 20, 100
MOST_BATCH = 1024
MOST_BLOCKS = 700  # making so many takes a few seconds
MOST_WEIGHTS = 512 * 2**20  # of one layer
MOST_MACS = 10**12  # of one call of one model, all its samples together
DRAWS_PER_NETWORK = 50


@dataclass(frozen=True)
class Choice:
    """How much of a space a kit shall hold.

    Attributes:
        thinned: 150 blocks that say most about the others, instead of all.
        resolutions: sides of the input; none: all of the space.
        batch: samples in one call.
        n_networks: whole networks, every other one held out to check the profile with.
    """

    thinned: bool = True
    resolutions: tuple[int, ...] = ()
    batch: int = 1
    n_networks: int = N_NETWORKS


def kit_for(*, space: Space, choice: Choice, dataset: DataSet | None = None) -> Kit:
    """The kit of a space; with the channels and classes of a data set when one is given.

    Raises:
        RefusedRequest: there is nothing to time, or too much.
    """
    whole = registry.load(space.definition)
    if dataset is not None:
        whole = engine.space_for(space, dataset)
    kit = _kit(whole, space.name, choice)
    if not kit.operations:
        message = f"“{space.name}” has no layers that a kit could time."
        raise RefusedRequest({"space": [message]})
    _refuse_too_large(kit)
    return kit


def expected(kit: Kit) -> Forecast:
    """What the kit will be: models, bytes, minutes."""
    from devices.profiles.kit.forecast import forecast  # ONNX, which only kits need

    return forecast(kit)


def archive_of(kit: Kit) -> tuple[str, bytes]:
    """File name and content of the zip; takes up to a few seconds."""
    from devices.profiles.kit import archive

    file = BytesIO()
    return archive.write(kit, file).filename, file.getvalue()


def resolutions_of(space: Space) -> list[int]:
    """The sides of the input that a kit can be limited to; empty when it cannot."""
    whole = registry.load(space.definition)
    return list(_resolution_gene(whole)) if factors_of(whole) else []


def _resolution_gene(space: SearchSpace) -> tuple[Any, ...]:
    return next((gene.options for gene in space.genes if gene.name == RESOLUTION), ())


@lru_cache(maxsize=8)
def _kit(whole: SearchSpace, name: str, choice: Choice) -> Kit:
    chosen = _limited(whole, choice.resolutions)
    table = chosen.operation_table()
    blocks = plan(table, limit=THINNED_BLOCKS) if choice.thinned else list(table)
    networks = networks_of(chosen, choice.n_networks)
    return Kit(tuple(blocks), tuple(networks), name, choice.batch)


def _limited(whole: SearchSpace, resolutions: Sequence[int]) -> SearchSpace:
    if not resolutions:
        return whole
    known = _resolution_gene(whole)
    unknown = [str(side) for side in resolutions if side not in known]
    if unknown or not factors_of(whole):
        there = f"it has {', '.join(map(str, known))}" if known else "it has none to choose from"
        message = f"{', '.join(unknown) or 'A choice'} is no resolution of this space: {there}."
        raise RefusedRequest({"resolution": [message]})
    found = Restricted(whole, {RESOLUTION: sorted(set(resolutions))})
    return found if found.only else whole


def networks_of(space: SearchSpace, n: int) -> list[Network]:
    """Distinct random networks, the same at every call; every other one is held out.

    None of spaces whose networks branch: the kit writes chains alone.
    """
    if not space.is_chain:
        return []
    rng, found = Random(space.content_hash()), dict[Genes, None]()
    for _ in range(DRAWS_PER_NETWORK * n):
        found.setdefault(space.sample(rng))
        if len(found) == n:
            break
    return [_network(space, genes, (CALIBRATE, HOLDOUT)[i % 2]) for i, genes in enumerate(found)]


def _network(space: SearchSpace, genes: Genes, split: str) -> Network:
    """A network that its row describes twice: as the space does, and by its operations."""
    operations, whole = space.operations(genes), space
    if isinstance(space, Restricted):
        whole, genes = space.base, space.widened(genes)
    named = {"space": whole.content_hash(), "genes": list(genes)}
    spelled_out = {"operations": [op.to_dict() for op in operations]}
    return Network(named | spelled_out, operations, split)


def _refuse_too_large(kit: Kit) -> None:
    if len(kit.operations) > MOST_BLOCKS:
        message = f"{len(kit.operations):,} blocks; a kit has at most {MOST_BLOCKS}. "
        raise RefusedRequest({"thinned": [message + "Thin it, or take fewer resolutions."]})
    networks = [network.macs() for network in kit.networks]
    largest = kit.batch * max([*networks, *(op.macs() for op in kit.operations)])
    if largest > MOST_MACS:
        message = f"{largest:.1e} multiply-accumulates in one call; at most {MOST_MACS:.0e}."
        raise RefusedRequest({"batch": [message]})
    weights = max(4 * op.weight_elements() for op in kit.operations)
    if weights > MOST_WEIGHTS:
        message = f"One layer has {weights / 2**20:.0f} MiB of weights: too many."
        raise RefusedRequest({"space": [message]})
