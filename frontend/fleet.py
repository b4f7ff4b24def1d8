"""Devices with what their newest version says of itself, without loading its rows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import OuterRef, Subquery

from devices.models import DeviceProfile, ProfileVersion

# Only these parts of a document are read: its rows may be megabytes.
PARTS = {
    "facts": "document__device",
    "runtime": "document__runtime",
    "provenance": "document__provenance__kind",
    "first_row": "document__entries__0",
}


@dataclass(frozen=True)
class Listed:
    """A device and its newest version, if it has one."""

    device: DeviceProfile
    number: int | None = None
    n_entries: int = 0
    provenance: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    runtime: dict[str, Any] = field(default_factory=dict)
    has_energy: bool = False

    @property
    def is_usable(self) -> bool:
        return self.number is not None or self.device.is_measuring


def listed(user: AbstractBaseUser | AnonymousUser) -> list[Listed]:
    """Own devices and those that come with webnas, this machine first; two queries."""
    newest = ProfileVersion.objects.filter(device=OuterRef("pk")).order_by("-number")
    rows = DeviceProfile.objects.visible_to(user).annotate(
        newest_id=Subquery(newest.values("pk")[:1])
    )
    devices = sorted(
        rows.defer("plan"), key=lambda row: (not row.is_host, row.owner_id is None, row.name)
    )
    versions = _versions(row.newest_id for row in devices)  # type: ignore[attr-defined]
    return [_listed(device, versions.get(device.pk)) for device in devices]


def _versions(ids: Iterable[int | None]) -> dict[int, dict[str, Any]]:
    found = ProfileVersion.objects.filter(pk__in=[pk for pk in ids if pk is not None])
    rows = found.order_by().values("device_id", "number", "n_entries", *PARTS.values())
    return {row["device_id"]: row for row in rows}


def _listed(device: DeviceProfile, version: dict[str, Any] | None) -> Listed:
    if version is None:
        return Listed(device)
    parts = {name: version[place] for name, place in PARTS.items()}
    first_row = parts.pop("first_row") or {}
    facts = parts["facts"] or {}
    return Listed(
        device,
        number=version["number"],
        n_entries=version["n_entries"],
        has_energy=bool(facts.get("power_w")) or "energy_mj" in first_row,
        **parts,
    )
