"""What requests about runs hold."""

from typing import Any

from rest_framework import serializers

from devices.models import DeviceProfile
from searches.api.fields import VisibleRow, VisibleRows
from searches.datasets.splits import LONGEST_NAME
from searches.models import N_OBJECTIVES, DataSet, Run, Space, Supernet
from searches.services.requests import MAX_BATCH, MAX_BUDGET, MAX_DEVICES
from webnas.rest.serializers import Strict

MAX_LIMITS = 20
HIGHEST_SEED = 2**48 - 1
HIGHEST_ID = 2**31 - 1


class TrustBody(Strict):
    """How many networks are trained fully: a number, or “front” for those of the front."""

    networks = serializers.JSONField(help_text="2 to 200, or “front”.")
    epochs = serializers.IntegerField(
        required=False, min_value=1, max_value=10_000, help_text="The same for all of a run."
    )


class ObjectiveBody(Strict):
    """A measure to make small or large; `device` for latency and energy."""

    measure = serializers.CharField(max_length=LONGEST_NAME)
    device = serializers.IntegerField(required=False, min_value=1, max_value=HIGHEST_ID)


class LimitBody(ObjectiveBody):
    """A bound that a network must keep, in the unit of the measure."""

    at_most = serializers.FloatField(required=False)
    at_least = serializers.FloatField(required=False)
    statistic = serializers.ChoiceField(choices=("value", "upper"), required=False)


class RunChoices(Strict):
    """Everything that can be chosen of a run."""

    name = serializers.CharField(max_length=120)
    dataset = VisibleRow(DataSet)
    space = VisibleRow(Space)
    devices = VisibleRows(DeviceProfile, required=False, max_length=MAX_DEVICES)
    objectives = ObjectiveBody(  # type: ignore[call-arg]
        many=True, min_length=1, max_length=N_OBJECTIVES
    )
    limits = LimitBody(  # type: ignore[call-arg]
        many=True, required=False, max_length=MAX_LIMITS
    )
    target = serializers.CharField(required=False, max_length=20)
    target_settings = serializers.DictField(required=False)
    strategy = serializers.CharField(required=False, max_length=40)
    strategy_settings = serializers.DictField(required=False)
    evaluator = serializers.CharField(required=False, max_length=40)
    evaluator_settings = serializers.DictField(required=False)
    budget = serializers.IntegerField(required=False, min_value=1, max_value=MAX_BUDGET)
    batch = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_BATCH
    )
    seed = serializers.IntegerField(required=False, min_value=0, max_value=HIGHEST_SEED)
    accept_guesses = serializers.BooleanField(
        required=False,
        help_text="Limits may rest on latencies that are mostly regressed or from a data sheet, "
        "although no whole network has shown that they hold.",
    )
    supernet = VisibleRow(Supernet, required=False, allow_null=True)
    warm_start = VisibleRow(
        Run,
        required=False,
        allow_null=True,
        help_text="Id of a run in the same space, with whose trials the strategy begins.",
    )


class CreateRun(RunChoices):
    """A new run; what is left out has the default of the strategy, evaluator or target."""


class CloneRun(RunChoices):
    """What the copy has differently from the run that it is made from."""

    exact = serializers.BooleanField(
        required=False, help_text="Refuse the copy when anything differs that shaped the run."
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False


class RenameRun(Strict):
    name = serializers.CharField(max_length=120)


class ExtendRun(Strict):
    """The new number of trials in all."""

    budget = serializers.IntegerField(min_value=1, max_value=MAX_BUDGET)


class MakingSettings(Strict):
    fine_tune_epochs = serializers.IntegerField(default=0, min_value=0, max_value=1000)


class ChooseTrial(Strict):
    """How the network is made: its name, and how long it is trained on alone."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=120, default="")
    settings = MakingSettings(required=False)
