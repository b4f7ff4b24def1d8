"""Posting back what a network really took, from the pages of networks and models."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from devices.models import DeviceProfile
from frontend import formats
from frontend.forms.measuring import MeasuredForm
from frontend.views.asking import signed_in
from frontend.views.scoping import own_run
from searches.models import Run
from searches.services import measurements
from searches.services.measurements import Measurement, Posted
from webnas.refusals import ConflictingRequest, RefusedRequest


def measured_form(run: Run, user: Any, data: Any = None) -> MeasuredForm | None:
    """The form for the run's devices that the person may change; None when there is none."""
    if not isinstance(user, User):
        return None
    pins = run.pinned.select_related("device").order_by("position")
    devices: list[DeviceProfile] = [
        pin.device
        for pin in pins
        if pin.version_id is not None and measurements.may_post(user, pin.device)
    ]
    return MeasuredForm(devices, data) if devices else None


@login_required
@require_POST
def post(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Add the latency to the device's profile, then back to the network."""
    user = signed_in(request)
    run = own_run(request, pk)
    trial = run.trials.filter(number=number).first()
    form = measured_form(run, user, request.POST)
    if trial is None or form is None or not form.is_valid():
        texts = [] if form is None else [" ".join(map(str, t)) for t in form.errors.values()]
        messages.error(request, " ".join(texts) or "This cannot be measured.")
        return redirect("trial", pk, number)
    trial.run = run
    item = Measurement(form.cleaned_data["latency_ms"], trial)
    device = form.cleaned_data["device"]
    try:
        found = measurements.post(owner=user, device=device, items=[item])
    except (RefusedRequest, ConflictingRequest) as refusal:
        texts = [text for found in refusal.errors.values() for text in found]
        messages.error(request, " ".join(texts) or refusal.detail)
    else:
        messages.success(request, told(device, found))
    return redirect("trial", pk, number)


def told(device: DeviceProfile, found: Posted) -> str:
    """What the measurement has changed."""
    before, after = found.before_ms[0], found.after_ms[0]
    if before is None or after is None:
        change = "The profile gives no latency for this network yet."
    else:
        ends = (formats.quantity(ms, "latency") for ms in (before, after))
        change = "Instead of {} it now expects {} for this network.".format(*ends)
    number = found.version.number
    return f"“{device.name}” has version {number}, which later searches use. {change}"
