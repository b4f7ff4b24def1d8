"""Data sets, spaces, runs, trials, supernets and the networks that people chose."""

from typing import Any

from django.db import models

from devices.models import DeviceProfile, ProfileVersion
from webnas.accounts.models import Owned
from webnas.work.models import Leased, StoredName, due_index

N_OBJECTIVES = 5


class DataSet(Owned, Leased):
    """Labelled data, split once at registration into train, search-validation and test."""

    task_name = "searches.tasks.read_folder"
    counted_for = "owner"

    class Status(models.TextChoices):
        READING = "reading"
        READY = "ready"
        FAILED = "failed"

    class Source(models.TextChoices):
        BUILTIN = "builtin", "comes with webnas"
        NPZ = "npz", "uploaded .npz"
        CSV = "csv", "uploaded CSV"
        ZIP = "zip", "uploaded zip of images"
        FOLDER = "folder", "folder on the workers"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, default="images")
    source = models.CharField(max_length=10, choices=Source)
    folder = models.CharField(max_length=500, blank=True, default="")
    status = models.CharField(max_length=10, choices=Status, default=Status.READING)
    split_seed = models.PositiveIntegerField(default=0)
    file = StoredName()
    sheet = StoredName()  # PNG that shows samples
    sha256 = models.CharField(max_length=64, blank=True, default="")
    n_bytes = models.PositiveBigIntegerField(default=0)
    statistics = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        indexes = [due_index("dataset_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], name="one_dataset_per_owner_and_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Space(Owned):
    """A search space as JSON; its family's class gives it meaning."""

    name = models.CharField(max_length=120)
    family = models.CharField(max_length=40)
    definition = models.JSONField()
    content_hash = models.CharField(max_length=64)
    size = models.CharField(max_length=60)  # exact integer: larger than any column
    summary = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="one_space_per_owner_and_name")
        ]

    def __str__(self) -> str:
        return self.name


class Supernet(Owned):
    """Trained shared weights, reusable by any later run with the same space and data."""

    counted_for = "owner"

    dataset = models.ForeignKey(DataSet, on_delete=models.PROTECT)
    space = models.ForeignKey(Space, on_delete=models.PROTECT)
    # Evaluator, its settings, target settings and seed: what made these weights.
    recipe = models.JSONField()
    # Of a one-shot strategy: its choices with their probabilities, and what they stand for.
    report = models.JSONField(default=dict, blank=True)
    checkpoint = StoredName()
    sha256 = models.CharField(max_length=64, blank=True, default="")
    n_bytes = models.PositiveBigIntegerField(default=0)  # of the checkpoint
    step = models.PositiveIntegerField(default=0)
    total_steps = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    is_trained = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"supernet {self.pk}"


class SupernetPredictor(Leased):
    """Quality from architecture, learned from networks that were judged on a trained supernet."""

    task_name = "searches.tasks.measure_pairs"
    counted_for = "supernet__owner"

    class Status(models.TextChoices):
        MEASURING = "measuring"
        READY = "ready"
        REFUSED = "refused"  # it ranks no better than the multiply-accumulates
        FAILED = "failed"
        LOST = "lost", "lost worker"

    supernet = models.OneToOneField(Supernet, on_delete=models.CASCADE, related_name="predictor")
    status = models.CharField(max_length=10, choices=Status, default=Status.MEASURING)
    seed = models.PositiveBigIntegerField(default=0)
    n_wanted = models.PositiveIntegerField()
    n_pairs = models.PositiveIntegerField(default=0)
    # The pairs, and once all are measured what was learned from them.
    file = StoredName()
    sha256 = models.CharField(max_length=64, blank=True, default="")
    n_bytes = models.PositiveBigIntegerField(default=0)
    # Of the weights on which the pairs were measured.
    weights_sha256 = models.CharField(max_length=64, blank=True, default="")
    # By quality measure: Kendall's tau of the predictor, of MACs and of parameters, with errors.
    report = models.JSONField(default=dict, blank=True)
    seconds = models.FloatField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [due_index("predictor_due")]

    def __str__(self) -> str:
        return f"predictor of supernet {self.supernet_id}"

    def queue(self) -> str:
        return "evaluate"


