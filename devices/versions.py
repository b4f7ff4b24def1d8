"""Storing a profile as a version of a device."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from devices.models import DeviceProfile, ProfileVersion
from devices.profiles.cost import CostModel
from devices.profiles.profile import Profile


def version_of(profile: Profile, *, report: Sequence[Mapping[str, Any]] = ()) -> ProfileVersion:
    """A version that belongs to no device yet, with its fitted regressors.

    Fitting takes a while, so this is done before the transaction that stores the version.
    """
    return ProfileVersion(
        content_sha256=profile.content_sha256(),
        document=profile.to_dict(),
        fits=CostModel.fit(profile),
        report=list(report),
        n_entries=len(profile.entries),
    )


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
