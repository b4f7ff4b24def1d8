"""The list of runs and the page of one run."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend import formats, overviews
from frontend.views import run_parts, trusting
from frontend.views.asking import page_of, whole_number
from frontend.views.scoping import own_run, own_runs
from frontend.views.trials import detail
from searches.models import Run
from searches.services import lineages, reading, waiting

PER_PAGE = 25
ORDERS = {
    "newest": ("Newest first", "-pk"),
    "oldest": ("Oldest first", "pk"),
    "name": ("Name", "name"),
    "front": ("Largest front", "-n_front"),
}


@login_required
@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """All own runs, newest first; above them the one that is running, with its front."""
    runs = filtered(own_runs(request), request)
    page = page_of(request, runs, PER_PAGE)
    shown = list(page.object_list)
    bests = overviews.best_values(shown)
    rows = [row_of(run) | {"bests": bests.get(run.pk, [])} for run in shown]
    context: dict[str, Any] = {
        "section": "runs",
        "page": page,
        "rows": rows,
        "is_live": any(run.is_active for run in shown),
        "is_filtered": bool(request.GET.get("q") or request.GET.get("status")),
        "statuses": Run.Status,
        "orders": {name: label for name, (label, _) in ORDERS.items()},
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "frontend/_runs.html", context)
    if page.number == 1 and not context["is_filtered"]:
        context |= hero(shown)
    return render(request, "frontend/runs.html", context)


def filtered(runs: QuerySet[Run], request: HttpRequest) -> QuerySet[Run]:
    asked = request.GET
    for word in asked.get("q", "").replace("\0", "").split()[:10]:
        runs = runs.filter(name__icontains=word)
    if asked.get("status") in Run.Status.values:
        runs = runs.filter(status=asked["status"])
    return runs.order_by(ORDERS.get(asked.get("order", ""), ORDERS["newest"])[1], "-pk")


def row_of(run: Run) -> dict[str, Any]:
    """A run's progress in the list, without asking the database again.

    In prepare: what it waits for, and how far that is. Later: the share of its budget.
    """
    if run.is_active and run.stage == Run.Stage.PREPARE:
        measuring = waiting.measuring_for(run)
        share = measuring.done / measuring.total if measuring and measuring.total else 0.0
        return {"run": run, "progress": share, "message": waiting.message_of(run)}
    share = min(run.n_told / run.budget, 1.0) if run.budget else 0.0
    return {"run": run, "progress": share, "message": ""}


def hero(runs: list[Run]) -> dict[str, Any]:
    """The run to show large: the first that is active, else the newest with a front."""
    found = next((run for run in runs if run.is_active), None)
    found = found or next((run for run in runs if run.n_front), None)
    if found is None:
        return {}
    return {"hero": found, "axes": run_parts.axes_of(found, {})} | run_parts.status_of(found, "")


@login_required
@require_safe
def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    run = own_run(request, pk)
    names = overviews.device_names(run)
    context: dict[str, Any] = {
        "section": "runs",
        "axes": run_parts.axes_of(run, request.GET),
        "events": list(run.events.order_by("-pk")[: run_parts.EVENTS]),
        "limits": overviews.limit_texts(run.limits, reading.known_measures(run), names),
        "picks": picks(run),
        "is_tabular": reading.is_tabular(run),
        "is_staged": reading.judges_in_rungs(run),
        "is_one_shot": reading.searches_by_training(run),
        "hands_on": lineages.hands_on(run),
        "predicts_weights": reading.predicts_weights(run),
        "is_limited": any(name.startswith("limit.") for name in request.GET),
        **run_parts.status_of(run, ""),
        **run_parts.networks_of(request, run),
        **overviews.phases_of(run.supernet),
        **trusting.panel_of(run),
    }
    number = whole_number(request.GET.get("trial", ""))
    if number is not None:
        trial = run.trials.filter(number=number).first()
        context["detail"] = detail(run, trial) if trial else None
    return render(request, "frontend/run.html", context)


def picks(run: Run) -> list[dict[str, Any]]:
    """The front's best member by each objective: where a person may begin to look."""
    found = []
    for position, label in enumerate(reading.objective_labels(run)):
        sign = "-" if label["direction"] == "max" else ""
        member = run.trials.filter(on_front=True).order_by(f"{sign}value_{position}", "number")
        number = member.values_list("number", flat=True).first()
        if number is not None:
            word = "Highest" if label["direction"] == "max" else "Lowest"
            found.append({"number": number, "label": f"{word} {formats.within(label['label'])}"})
    return found
