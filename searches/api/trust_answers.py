"""What answers about the trust in a run's scores hold."""

from typing import Any

from rest_framework import serializers

from searches.api.run_answers import Measured


class OrderAgreement(serializers.Serializer[Any]):
    """Orders compared: 1 the same, -1 the opposite, 0 by chance; 90 % intervals."""

    n = serializers.IntegerField()
    tau = serializers.FloatField(help_text="Kendall's tau-b.")
    tau_error = serializers.FloatField(help_text="Its standard error.")
    tau_low = serializers.FloatField()
    tau_high = serializers.FloatField()
    rho = serializers.FloatField(help_text="Spearman's.")
    rho_error = serializers.FloatField()
    rho_low = serializers.FloatField()
    rho_high = serializers.FloatField()


class ScoreAgreement(OrderAgreement):
    """How one score orders the sample beside full training, and the better half of it."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    is_baseline = serializers.BooleanField()
    half = OrderAgreement(allow_null=True)


class BaselineComparison(serializers.Serializer[Any]):
    """Tau of the run's first score less that of a baseline, on the same samples."""

    baseline = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    difference = serializers.FloatField()
    difference_error = serializers.FloatField()
    difference_low = serializers.FloatField()
    difference_high = serializers.FloatField()


class Said(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=("info", "warning"))
    text = serializers.CharField()


class OrderReport(serializers.Serializer[Any]):
    """What the order of the run's scores is worth; empty before two networks are trained."""

    n = serializers.IntegerField(required=False)
    chance = serializers.FloatField(required=False, help_text="Standard error of tau by chance.")
    signal = serializers.FloatField(
        required=False,
        help_text="Share of the variance of trained networks that is no error of judging.",
    )
    least = serializers.FloatField(required=False)
    most = serializers.FloatField(required=False)
    regret = serializers.FloatField(
        required=False, help_text="How far the best by the score lies behind the best."
    )
    scores = ScoreAgreement(many=True, required=False)
    comparisons = BaselineComparison(many=True, required=False)
    says = Said(many=True, required=False)


class FrontReport(serializers.Serializer[Any]):
    """The front after full training: members that were trained, and those clearly beaten."""

    n = serializers.IntegerField(required=False)
    fell_off = serializers.ListField(child=serializers.IntegerField(), required=False)


class TrainedNetwork(serializers.Serializer[Any]):
    """A network of the sample or the front, with its measures before and after."""

    number = serializers.IntegerField(source="trial.number")
    on_front = serializers.BooleanField(source="trial.on_front")
    is_sampled = serializers.BooleanField()
    status = serializers.CharField()
    step = serializers.IntegerField()
    total_steps = serializers.IntegerField()
    seconds = serializers.FloatField()
    score = serializers.DictField(child=Measured(), source="trial.measures")
    measures = serializers.DictField(child=Measured())
    fell_off = serializers.BooleanField(allow_null=True)
    error = serializers.CharField()


class TrustCounts(serializers.Serializer[Any]):
    asked = serializers.IntegerField()
    sampled = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    due = serializers.IntegerField()


class TrustAnswer(serializers.Serializer[Any]):
    """How far a run's scores can be trusted."""

    status = serializers.ChoiceField(choices=("none", "training", "stopped", "done"))
    epochs = serializers.IntegerField()
    counts = TrustCounts()
    order = OrderReport()
    front = FrontReport()
    networks = TrainedNetwork(many=True)