class Run(Owned, Leased):
    """One search. Its lease holder is the coordinator: the only one who asks and tells."""

    task_name = "searches.tasks.advance_run"

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELLED = "cancelled"
        FAILED = "failed"
        NO_SPACE = "no_space", "no space left"
        LOST = "lost", "lost worker"
        INFEASIBLE = "infeasible"

    class Stage(models.TextChoices):
        PREPARE = "prepare"
        TRAIN = "train"
        SEARCH = "search"
        VERIFY = "verify"
        DONE = "done"

    ACTIVE = (Status.QUEUED, Status.RUNNING)

    name = models.CharField(max_length=120)
    target = models.CharField(max_length=20)
    target_settings = models.JSONField(default=dict, blank=True)
    dataset = models.ForeignKey(DataSet, on_delete=models.PROTECT, related_name="runs")
    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="runs")
    strategy = models.CharField(max_length=40)
    strategy_settings = models.JSONField(default=dict, blank=True)
    evaluator = models.CharField(max_length=40)
    evaluator_settings = models.JSONField(default=dict, blank=True)
    objectives = models.JSONField()
    limits = models.JSONField(default=list, blank=True)
    seed = models.PositiveBigIntegerField(default=0)
    budget = models.PositiveIntegerField()
    batch = models.PositiveIntegerField()

    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    stage = models.CharField(max_length=8, choices=Stage, default=Stage.PREPARE)
    message = models.CharField(max_length=300, blank=True, default="")
    supernet = models.ForeignKey(
        Supernet, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True)
    # Its limits may rest on latencies that were neither measured nor checked.
    accepts_guesses = models.BooleanField(default=False)
    # The run whose trials it began with; their copy is its RunPrior.
    warm_start = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="warmed"
    )
    strategy_state = models.JSONField(null=True, blank=True)
    n_asked = models.PositiveIntegerField(default=0)
    n_told = models.PositiveIntegerField(default=0)
    n_failed = models.PositiveIntegerField(default=0)
    n_front = models.PositiveIntegerField(default=0)
    hypervolume = models.FloatField(null=True, blank=True)
    # Ideal and reference of each objective, fixed in prepare: hypervolumes of a run compare.
    scale = models.JSONField(default=dict, blank=True)
    # Versions and hashes of all that shaped the result.
    versions = models.JSONField(default=dict, blank=True)
    seconds = models.FloatField(default=0)  # of workers, over all slices
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [due_index("run_due"), models.Index(fields=["owner", "-id"], name="run_owner")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def has_ended(self) -> bool:
        return not self.is_active and self.status != self.Status.PAUSED

    def queue(self) -> str:
        return "train" if self.stage == self.Stage.TRAIN else "default"


class RunPrior(models.Model):
    """What a run began with of an earlier one: genes, and quality where it compares."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True)
    results = models.JSONField()  # [{"genes": [...], "quality": {measure: value}}]

    def __str__(self) -> str:
        return f"prior of run {self.run_id}"


class PinnedProfile(models.Model):
    """A run's device, and the version it is bound to once the device has one."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="pinned")
    device = models.ForeignKey(DeviceProfile, on_delete=models.PROTECT, related_name="pinned")
    # Null only while a host that was never measured is being measured, in prepare.
    version = models.ForeignKey(
        ProfileVersion, on_delete=models.PROTECT, related_name="pinned", null=True
    )
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "device"], name="one_pin_per_device")
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.device_id}"


