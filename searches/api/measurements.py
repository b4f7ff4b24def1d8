"""REST: the latency that deployed networks really had."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.serializers import Calibration, Judgement, Version
from devices.models import DeviceProfile
from searches.api.fields import VisibleRow
from searches.models import ChosenModel, Run, Trial
from searches.services import measurements as services
from searches.services.measurements import MOST_AT_ONCE, Measurement
from webnas.refusals import RefusedRequest
from webnas.rest.serializers import Strict
from webnas.rest.views import Api, person

HIGHEST_NUMBER = 2**31 - 1


class MeasurementBody(Strict):
    """A network and its latency: `model`, or `run` and `trial`, or `arch` says which network."""

    latency_ms = serializers.FloatField(help_text="For the batch of the profile.")
    model = VisibleRow(ChosenModel, required=False)
    run = VisibleRow(Run, required=False)
    trial = serializers.IntegerField(required=False, min_value=0, max_value=HIGHEST_NUMBER)
    arch = serializers.DictField(
        required=False,
        help_text='As in a profile: {"operations": […]}, or choices beside the name of a space.',
    )
    std_ms = serializers.FloatField(required=False)
    runs = serializers.IntegerField(required=False, max_value=HIGHEST_NUMBER)
    split = serializers.ChoiceField(choices=("calibrate", "holdout"), required=False)


class PostMeasurements(Strict):
    measurements = MeasurementBody(  # type: ignore[call-arg]
        many=True, min_length=1, max_length=MOST_AT_ONCE
    )


class MeasuredNetwork(serializers.Serializer[Any]):
    """What was predicted for a network before and after, null where nothing was."""

    latency_ms = serializers.FloatField()
    before_ms = serializers.FloatField(allow_null=True)
    after_ms = serializers.FloatField(allow_null=True)


class PostedMeasurements(serializers.Serializer[Any]):
    """The new version of the profile, what it learnt, and its predictions."""

    version = Version()
    calibration = Calibration(allow_null=True)
    judgement = Judgement(allow_null=True)
    networks = MeasuredNetwork(many=True)


class Measurements(Api):
    """What networks took on a device."""

    upload_actions = ("create",)

    @extend_schema(
        operation_id="devices_measurements_create",
        request=PostMeasurements,
        responses={201: PostedMeasurements},
    )
    def create(self, request: Request, pk: int) -> Response:
        """Add measured networks: they calibrate the next version of the device's profile."""
        owner = person(request)
        device = get_object_or_404(DeviceProfile.objects.visible_to(owner), pk=pk)
        if not services.may_post(owner, device):
            raise PermissionDenied("This comes with webnas: download it, and upload it as yours.")
        body = PostMeasurements(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        items = [
            _measurement(place, values)
            for place, values in enumerate(body.validated_data["measurements"])
        ]
        found = services.post(owner=owner, device=device, items=items)
        columns = (items, found.before_ms, found.after_ms)
        answer = {
            "version": found.version,
            "calibration": found.version.fits.get("calibration"),
            "judgement": found.version.fits.get("judgement"),
            "networks": [
                {"latency_ms": item.latency_ms, "before_ms": before, "after_ms": after}
                for item, before, after in zip(*columns, strict=True)
            ],
        }
        return Response(PostedMeasurements(answer).data, status=status.HTTP_201_CREATED)


def _measurement(place: int, values: dict[str, Any]) -> Measurement:
    model, run, number = (values.pop(name, None) for name in ("model", "run", "trial"))
    where = f"measurements.{place}"
    if sum(given is not None for given in (model, run, values.get("arch"))) != 1:
        message = "One of model, run with trial, or arch is needed."
        raise RefusedRequest({where: [message]})
    if (run is None) != (number is None):
        message = "A run and the number of its trial belong together."
        raise RefusedRequest({f"{where}.trial": [message]})
    trial: Trial | None = model.trial if model is not None else None
    if run is not None:
        trial = run.trials.filter(number=number).first()
        if trial is None:
            raise RefusedRequest({f"{where}.trial": [f"Run {run.pk} has no trial {number}."]})
    return Measurement(trial=trial, **values)
