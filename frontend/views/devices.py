"""Devices: the list, one device, downloads, measuring this machine."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from devices import services
from devices.models import DeviceProfile, ProfileVersion
from devices.profiles.operations import Operation
from devices.profiles.profile import Profile
from frontend import fleet, profile_plots
from frontend.forms.uploads import ProfileForm, VersionForm
from frontend.views.asking import carry_out, whole_number
from searches.services import demo

PER_PAGE = 50
STOP_POLLING = 286
TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


def visible_device(request: HttpRequest, pk: int) -> DeviceProfile:
    device: DeviceProfile = get_object_or_404(
        DeviceProfile.objects.visible_to(request.user), pk=pk
    )
    return device


def own_device(request: HttpRequest, pk: int) -> DeviceProfile:
    device: DeviceProfile = get_object_or_404(DeviceProfile.objects.owned_by(request.user), pk=pk)
    return device


@login_required
@require_safe
def device_list(request: HttpRequest) -> HttpResponse:
    return render(request, "frontend/devices.html", list_context(request))


def list_context(request: HttpRequest) -> dict[str, Any]:
    return {
        "section": "devices",
        "devices": fleet.listed(request.user),
        "form": ProfileForm(),
    }


@login_required
@require_safe
def device(request: HttpRequest, pk: int) -> HttpResponse:
    """One version of a device, the newest unless the address names another."""
    found = visible_device(request, pk)
    return render(request, "frontend/device.html", device_context(request, found))


def device_context(request: HttpRequest, found: DeviceProfile) -> dict[str, Any]:
    version = _version(request, found)
    versions = found.versions.defer(*ProfileVersion.LARGE).order_by("-number")
    return {
        "section": "devices",
        "device": found,
        "is_own": found.owner_id == request.user.pk,
        "version": version,
        "versions": list(versions),
        "version_form": VersionForm(),
        **(_rows(request, version) | _judged(version) if version else {}),
    }


def _version(request: HttpRequest, found: DeviceProfile) -> ProfileVersion | None:
    number = whole_number(request.GET.get("version", ""))
    if number is not None:
        return get_object_or_404(found.versions, number=number)
    return found.latest()


def _rows(request: HttpRequest, version: ProfileVersion) -> dict[str, Any]:
    """A page of the version's entries, of one type when the address asks for it."""
    entries = version.document["entries"]
    types = sorted({entry["op"]["type"] for entry in entries})
    asked = request.GET.get("type", "")
    if asked in types:
        entries = [entry for entry in entries if entry["op"]["type"] == asked]
    page = Paginator(entries, PER_PAGE).get_page(request.GET.get("page"))
    return {
        "page": page,
        "entries": list(map(_row, page.object_list)),
        "types": types,
        "type": asked,
    }


def _judged(version: ProfileVersion) -> dict[str, Any]:
    """How good the profile's predictions of whole networks are."""
    judgement, line = version.fits.get("judgement"), version.fits.get("calibration") or {}
    context = {"calibration": line, "offset": abs(line.get("offset_ms", 0.0))}
    if not judgement:
        return context
    names = {"uncalibrated": "Plain sum of operations", "macs": "Multiply-accumulates alone"}
    return context | {
        "judgement": judgement,
        "n_within": round(judgement["within_10"] * judgement["n"]),
        "agreement": profile_plots.agreement(judgement),
        "others": [(label, judgement[n]) for n, label in names.items() if n in judgement],
    }


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    spread = entry["std_ms"] / entry["mean_ms"] if entry.get("std_ms") is not None else None
    return {"label": Operation.from_dict(entry["op"]).label(), "spread": spread, **entry}


@login_required
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """A version in the native form."""
    found = visible_device(request, pk)
    version, kind = _version(request, found), request.GET.get("format", "json")
    if version is None or kind not in TYPES:
        raise Http404
    profile = Profile.from_dict(version.document)
    text = profile.to_json() if kind == "json" else profile.to_csv()
    filename = f"{slugify(found.name) or 'device'}-v{version.number}.{kind}"
    disposition = f'attachment; filename="{filename}"'
    return HttpResponse(
        text, content_type=TYPES[kind], headers={"Content-Disposition": disposition}
    )


def _host_of_staff(request: HttpRequest, pk: int) -> DeviceProfile:
    visible = DeviceProfile.objects.visible_to(request.user)
    found: DeviceProfile = get_object_or_404(visible, pk=pk, is_host=True)
    if not getattr(request.user, "is_staff", False):
        raise PermissionDenied("Only staff may measure this machine, or stop measuring it.")
    return found


@login_required
@require_POST
def measure(request: HttpRequest, pk: int) -> HttpResponse:
    """Measure this machine anew: it belongs to all, so that staff alone may."""
    found = _host_of_staff(request, pk)
    carry_out(
        request,
        lambda: services.measure_host(kit=demo.kit_to_measure()),
        "Queued. Nothing else runs on this machine meanwhile, so that the times are right.",
    )
    return redirect("device", found.pk)


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop the measuring of this machine; earlier versions stay."""
    found = _host_of_staff(request, pk)
    carry_out(request, lambda: services.cancel_measuring(host=found), "Cancelled.")
    return redirect("device", found.pk)


@login_required
@require_safe
def measuring(request: HttpRequest, pk: int) -> HttpResponse:
    """Progress of measuring; reloads the page when it is over."""
    found = visible_device(request, pk)
    response = render(request, "frontend/_measuring.html", {"device": found})
    if not found.is_measuring:
        response.status_code = STOP_POLLING
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = own_device(request, pk)
    name = found.name
    if carry_out(request, lambda: services.delete_device(device=found)):
        messages.success(request, f"“{name}” is deleted.")
        return redirect("device-list")
    return redirect("device", pk)
