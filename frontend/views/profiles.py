"""Uploading device profiles: findings row by row, and questions that keep the file waiting."""

from collections import Counter
from dataclasses import dataclass, replace
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
SAID = "said-"  # in front of the names of answers
MOST_FIELDS = 40
SHOWN = 20  # rows of a preview


@dataclass(frozen=True)
class Upload:
    """An upload of this request: new, or one that waited for an answer."""

    facts: Parked
    data: bytes
    device: DeviceProfile | None

    def preview(self, request: HttpRequest) -> services.Preview:
        """What would be stored."""
        return services.preview(
            owner=signed_in(request),
            data=self.data,
            filename=self.facts.filename,
            answers=self.facts.answers,
            device=self.device,
        )

    def bring(self, request: HttpRequest, name: str) -> ProfileVersion:
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
            name=name or None,
        )

    def parked(self) -> "Upload":
        """The same, with its file kept for the next request."""
        if self.facts.stored:
            return self
        return replace(self, facts=parking.park(self.data, self.facts))


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
        answers={"format": chosen["layout"]} if chosen.get("layout") else {},
    )
    return Upload(facts, file.read(READ_AT_MOST), device)


@login_required
@require_POST
@counts_as_upload
def answer(request: HttpRequest) -> HttpResponse:
    """Go on with a file that waited for answers; without any, ask again from the beginning."""
    waiting = _waiting(request)
    if isinstance(waiting, HttpResponse):
        return waiting
    said = {
        name.removeprefix(SAID)[:60]: request.POST.get(name, "").strip()[:200]
        for name in list(request.POST)[:MOST_FIELDS]
        if name.startswith(SAID)
    }
    facts = waiting.facts.answered(said) if said else replace(waiting.facts, answers={})
    return _take(request, replace(waiting, facts=facts), is_new=not said)


@login_required
@require_POST
@counts_as_upload
def save(request: HttpRequest) -> HttpResponse:
    """Store what the preview showed."""
    waiting = _waiting(request)
    if isinstance(waiting, HttpResponse):
        return waiting
    name = request.POST.get("name", "").strip()[:200]
    try:
        version = waiting.bring(request, name)
    except RefusedRequest as refusal:
        return _take(request, waiting, refusal=refusal, name=name)
    waiting.facts.remove()
    messages.success(request, f"Version {version.number}: {version.n_entries:,} rows were taken.")
    return redirect("device", version.device_id)


def _waiting(request: HttpRequest) -> Upload | HttpResponse:
    """The upload that the ticket stands for, or the way back when it is gone."""
    found = parking.parked(request.POST.get("ticket", ""), request.user.pk)
    if found is None:
        messages.error(request, "This upload waited too long. Please send the file again.")
        return redirect("device-list")
    device = devices.own_device(request, found.device) if found.device else None
    try:
        return Upload(found, found.read(), device)
    except FileNotFoundError:
        messages.error(
            request, "This upload is gone: a later one took its place. Please send the file again."
        )
        return redirect("device-list")


def _take(
    request: HttpRequest,
    upload: Upload,
    *,
    is_new: bool = False,
    refusal: RefusedRequest | None = None,
    name: str | None = None,
) -> HttpResponse:
    """What would be stored, the next questions, or what is wrong row by row."""
    try:
        found = upload.preview(request)
    except QuestionedRequest as question:
        return _ask(request, upload.parked(), question, is_new=is_new)
    except RefusedRequest as error:
        upload.facts.remove()
        return _refuse(request, upload, error)
    upload = upload.parked()
    given = upload.facts.name if name is None else name
    context = {
        "section": "devices",
        "preview": found,
        "types": Counter(entry.op.type for entry in found.profile.entries).most_common(),
        "entries": found.profile.entries[:SHOWN],
        "networks": found.profile.models[:SHOWN],
        "ticket": upload.facts.ticket(),
        "filename": upload.facts.filename,
        "answers": upload.facts.answers,
        "device": upload.device,
        "name": given or found.profile.name,
        "refusal": refusal,
    }
    status = refusal.status if refusal else 200
    return render(request, "frontend/profile_preview.html", context, status=status)


def _refuse(request: HttpRequest, upload: Upload, refusal: RefusedRequest) -> HttpResponse:
    context = {
        "section": "devices",
        "refusal": refusal,
        "filename": upload.facts.filename,
        "device": upload.device,
        "form": VersionForm() if upload.device else ProfileForm(),
    }
    return render(request, "frontend/profile_refused.html", context, status=refusal.status)


def _ask(
    request: HttpRequest, upload: Upload, question: QuestionedRequest, *, is_new: bool
) -> HttpResponse:
    facts = upload.facts
    context = {
        "section": "devices",
        "questions": [question, *question.also],
        "ticket": facts.ticket(),
        "filename": facts.filename,
        "was_answered": question.field in facts.answers and not is_new,
    }
    return render(request, "frontend/profile_question.html", context, status=422)
