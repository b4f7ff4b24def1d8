"""Storing a profile as a version of a device."""

import struct
from collections.abc import Collection, Iterator

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, OuterRef, Q, Subquery

from devices.models import DeviceProfile, ProfileVersion
from devices.profiles.checks import fingerprints
from devices.profiles.cost import CostModel
from devices.profiles.profile import Profile

# An upload is compared with the newest versions of so many devices, and no further device once
# so many rows were read: about half a second.
COMPARED_AT_MOST = 100
ROWS_COMPARED_AT_MOST = 1_000_000


def version_of(profile: Profile) -> ProfileVersion:
    """A version that belongs to no device yet, with its fitted regressors.

    Fitting takes a while, so this is done before the transaction that stores the version.
    """
    return ProfileVersion(
        content_sha256=profile.content_sha256(),
        document=profile.to_dict(),
        fits=CostModel.fit(profile),
        n_entries=len(profile.entries),
        fingerprints=packed(fingerprints(profile)),
    )


def packed(hashes: Collection[int]) -> bytes:
    """Hashes of 64 bits as a column holds them."""
    return struct.pack(f">{len(hashes)}Q", *hashes)


def unpacked(column: bytes | memoryview) -> tuple[int, ...]:
    return struct.unpack(f">{len(column) // 8}Q", column)


def newest_fingerprints(
    owner: User | None, *, apart_from: DeviceProfile | None
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name and rows of the newest version of each device that the owner may choose.

    Of very many devices, those that were changed last.
    """
    devices = DeviceProfile.objects.filter(Q(owner=owner) | Q(owner=None))
    newest = ProfileVersion.objects.filter(device=OuterRef("device")).order_by("-number")
    rows = (
        ProfileVersion.objects.filter(device__in=devices, pk=Subquery(newest.values("pk")[:1]))
        .exclude(device=apart_from)
        .exclude(fingerprints=b"")
        .order_by("-pk")
        .values_list("device__name", "fingerprints")
    )
    n_rows = 0
    for name, column in rows[:COMPARED_AT_MOST].iterator(chunk_size=10):
        if n_rows >= ROWS_COMPARED_AT_MOST:
            return
        hashes = unpacked(column)
        n_rows += len(hashes)
        yield name, hashes


def append(device: DeviceProfile, version: ProfileVersion) -> ProfileVersion:
    """Store the version as the device's next one."""
    with transaction.atomic():
        DeviceProfile.objects.select_for_update().filter(pk=device.pk).first()
        rows = ProfileVersion.objects.filter(device=device)
        version.device = device
        version.number = (rows.aggregate(last=Max("number"))["last"] or 0) + 1
        version.save()
    return version


def add_version(device: DeviceProfile, profile: Profile) -> ProfileVersion:
    return append(device, version_of(profile))
