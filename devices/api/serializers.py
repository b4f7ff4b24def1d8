"""Device profiles as REST shows and takes them."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from devices import services
from devices.models import DeviceProfile, ProfileVersion
from devices.profiles.header import ASKED
from devices.profiles.operations import Operation
from webnas.rest.serializers import Strict

# What an upload may say beside its file: the answers to the questions of the import.
ANSWERS = ("format", "dialect", "metric", "unit", *ASKED)
# Parts of a version's document that lists show; the rows stay in the database.
HEADER = ("device", "runtime", "provenance")
PREVIEWED = 20  # rows


class Problem(serializers.Serializer[Any]):
    """One finding of an import: E refuses the file, R a row, W is a warning."""

    level = serializers.ChoiceField(choices=("E", "R", "W"))
    line = serializers.IntegerField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    value = serializers.CharField(allow_null=True)
    text = serializers.CharField()


class Version(serializers.Serializer[Any]):
    """One immutable state of a profile."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    content_sha256 = serializers.CharField()
    n_entries = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class Header(Version):
    """A version with the facts that its numbers hold for, as in the uploaded document."""

    device = serializers.DictField()
    runtime = serializers.DictField()
    provenance = serializers.DictField()


class Device(serializers.ModelSerializer[DeviceProfile]):
    """A device; `version` is its newest one, null while it was never measured."""

    is_builtin = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    version = Header(allow_null=True, source="newest")

    class Meta:
        model = DeviceProfile
        fields = (
            "id",
            "name",
            "is_builtin",
            "is_host",
            "status",
            "progress",
            "created_at",
            "version",
        )

    def get_is_builtin(self, device: DeviceProfile) -> bool:
        return device.owner_id is None

    def get_status(self, device: DeviceProfile) -> str:
        """`ready`, `measuring`, `failed` or `empty`."""
        if device.is_measuring:
            return "measuring"
        if getattr(device, "newest", None) is not None:
            return "ready"
        return "failed" if device.error else "empty"


class Calibration(serializers.Serializer[Any]):
    """latency = scale · sum of rows + offset, from so many whole networks."""

    n_networks = serializers.IntegerField()
    scale = serializers.FloatField()
    offset_ms = serializers.FloatField()


class Figures(serializers.Serializer[Any]):
    """Errors as shares: 0.05 is 5 %; `spearman` is null where nothing can be ranked."""

    mape = serializers.FloatField()
    within_10 = serializers.FloatField()
    bias = serializers.FloatField()
    spearman = serializers.FloatField(allow_null=True)


class JudgedNetwork(serializers.Serializer[Any]):
    """A network that was not learnt from; `network` begins the hash of its row."""

    network = serializers.CharField()
    measured_ms = serializers.FloatField()
    predicted_ms = serializers.FloatField()
    low_ms = serializers.FloatField()
    high_ms = serializers.FloatField()


class Judgement(Figures):
    """Predictions of networks that were not learnt from, beside those of simpler ways.

    `method` is "held out" for networks that the profile marks so, "in turn" where each was
    predicted by what the others teach. `coverage` is the share inside of the 90 % interval,
    `macs` what multiply-accumulates alone predict, `uncalibrated` the plain sum of rows.
    """

    method = serializers.CharField()
    n = serializers.IntegerField()
    within_5 = serializers.FloatField()
    coverage = serializers.FloatField()
    macs = Figures(required=False)
    uncalibrated = Figures(required=False)
    points = JudgedNetwork(many=True)


class DeviceDetail(Device):
    """A device with what its import had to say, and the error of its measuring."""

    report = Problem(many=True)
    calibration = Calibration(allow_null=True)
    judgement = Judgement(allow_null=True)

    class Meta(Device.Meta):
        fields = (  # type: ignore[assignment]
            *Device.Meta.fields,
            "error",
            "report",
            "calibration",
            "judgement",
        )


class Row(serializers.Serializer[Any]):
    """The cost of one operation, for the whole batch."""

    label = serializers.CharField()  # type: ignore[assignment]
    op = serializers.DictField()
    mean_ms = serializers.FloatField()
    std_ms = serializers.FloatField(allow_null=True)
    runs = serializers.IntegerField(allow_null=True)
    energy_mj = serializers.FloatField(allow_null=True)
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]


class NetworkRow(serializers.Serializer[Any]):
    """A whole network timed end to end."""

    arch = serializers.DictField()
    mean_ms = serializers.FloatField()
    macs = serializers.FloatField(allow_null=True)
    split = serializers.CharField(allow_null=True)


class Preview(serializers.Serializer[Any]):
    """What an upload would store: its facts, its first rows, and the findings of the import."""

    name = serializers.CharField()
    content_sha256 = serializers.CharField()
    n_entries = serializers.IntegerField()
    n_networks = serializers.IntegerField()
    device = serializers.DictField()
    runtime = serializers.DictField()
    provenance = serializers.DictField()
    rows = Row(many=True)
    networks = NetworkRow(many=True)
    report = Problem(many=True)

    @staticmethod
    def of(found: services.Preview) -> dict[str, Any]:
        """The body of the answer."""
        profile, document = found.profile, found.profile.to_dict()
        entries, models = document["entries"], document.get("models", [])
        return {
            "name": profile.name,
            "content_sha256": profile.content_sha256(),
            "n_entries": len(entries),
            "n_networks": len(models),
            **{name: document[name] for name in HEADER},
            "rows": [row_of(entry) for entry in entries[:PREVIEWED]],
            "networks": [
                {name: row.get(name) for name in ("arch", "mean_ms", "macs", "split")}
                for row in models[:PREVIEWED]
            ],
            "report": found.report,
        }


def row_of(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of a document as `Row` shows it."""
    figures = ("op", "mean_ms", "std_ms", "runs", "energy_mj", "source")
    label = Operation.from_dict(entry["op"]).label()
    return {"label": label} | {name: entry.get(name) for name in figures}


class Answers(Strict):
    """Answers to the questions of the import; they win over what the file says."""

    format = serializers.CharField(required=False, max_length=100)
    dialect = serializers.CharField(required=False, max_length=100)
    metric = serializers.CharField(required=False, max_length=100)
    unit = serializers.CharField(required=False, max_length=100)
    kind = serializers.CharField(required=False, max_length=100)
    engine = serializers.CharField(required=False, max_length=100)
    dtype = serializers.CharField(required=False, max_length=100)
    batch = serializers.CharField(required=False, max_length=100)
    threads = serializers.CharField(required=False, max_length=100)
    provenance = serializers.CharField(required=False, max_length=100)


class UploadVersion(Answers):
    """A profile as a file, CSV or JSON."""

    file = serializers.FileField(allow_empty_file=True)


class UploadDevice(UploadVersion):
    name = serializers.CharField(required=False, max_length=120)


def newest_of(devices: Sequence[Any]) -> None:
    """Give each device `newest`, the header of its newest version; one query for all."""
    names = [*Version().fields, "report", "fits__calibration", "fits__judgement"]
    parts = {f"document__{name}": name for name in HEADER}
    rows = ProfileVersion.objects.filter(pk__in=[device.newest_id for device in devices])
    found = {row["device_id"]: row for row in rows.values("device_id", *names, *parts)}
    for device in devices:
        row = found.get(device.pk)
        device.newest = row and row | {name: row[path] for path, name in parts.items()}
        device.report = row["report"] if row else []
        device.calibration = row["fits__calibration"] if row else None
        device.judgement = row["fits__judgement"] if row else None
