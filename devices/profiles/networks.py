"""The whole networks of a profile: what each of them consists of, and how long it took.

`arch` of a model row says which network was timed, in one of four ways:

- "operations": a list of operations as in the rows of a profile, in network order;
- "network": the name of a published one;
- the encoding of a search space, which a reader understands that another part of webnas
  registers here (this one knows no spaces);
- numbers alone, such as the ten features of HAT's tables: no operations follow from them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devices.profiles import known_networks
from devices.profiles.operations import Operation
from devices.profiles.problems import ProblemError
from devices.profiles.profile import ModelRow, Profile

HOLDOUT = "holdout"
MOST_OPERATIONS = 2000  # of one network
MOST_NETWORKS = 1000  # that are learnt from, and so many that are held out

Reader = Callable[[Mapping[str, Any], str | None], Sequence[Operation] | None]
_readers: list[Reader] = []


@dataclass(frozen=True, slots=True)
class Network:
    """A network that was timed end to end; `operations` is empty where nothing tells them."""

    operations: tuple[Operation, ...]
    row: ModelRow
    is_held_out: bool
    key: str

    @property
    def measured_ms(self) -> float:
        return self.row.mean_ms

    def macs(self) -> int:
        return sum(op.macs() for op in self.operations)


def register(reader: Reader) -> None:
    """Add a reader of encodings: (arch, name of the profile's space) -> operations or None."""
    if reader not in _readers:
        _readers.append(reader)


def of_profile(profile: Profile) -> list[Network]:
    """The timed networks in the order of their rows, at most 1000 of each part.

    A network that occurs twice stays in one part: held out if any of its rows is.
    """
    held_out = {row.key() for row in profile.models if row.split == HOLDOUT}
    found, counts = [], {False: 0, True: 0}
    for row in profile.models:
        key = row.key()
        is_held_out = key in held_out
        if counts[is_held_out] < MOST_NETWORKS:
            counts[is_held_out] += 1
            operations = operations_of(row.arch, profile.space) or ()
            found.append(Network(operations, row, is_held_out, key))
    return found


def operations_of(
    arch: Mapping[str, Any], space: str | None = None
) -> tuple[Operation, ...] | None:
    """The operations of a network in order, None where its description does not tell them.

    Args:
        arch: as in a model row.
        space: what the profile says about its space.
    """
    if "operations" in arch:
        return _spelled_out(arch["operations"])
    if set(arch) == {"network"}:
        name = known_networks.known(str(arch["network"]))
        return known_networks.operations(name) if name else None
    for reader in _readers:
        found = reader(arch, space)
        if found:
            return tuple(found)
    return None


def _spelled_out(items: object) -> tuple[Operation, ...] | None:
    if not isinstance(items, list) or not 0 < len(items) <= MOST_OPERATIONS:
        return None
    try:
        return tuple(Operation.from_dict(item) for item in items if isinstance(item, Mapping))
    except ProblemError:
        return None
