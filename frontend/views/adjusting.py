"""A space in the size that suits a device: the form, and the part that takes a moment."""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend import fleet, formats, size_plots
from frontend.forms.adjusting import AdjustForm
from frontend.views.spaces import visible_space
from searches.models import DataSet, Space
from searches.objectives.measures import COSTS
from searches.services import adjusting
from webnas.refusals import RefusedRequest


@login_required
@require_safe
def adjust(request: HttpRequest, pk: int) -> HttpResponse:
    """The form; with values in the address also the place where the answer appears."""
    space = visible_space(request, pk)
    form = _form(request)
    context = _page(space, form) | {"is_asked": form.is_bound and form.is_valid()}
    return render(request, "frontend/adjust.html", context)


@login_required
@require_safe
def sizes(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer: alone for htmx, within its page for a browser that runs no scripts."""
    space = visible_space(request, pk)
    form = _form(request)
    context = _page(space, form) | _answer(space, form)
    is_part = bool(request.htmx)  # type: ignore[attr-defined]
    name = "frontend/_sizes.html" if is_part else "frontend/adjust.html"
    return render(request, name, context)


def _form(request: HttpRequest) -> AdjustForm:
    devices = [row for row in fleet.listed(request.user) if row.number is not None]
    ready = DataSet.objects.visible_to(request.user).filter(status=DataSet.Status.READY)
    datasets = ready.filter(kind="images").order_by("name")
    return AdjustForm(devices, datasets, request.GET or None)


def _page(space: Space, form: AdjustForm) -> dict[str, Any]:
    return {"section": "spaces", "space": space, "form": form}


def _answer(space: Space, form: AdjustForm) -> dict[str, Any]:
    if not form.is_valid():
        return {"problems": [" ".join(map(str, texts)) for texts in form.errors.values()]}
    try:
        found = adjusting.adjusted(question=form.question(space))
    except RefusedRequest as refusal:
        labels = {name: str(field.label or name) for name, field in form.fields.items()}
        return {
            "problems": [
                f"{labels.get(place, place).capitalize()}: {' '.join(texts)}"
                for place, texts in refusal.errors.items()
            ]
        }
    return {
        "answer": found,
        "n_few": sum(size["n_feasible"] > 0 and not size["is_sure"] for size in found["sizes"]),
        "rows": [_row(size) for size in _ordered(found["sizes"])],
        "figure": size_plots.distributions(found["sizes"]),
        "proposal": found["proposal"] and _proposal(space, found["proposal"]),
        "nearest": found["nearest"] and _nearest(found["nearest"], found["limits"]),
    }


def _ordered(sizes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The proposed size first, then by the mean of multiply-accumulates; sizes with few last."""

    def rank(size: dict[str, Any]) -> tuple[bool, bool, float]:
        mean = size["macs"]["mean"] if size["macs"] else -1.0
        return size["is_proposed"], size["is_sure"], mean

    return sorted(sizes, key=rank, reverse=True)


def _row(size: dict[str, Any]) -> dict[str, Any]:
    macs = size["macs"] or {"mean": None, "median": None, "upper": None}
    return {
        **size,
        "low": f"{100 * size['share_low']:.1f}",
        "high": f"{100 * size['share_high']:.1f}",
        "percent": f"{100 * size['share']:.1f} %",
        "macs_texts": [formats.quantity(macs[name], "macs") for name in macs],
    }


def _proposal(space: Space, proposal: dict[str, Any]) -> dict[str, Any]:
    title = f"{space.name[:80]}, width {proposal['width']:g}, {proposal['resolution']} pixels"
    return {
        **proposal,
        "title": title,
        "json": json.dumps(proposal["definition"]),
        "n_options": sum(len(one["options"]) for one in proposal["pruned"]),
    }


def _nearest(nearest: dict[str, Any], limits: dict[str, float]) -> dict[str, Any]:
    return {
        "width": nearest["width"],
        "resolution": nearest["resolution"],
        "rows": [
            {
                "label": COSTS[measure].label,
                "limit": formats.quantity(limits[measure], measure),
                "value": formats.quantity(nearest["values"][measure], measure),
                "least": formats.quantity(nearest["least"][measure], measure),
            }
            for measure in limits
        ],
    }
