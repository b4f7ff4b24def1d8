"""Uploading device profiles: findings row by row, and questions that keep the file waiting."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from devices import services
from devices.models import DeviceProfile, ProfileVersion
from frontend import parking
from frontend.forms.uploads import ProfileForm, VersionForm
from frontend.parking import Parked
from frontend.views import devices
from frontend.views.asking import signed_in
from frontend.views.throttling import counts_as_upload
from webnas.refusals import QuestionedRequest, RefusedRequest

# Longer files are refused unread; the service says how long a profile may be.
READ_AT_MOST = services.MAX_UPLOAD_BYTES + 1


@dataclass(frozen=True)
class Upload:
    """An upload of this request: new, or one that waited for an answer."""

    facts: Parked
    data: bytes
    device: DeviceProfile | None

    def bring(self, request: HttpRequest) -> ProfileVersion:
        """Hand the file to the service."""
        facts = self.facts
        if self.device is not None:
            return services.new_version(
                device=self.device,
                data=self.data,
                filename=facts.filename,
                answers=facts.answers,
            )
        return services.import_profile(
            owner=signed_in(request),
            data=self.data,
            filename=facts.filename,
            answers=facts.answers,
            name=facts.name or None,
        )


@login_required
@require_POST
@counts_as_upload
def upload(request: HttpRequest) -> HttpResponse:
    """A new device."""
    form = ProfileForm(request.POST, request.FILES)
    if not form.is_valid():
        context = devices.list_context(request) | {"form": form}
        return render(request, "frontend/devices.html", context, status=400)
    return _take(request, _new(request, form.cleaned_data, None))


@login_required
@require_POST
@counts_as_upload
def add_version(request: HttpRequest, pk: int) -> HttpResponse:
    """New numbers for one's own device."""
    device = devices.own_device(request, pk)
    form = VersionForm(request.POST, request.FILES)
    if not form.is_valid():
        context = devices.device_context(request, device) | {"version_form": form}
        return render(request, "frontend/device.html", context, status=400)
    return _take(request, _new(request, form.cleaned_data, device))


def _new(request: HttpRequest, chosen: dict[str, Any], device: DeviceProfile | None) -> Upload:
    file = chosen["file"]
    facts = Parked(
        stored="",
        filename=file.name,
        owner=signed_in(request).pk,
        device=device.pk if device else None,
        name=chosen.get("name", ""),
    )
    return Upload(facts, file.read(READ_AT_MOST), device)


@login_required
@require_POST
@counts_as_upload
def answer(request: HttpRequest) -> HttpResponse:
    """Go on with a file that waited for an answer."""
    waiting = parking.parked(request.POST.get("ticket", ""), request.user.pk)
    name, value = request.POST.get("field", "")[:60], request.POST.get("answer", "").strip()[:200]
    if waiting is None or not name:
        messages.error(request, "This upload waited too long. Please send the file again.")
        return redirect("device-list")
    device = devices.own_device(request, waiting.device) if waiting.device else None
    try:
        data = waiting.read()
    except FileNotFoundError:
        messages.error(
            request, "This upload is gone: a later one took its place. Please send the file again."
        )
        return redirect("device-list")
    return _take(request, Upload(waiting.answered(name, value), data, device))


def _take(request: HttpRequest, upload: Upload) -> HttpResponse:
    """The device's page, the next question, or what is wrong row by row."""
    try:
        version = upload.bring(request)
    except QuestionedRequest as question:
        return _ask(request, upload, question)
    except RefusedRequest as refusal:
        upload.facts.remove()
        context = {
            "section": "devices",
            "refusal": refusal,
            "filename": upload.facts.filename,
            "device": upload.device,
            "form": VersionForm() if upload.device else ProfileForm(),
        }
        return render(request, "frontend/profile_refused.html", context, status=refusal.status)
    upload.facts.remove()
    messages.success(request, f"Version {version.number}: {version.n_entries:,} rows were taken.")
    return redirect("device", version.device_id)


def _ask(request: HttpRequest, upload: Upload, question: QuestionedRequest) -> HttpResponse:
    facts = upload.facts if upload.facts.stored else parking.park(upload.data, upload.facts)
    context = {
        "section": "devices",
        "question": question,
        "ticket": facts.ticket(),
        "filename": facts.filename,
        "was_answered": question.field in facts.answers,
    }
    return render(request, "frontend/profile_question.html", context, status=422)
