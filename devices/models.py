"""Device profiles: a family with a name and an owner, and its immutable versions."""

from typing import Any

from django.db import models

from webnas.accounts.models import Owned
from webnas.work.models import Leased, StoredName, due_index


class DeviceProfile(Owned, Leased):
    """A device under one runtime; its numbers live in versions.

    It is due while it waits to be measured, which only the host's own profile can be.
    """

    task_name = "devices.tasks.measure_host"
    is_exclusive = True

    name = models.CharField(max_length=120)
    is_host = models.BooleanField(default=False)
    # The kit to measure with, and how far the measuring is: {"done": 12, "total": 40}.
    plan = models.JSONField(default=dict, blank=True)
    progress = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        indexes = [due_index("device_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], name="one_device_per_owner_and_name"
            ),
            models.UniqueConstraint(
                fields=["is_host"], name="one_host", condition=models.Q(is_host=True)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_measuring(self) -> bool:
        return self.due_at is not None

    def latest(self) -> "ProfileVersion | None":
        return self.versions.order_by("-number").first()


class ProfileVersion(models.Model):
    """One immutable state of a profile; runs pin it by id and content hash."""

    counted_for = "device__owner"
    # Columns that may be megabytes: lists and pages of runs leave them where they are.
    LARGE = ("document", "fits", "report", "fingerprints")

    device = models.ForeignKey(DeviceProfile, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content_sha256 = models.CharField(max_length=64, db_index=True)
    document = models.JSONField()
    # Coefficients of the regressors, so that a run never refits.
    fits = models.JSONField(default=dict)
    # What the import had to say: a list of problems.
    report = models.JSONField(default=list)
    n_entries = models.PositiveIntegerField(default=0)
    # Hashes of the rows, 8 bytes each: what later uploads are compared with.
    fingerprints = models.BinaryField(default=b"")
    # The file as it came, and its size.
    original = StoredName()
    n_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["device", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["device", "number"], name="one_version_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.device.name} v{self.number}"

    @property
    def provenance(self) -> str:
        kind: str = self.document["provenance"]["kind"]
        return kind

    @property
    def runtime(self) -> dict[str, Any]:
        runtime: dict[str, Any] = self.document["runtime"]
        return runtime
