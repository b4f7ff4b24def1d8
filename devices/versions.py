"""Storing a profile as a version of a device."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from devices.models import DeviceProfile, ProfileVersion
from devices.profiles.cost import CostModel
from devices.profiles.profile import Profile


def add_version(
    device: DeviceProfile,
    profile: Profile,
    *,
    report: Sequence[Mapping[str, Any]] = (),
    original: str = "",
) -> ProfileVersion:
    """Store a profile as the device's next version, with its fitted regressors."""
    fits = CostModel.fit(profile)
    with transaction.atomic():
        rows = ProfileVersion.objects.filter(device=device)
        number = (rows.aggregate(last=Max("number"))["last"] or 0) + 1
        version: ProfileVersion = ProfileVersion.objects.create(
            device=device,
            number=number,
            content_sha256=profile.content_sha256(),
            document=profile.to_dict(),
            fits=fits,
            report=list(report),
            n_entries=len(profile.entries),
            original=original,
        )
    return version
