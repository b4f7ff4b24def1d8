"""What a device's profile knows of a search space, before a search."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.models import ProfileVersion
from frontend import profile_plots
from frontend.views.asking import whole_number
from frontend.views.devices import visible_device
from searches.models import Space
from searches.services import spaces as services

PARTS = ("looked_up", "interpolated", "predicted", "analytic", "missing")
# Rows below the map, the least certain first.
LISTED = 30


@login_required
@require_safe
def coverage(request: HttpRequest, pk: int) -> HttpResponse:
    """Numbers and a heat map for the space that the address names."""
    found = visible_device(request, pk)
    spaces = Space.objects.visible_to(request.user).exclude(family="table").own_last("pk")
    asked = whole_number(request.GET.get("space", ""))
    space = next((row for row in spaces if row.pk == asked), None)
    version = found.latest()
    context: dict[str, Any] = {
        "section": "devices",
        "device": found,
        "version": version,
        "spaces": spaces,
        "space": space,
    }
    if space is not None and version is not None:
        context |= _covered(version, space)
    return render(request, "frontend/coverage.html", context)


def _covered(version: ProfileVersion, space: Space) -> dict[str, Any]:
    answer = services.device_coverage(version=version, space=space)
    weak = [row for row in answer["operations"] if row["provenance"] != "looked up"]
    weak.sort(key=lambda row: -float("inf") if row["sigma"] is None else -row["sigma"])
    return {
        "answer": answer,
        "counts": [
            {
                "label": profile_plots.WORDS[name.replace("_", " ")],
                "n": answer[name],
                "share": answer[name] / max(answer["total"], 1),
            }
            for name in PARTS
        ],
        "figure": profile_plots.coverage_map(answer["operations"]),
        "weak": [{**row, "words": profile_plots.words(row)} for row in weak[:LISTED]],
        "n_weak": len(weak),
    }
