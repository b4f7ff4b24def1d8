"""Search spaces: the list, and one space with its bounds on a device."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from devices.models import DeviceProfile
from frontend import fleet, formats
from frontend.views.asking import carry_out
from searches.models import Space
from searches.services import spaces as services
from searches.services.adjusting import can_adjust


def visible_space(request: HttpRequest, pk: int) -> Space:
    space: Space = get_object_or_404(Space.objects.visible_to(request.user), pk=pk)
    return space


@login_required
@require_safe
def space_list(request: HttpRequest) -> HttpResponse:
    rows = Space.objects.visible_to(request.user).own_last("pk")
    return render(request, "frontend/spaces.html", {"section": "spaces", "spaces": list(rows)})


@login_required
@require_safe
def space(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_space(request, pk)
    return render(request, "frontend/space.html", _context(request, found))


def _context(request: HttpRequest, found: Space) -> dict[str, Any]:
    devices = [row for row in fleet.listed(request.user) if row.number is not None]
    device = _device(request, devices)
    version = device.latest() if device else None
    analysis = services.analysis(space=found, version=version)
    return {
        "section": "spaces",
        "space": found,
        "is_own": found.owner_id == request.user.pk,
        "is_scalable": can_adjust(found),
        "analysis": analysis,
        "devices": devices,
        "device": device,
        "bounds": [
            {
                "label": bound["label"],
                "low": formats.quantity(bound["min"], key),
                "high": formats.quantity(bound["max"], key),
                "factor": bound["max"] / bound["min"] if bound["min"] else None,
                "needs_device": "@" in key,
            }
            for key, bound in analysis["bounds"].items()
        ],
        "groups": genes_by_group(analysis["genes"]),
    }


def _device(request: HttpRequest, devices: list[fleet.Listed]) -> DeviceProfile | None:
    """The device that the address names, if this person may see it; else the first."""
    asked = request.GET.get("device", "")
    by_id = {str(row.device.pk): row.device for row in devices}
    return by_id.get(asked) or next(iter(by_id.values()), None)


def genes_by_group(genes: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Genes of each part of the network; those of equal name and options are counted."""
    groups: dict[str, dict[tuple[str, str], int]] = {}
    for gene in genes:
        kind = (gene["name"].rpartition(".")[2], ", ".join(map(str, gene["options"])))
        found = groups.setdefault(gene["group"] or "all", {})
        found[kind] = found.get(kind, 0) + 1
    return {
        group: [{"name": name, "options": o, "n": n} for (name, o), n in found.items()]
        for group, found in groups.items()
    }


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    found: Space = get_object_or_404(Space.objects.owned_by(request.user), pk=pk)
    name = found.name
    if carry_out(request, lambda: services.delete_space(space=found)):
        messages.success(request, f"“{name}” is deleted.")
        return redirect("space-list")
    return redirect("space", pk)
