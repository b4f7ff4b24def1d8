"""What answers about runs hold."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import Aggregate, Max, Min
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from searches.models import N_OBJECTIVES, PinnedProfile, Run, Trial
from searches.objectives.measures import key
from searches.services import reading, waiting
from searches.services.progress import progress_of


class Named(serializers.Serializer[Any]):
    """Another row, by its id and name."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class Pinned(serializers.ModelSerializer[PinnedProfile]):
    """A device of a run, and the state of its profile that the run is bound to."""

    id = serializers.IntegerField(source="device_id")
    name = serializers.CharField(source="device.name")
    version = serializers.IntegerField(source="version.number", allow_null=True, default=None)
    content_sha256 = serializers.CharField(
        source="version.content_sha256", allow_null=True, default=None
    )

    class Meta:
        model = PinnedProfile
        fields = ("id", "name", "version", "content_sha256")


class RunRow(serializers.ModelSerializer[Run]):
    """A run in a list; `best` holds the best value of each objective on its front."""

    dataset = Named()
    space = Named()
    message = serializers.SerializerMethodField()
    best = serializers.DictField(child=serializers.FloatField())

    class Meta:
        model = Run
        fields = (
            "id",
            "name",
            "status",
            "stage",
            "message",
            "target",
            "dataset",
            "space",
            "strategy",
            "evaluator",
            "budget",
            "n_asked",
            "n_told",
            "n_failed",
            "n_front",
            "hypervolume",
            "best",
            "seconds",
            "created_at",
            "started_at",
            "ended_at",
        )

    def get_message(self, run: Run) -> str:
        return waiting.message_of(run)


class Objective(serializers.Serializer[Any]):
    """An objective; `key` is the name of its values."""

    key = serializers.CharField()
    measure = serializers.CharField()
    device = serializers.IntegerField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField(allow_blank=True)
    direction = serializers.ChoiceField(choices=("min", "max"))


class RunProgress(serializers.Serializer[Any]):
    """How far the stage of a run is; `total` is null while nobody can say."""

    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    text = serializers.CharField()


class RunDetail(RunRow):
    """A run with all that shaped it."""

    progress = serializers.SerializerMethodField()
    objectives = serializers.SerializerMethodField()
    limits = serializers.ListField(child=serializers.DictField())
    devices = Pinned(many=True, source="pinned.all")

    class Meta(RunRow.Meta):
        fields = (  # type: ignore[assignment]
            *RunRow.Meta.fields,
            "progress",
            "objectives",
            "limits",
            "devices",
            "target_settings",
            "strategy_settings",
            "evaluator_settings",
            "seed",
            "batch",
            "supernet",
            "parent",
            "warm_start",
            "scale",
            "versions",
            "error",
        )

    @extend_schema_field(RunProgress)
    def get_progress(self, run: Run) -> dict[str, Any]:
        return asdict(progress_of(run))

    def get_objectives(self, run: Run) -> list[dict[str, Any]]:
        return reading.objective_labels(run)


def shown(pk: int) -> dict[str, Any]:
    """A run as it is answered."""
    pins = ("pinned__device", "pinned__version")
    row = Run.objects.select_related("dataset", "space").prefetch_related(*pins).get(pk=pk)
    with_best([row])
    return dict(RunDetail(row).data)


def with_best(runs: Sequence[Any]) -> None:
    """Give each run `best`: one query for all of them."""
    ends: dict[str, Aggregate] = {f"min_{i}": Min(f"value_{i}") for i in range(N_OBJECTIVES)}
    ends |= {f"max_{i}": Max(f"value_{i}") for i in range(N_OBJECTIVES)}
    fronts = Trial.objects.filter(run__in=[run.pk for run in runs], on_front=True).order_by()
    found = {row["run"]: row for row in fronts.values("run").annotate(**ends)}
    for run in runs:
        row: Any = found.get(run.pk, {})
        values = {
            name: row.get(f"{objective['direction']}_{position}")
            for position, (name, objective) in enumerate(
                zip(keys(run), run.objectives, strict=True)
            )
        }
        run.best = {name: value for name, value in values.items() if value is not None}