class Trial(Leased):
    """One candidate of a run. Its number is the strategy's ticket."""

    task_name = "searches.tasks.evaluate_trial"
    counted_for = "run__owner"

    class Status(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"
        LOST = "lost", "lost worker"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField()
    architecture_hash = models.CharField(max_length=32)
    fidelity = models.CharField(max_length=40, default="full")
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    # In the order of the run's objectives, as displayed (not as losses).
    value_0 = models.FloatField(null=True)
    value_1 = models.FloatField(null=True)
    value_2 = models.FloatField(null=True)
    value_3 = models.FloatField(null=True)
    value_4 = models.FloatField(null=True)
    violation = models.FloatField(default=0)
    on_front = models.BooleanField(default=False)
    is_told = models.BooleanField(default=False)
    # {"genes": [...], "measures": {key: measured value}}
    data = models.JSONField()
    checkpoint = StoredName()
    n_bytes = models.PositiveBigIntegerField(default=0)  # of the checkpoint
    seconds = models.FloatField(default=0)
    # Verified: judged again on the test split, and marked when it left the front.
    is_verified = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_trial_per_number")
        ]
        indexes = [
            due_index("trial_due"),
            models.Index(
                fields=["run", "due_at"],
                name="trial_run_due",
                condition=models.Q(due_at__isnull=False),
            ),
            models.Index(
                fields=["run", "architecture_hash", "status", "fidelity"], name="trial_known"
            ),
            models.Index(
                fields=["run", "number"],
                name="trial_front",
                condition=models.Q(on_front=True),
            ),
            # The front by its first value, which no index of all trials serves as well.
            models.Index(
                fields=["run", "value_0", "number"],
                name="trial_front_value",
                condition=models.Q(on_front=True),
            ),
            models.Index(fields=["run", "value_0"], name="trial_value_0"),
            models.Index(fields=["run", "value_1"], name="trial_value_1"),
            # The sum of a person's stored bytes is read from this index alone.
            models.Index(
                fields=["run", "n_bytes"],
                name="trial_stored",
                condition=models.Q(n_bytes__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"trial {self.number} of run {self.run_id}"

    def queue(self) -> str:
        return "evaluate"

    @property
    def values(self) -> tuple[float | None, ...]:
        return tuple(getattr(self, f"value_{i}") for i in range(N_OBJECTIVES))

    @property
    def measures(self) -> dict[str, Any]:
        measures: dict[str, Any] = self.data.get("measures", {})
        return measures


class Trust(models.Model):
    """How far a run's scores can be trusted: the order of some networks after full training."""

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, primary_key=True, related_name="trust"
    )
    # Recipe of all full trainings of the run: what is compared was trained alike.
    settings = models.JSONField(default=dict, blank=True)
    # As of the first `n_ended` trainings that came to an end.
    report = models.JSONField(default=dict, blank=True)
    n_ended = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"trust in run {self.run_id}"


class FullTraining(Leased):
    """A network of a run, trained fully and apart from the search."""

    task_name = "searches.tasks.train_fully"
    counted_for = "run__owner"

    class Status(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"
        LOST = "lost", "lost worker"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="full_trainings")
    trial = models.OneToOneField(Trial, on_delete=models.CASCADE, related_name="full_training")
    # Drawn for the comparison of orders; others are there as members of the front.
    is_sampled = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    measures = models.JSONField(default=dict, blank=True)
    # None while the front was not compared at full training, or without this network.
    fell_off = models.BooleanField(null=True)
    step = models.PositiveIntegerField(default=0)
    total_steps = models.PositiveIntegerField(default=0)
    checkpoint = StoredName()
    n_bytes = models.PositiveBigIntegerField(default=0)  # of the checkpoint
    seconds = models.FloatField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["run", "pk"]
        indexes = [due_index("full_training_due")]

    def __str__(self) -> str:
        return f"full training of trial {self.trial_id}"

    def queue(self) -> str:
        return "evaluate"


class RunPoint(models.Model):
    """Progress figures of one stage at one step: losses while training, front while searching."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="points")
    stage = models.CharField(max_length=8, choices=Run.Stage)
    step = models.PositiveIntegerField()
    figures = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["run", "stage", "step"]
        constraints = [
            models.UniqueConstraint(fields=["run", "stage", "step"], name="one_point_per_step")
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.step} of run {self.run_id}"


class RunEvent(models.Model):
    """A line of a run's log."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        ERROR = "error"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    level = models.CharField(max_length=8, choices=Level, default=Level.INFO)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:80]


class ChosenModel(Owned, Leased):
    """A network that a person chose: extracted, calibrated, perhaps trained further, exported."""

    task_name = "searches.tasks.make_model"

    class Status(models.TextChoices):
        QUEUED = "queued"
        TRAINING = "training"
        EXPORTING = "exporting"
        READY = "ready"
        REFUSED = "refused"  # the exported file did not do what the network does
        FAILED = "failed"
        LOST = "lost", "lost worker"

    ENDED = (Status.READY, Status.REFUSED, Status.FAILED, Status.LOST)
    RETRIABLE = (Status.FAILED, Status.LOST)

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="chosen")
    name = models.CharField(max_length=120)
    settings = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    progress = models.JSONField(default=dict, blank=True)
    checkpoint = StoredName()
    card = models.JSONField(default=dict, blank=True)
    # Parity of every format with the trained network.
    report = models.JSONField(default=dict, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [due_index("model_due")]

    def __str__(self) -> str:
        return self.name

    def queue(self) -> str:
        return "train"


class ModelFile(models.Model):
    """One downloadable file of a chosen model."""

    counted_for = "model__owner"

    model = models.ForeignKey(ChosenModel, on_delete=models.CASCADE, related_name="files")
    format = models.CharField(max_length=12)  # onnx, pt2, safetensors, source, card, bundle
    filename = models.CharField(max_length=120)
    file = StoredName()
    sha256 = models.CharField(max_length=64)
    n_bytes = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["model", "format"]
        constraints = [
            models.UniqueConstraint(fields=["model", "format"], name="one_file_per_format")
        ]

    def __str__(self) -> str:
        return self.filename
