"""What a kit is asked to time; free of ONNX, so that it can wait in a row to be measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from devices.profiles.operations import Operation

CALIBRATE, HOLDOUT = "calibrate", "holdout"


@dataclass(frozen=True)
class Network:
    """A network to be timed end to end; `arch` is how its space writes it down."""

    arch: dict[str, Any]
    operations: tuple[Operation, ...]
    split: str = CALIBRATE

    def macs(self) -> int:
        return sum(op.macs() for op in self.operations)

    def to_json(self) -> dict[str, Any]:
        operations = [op.to_dict() for op in self.operations]
        return {"arch": self.arch, "operations": operations, "split": self.split}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        operations = tuple(map(Operation.from_dict, data["operations"]))
        return cls(data["arch"], operations, data["split"])


@dataclass(frozen=True)
class Kit:
    """What shall be timed.

    Attributes:
        operations: blocks; those without ONNX form are left out.
        networks: whole networks of the space, which show what a sum of blocks is worth.
        space: name of the search space that both come from.
        batch: samples in one call, which belongs to a profile's identity.
    """

    operations: tuple[Operation, ...]
    networks: tuple[Network, ...] = ()
    space: str | None = None
    batch: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "operations": [op.to_dict() for op in self.operations],
            "networks": [network.to_json() for network in self.networks],
            "space": self.space,
            "batch": self.batch,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            tuple(map(Operation.from_dict, data["operations"])),
            tuple(map(Network.from_json, data["networks"])),
            data["space"],
            data["batch"],
        )