def keys(run: Run) -> list[str]:
    """The names of a run's values, in their order."""
    return [key(item["measure"], item.get("device")) for item in run.objectives]


class TrialRow(serializers.ModelSerializer[Trial]):
    """A trial in a list; `values` as displayed, by the keys of the objectives."""

    values = serializers.SerializerMethodField()

    class Meta:
        model = Trial
        fields = (
            "number",
            "status",
            "fidelity",
            "on_front",
            "is_verified",
            "violation",
            "values",
            "architecture_hash",
            "seconds",
            "ended_at",
        )

    def get_values(self, trial: Trial) -> dict[str, float | None]:
        names: Iterable[str] = self.context["keys"]
        return dict(zip(names, trial.values, strict=False))


class Measured(serializers.Serializer[Any]):
    """A value, where it comes from, and on which data."""

    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(allow_blank=True)
    provenance = serializers.CharField()
    split = serializers.CharField(required=False)
    spread = serializers.ListField(child=serializers.FloatField(), required=False)
    source = serializers.CharField(required=False)  # type: ignore[assignment]
    n = serializers.IntegerField(required=False)


class FullyTrained(serializers.Serializer[Any]):
    """What full training apart from the search made of a network."""

    measures = serializers.DictField(child=Measured())
    fell_off = serializers.BooleanField(
        allow_null=True,
        help_text="Whether another member of the front clearly beats it then; null: not compared.",
    )


class FrontMember(TrialRow):
    """A member of the front, with all measures and where each comes from."""

    measures = serializers.DictField(child=Measured())
    fell_off = serializers.SerializerMethodField()
    full_training = serializers.SerializerMethodField()

    class Meta(TrialRow.Meta):
        fields = (  # type: ignore[assignment]
            *TrialRow.Meta.fields,
            "measures",
            "fell_off",
            "full_training",
        )

    @extend_schema_field(FullyTrained(allow_null=True))
    def get_full_training(self, trial: Trial) -> dict[str, Any] | None:
        found = self.context["trained"].get(trial.number)
        return None if found is None else dict(FullyTrained(found).data)

    def get_fell_off(self, trial: Trial) -> bool:
        return bool(trial.data.get("fell_off", False))


class TrialDetail(TrialRow):
    """A trial with its architecture, block by block, and all of its measures."""

    genes = serializers.ListField(child=serializers.IntegerField())
    architecture = serializers.DictField()
    measures = serializers.DictField(child=Measured())
    network = serializers.DictField()
    same_as = serializers.IntegerField(allow_null=True)
    lineage = serializers.ListField(
        child=serializers.DictField(),
        help_text="Where weights are inherited: the founder first, this trial last, each with its "
        "parent, the share and the operators of what it inherited, and what it cost, alone and "
        "with its ancestors.",
    )
    models = serializers.ListField(child=serializers.IntegerField())

    class Meta(TrialRow.Meta):
        fields = (  # type: ignore[assignment]
            *TrialRow.Meta.fields,
            "genes",
            "architecture",
            "measures",
            "network",
            "same_as",
            "lineage",
            "models",
            "error",
        )


class Trials(serializers.Serializer[Any]):
    """A page of trials; `next` is the address of the next one."""

    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    results = TrialRow(many=True)


class Front(serializers.Serializer[Any]):
    objectives = Objective(many=True)
    results = FrontMember(many=True)


class Points(serializers.Serializer[Any]):
    """Columns for a plot: the whole front, and an even sample of the other trials."""

    objectives = Objective(many=True)
    number = serializers.ListField(child=serializers.IntegerField())
    values = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(allow_null=True))
    )
    state = serializers.ListField(child=serializers.CharField())
    shown = serializers.IntegerField()
    total = serializers.IntegerField()
    failed = serializers.IntegerField()
    version = serializers.IntegerField()


class History(serializers.Serializer[Any]):
    """Figures by step: losses while training, hypervolume and front while searching."""

    train = serializers.ListField(child=serializers.DictField())
    search = serializers.ListField(child=serializers.DictField())


class Event(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    level = serializers.CharField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class Events(serializers.Serializer[Any]):
    """Lines of the log; `since` is what to ask for next."""

    since = serializers.IntegerField()
    results = Event(many=True)
