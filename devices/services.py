"""What people do with device profiles: upload, add a version, measure this machine, delete."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from devices import versions
from devices.models import DeviceProfile, ProfileVersion
from devices.profiles import checks, intake
from devices.profiles.kit.kit import Kit
from devices.profiles.profile import Profile
from webnas.accounts import quotas
from webnas.refusals import ConflictingRequest, QuestionedRequest, RefusedRequest
from webnas.work import files, leases

HOST_NAME = "This machine"
MAX_UPLOAD_BYTES = 16 * 2**20
SUFFIXES = {".json", ".csv", ".tsv", ".yaml", ".yml", ".txt", ".log", ".zip"}


def import_profile(
    *,
    owner: User,
    data: bytes,
    filename: str,
    answers: Mapping[str, str],
    name: str | None = None,
) -> ProfileVersion:
    """A new device with the uploaded profile as its first version.

    Raises:
        RefusedRequest: what is wrong with the file, row by row.
        QuestionedRequest: something must be known first, such as the unit.
    """
    accepted = _read(data, filename, answers)
    title = (name or accepted.profile.name).strip()
    if not 1 <= len(title) <= 120:
        raise RefusedRequest({"name": [f"{len(title)} characters; 1 to 120 are needed."]})
    taken = f"You have a device called “{title}”; add a version to it, or rename this."
    if DeviceProfile.objects.owned_by(owner).filter(name=title).exists():
        raise RefusedRequest({"name": [taken]})
    version = _version(accepted, owner)
    try:
        with transaction.atomic():
            quotas.refuse_beyond(owner, len(data))
            device = DeviceProfile.objects.create(owner=owner, name=title)
            return _store(device, version, original=data, filename=filename)
    except IntegrityError:  # the name was taken since we looked
        raise RefusedRequest({"name": [taken]}) from None


def new_version(
    *, device: DeviceProfile, data: bytes, filename: str, answers: Mapping[str, str]
) -> ProfileVersion:
    """The next version of a device; runs that pinned an older one keep it."""
    accepted = _read(data, filename, answers)
    _refuse_unchanged(device, accepted)
    version = _version(accepted, device.owner, device)
    with transaction.atomic():
        if device.owner is not None:
            quotas.refuse_beyond(device.owner, len(data))
        return _store(device, version, original=data, filename=filename)


@dataclass(frozen=True)
class Preview:
    """What would be stored, and what the import has to say about it."""

    profile: Profile
    report: list[dict[str, Any]]


def preview(
    *,
    owner: User,
    data: bytes,
    filename: str,
    answers: Mapping[str, str],
    device: DeviceProfile | None = None,
) -> Preview:
    """The import of a file without storing anything; refuses and asks as `import_profile` does."""
    accepted = _read(data, filename, answers)
    if device is not None:
        _refuse_unchanged(device, accepted)
    return Preview(accepted.profile, _report(accepted, owner, device))


def _refuse_unchanged(device: DeviceProfile, accepted: intake.Accepted) -> None:
    latest = device.latest()
    if latest and latest.content_sha256 == accepted.profile.content_sha256():
        message = f"This is version {latest.number} unchanged."
        raise RefusedRequest({"file": [message]}, message)


def _read(data: bytes, filename: str, answers: Mapping[str, str]) -> intake.Accepted:
    most = min(MAX_UPLOAD_BYTES, settings.WEBNAS_UPLOAD_BYTES)
    if len(data) > most:
        message = f"{len(data):,} bytes; a profile has at most {most:,}."
        raise RefusedRequest({"file": [message]}, message)
    verdict = intake.read(data, filename, answers=answers)
    if isinstance(verdict, intake.Question):
        raise _asked(verdict)
    if isinstance(verdict, intake.Refused):
        problems = [asdict(problem) for problem in verdict.problems]
        messages = [problem.text for problem in verdict.problems]
        raise RefusedRequest({"file": messages}, "The profile was refused.", problems=problems)
    return verdict


def _asked(question: intake.Question) -> QuestionedRequest:
    also = [_asked(further) for further in question.also]
    return QuestionedRequest(question.question, question.field, question.choices, also)


def _version(
    accepted: intake.Accepted, owner: User | None, device: DeviceProfile | None = None
) -> ProfileVersion:
    """A version with what the import had to say, on rows of the owner's other devices, too."""
    version = versions.version_of(accepted.profile)
    version.report = _report(accepted, owner, device)
    return version


def _report(
    accepted: intake.Accepted, owner: User | None, device: DeviceProfile | None
) -> list[dict[str, Any]]:
    own = checks.fingerprints(accepted.profile)
    others = versions.newest_fingerprints(owner, apart_from=device)
    return [asdict(problem) for problem in (*accepted.report, *checks.copied(own, others))]


def _store(
    device: DeviceProfile, version: ProfileVersion, *, original: bytes, filename: str
) -> ProfileVersion:
    """The version with the file as it came; the file goes when the row cannot be stored."""
    suffix = PurePath(filename.lower()).suffix
    suffix = suffix if suffix in SUFFIXES else ".dat"
    stored = files.write("profiles", suffix, original)
    version.original, version.n_bytes = stored.name, stored.n_bytes
    try:
        return versions.append(device, version)
    except BaseException:
        files.remove(stored.name)
        raise


def delete_device(*, device: DeviceProfile) -> None:
    """Remove a device with all its versions, unless a run uses it."""
    names = list(device.pinned.values_list("run__name", flat=True)[:5])
    if names:
        raise ConflictingRequest({}, f"Runs use this device: {', '.join(names)}.")
    originals = list(device.versions.values_list("original", flat=True))
    try:
        with transaction.atomic():
            device.delete()
            transaction.on_commit(lambda: files.remove_all(originals))
    except (ProtectedError, IntegrityError):  # a run took it between the two statements
        raise ConflictingRequest({}, "A run uses this device.") from None


def add_builtin() -> None:
    """The analytic devices that come with webnas; equal content makes no new version."""
    from devices.profiles.builtin import analytic

    for profile in analytic():
        device, _ = DeviceProfile.objects.get_or_create(owner=None, name=profile.name)
        latest = device.latest()
        if latest is None or latest.content_sha256 != profile.content_sha256():
            versions.add_version(device, profile)


def measure_host(*, kit: Kit) -> DeviceProfile:
    """Queue the measuring of this machine, the first time or anew."""
    if not settings.WEBNAS_ONE_MACHINE:
        message = "Only an installation on one machine has a machine of its own to measure."
        raise ConflictingRequest({}, message)
    with transaction.atomic():
        host, _ = DeviceProfile.objects.get_or_create(
            is_host=True, owner=None, defaults={"name": HOST_NAME}
        )
        if not host.is_measuring:
            changes = {
                "plan": kit.to_json(),
                "due_at": timezone.now(),
                "progress": {},
                "error": "",
            }
            DeviceProfile.objects.filter(pk=host.pk, due_at=None).update(attempts=0, **changes)
            leases.nudge_on_commit(DeviceProfile, host.pk)
    host.refresh_from_db()
    return host


def cancel_measuring(*, host: DeviceProfile) -> None:
    """Stop the measuring of this machine, or take it off the queue; earlier versions stay.

    A worker that is at it notices within seconds.
    """
    if not DeviceProfile.objects.filter(pk=host.pk).exclude(due_at=None).update(due_at=None):
        raise ConflictingRequest({}, "This device is not being measured.")
