"""Several runs on one page: fronts over each other, hypervolumes, and a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend import comparison_plots, formats, plots
from frontend.comparison_plots import MARKS
from frontend.views.asking import whole_number
from frontend.views.scoping import own_runs
from searches.models import Run
from searches.services import catalogue, comparing, reading
from webnas.refusals import RefusedRequest

# Runs that can be added, the newest first.
OFFERED = 20
MOST_NAMED = 20  # in the address, with repetitions


@login_required
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Runs that the address names as `runs=3,7` or `runs=3&runs=7`; of one, what goes with it."""
    runs = asked_runs(request)
    context: dict[str, Any] = {"section": "runs", "runs": runs, "offered": offered(request, runs)}
    if len(runs) < comparing.LEAST:
        return render(request, "frontend/compare.html", context)
    try:
        found = comparing.compare(runs)
    except RefusedRequest as refusal:
        context["refusal"] = refusal.detail
        return render(request, "frontend/compare.html", context, status=refusal.status)
    return render(request, "frontend/compare.html", context | shown(request, found, runs[0]))


def asked_runs(request: HttpRequest) -> list[Run]:
    """Own runs in the order of the address; each must be there."""
    parts = ",".join(request.GET.getlist("runs")).split(",", MOST_NAMED)
    numbers = [whole_number(part) for part in parts[:MOST_NAMED] if part]
    ids = [number for number in dict.fromkeys(numbers) if number is not None]
    found = own_runs(request).in_bulk(ids)
    if None in numbers or len(found) < len(ids):
        raise Http404
    return [found[pk] for pk in ids]


def offered(request: HttpRequest, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The runs of the page, then others that go with the first one."""
    if not runs:
        return []
    chosen = {run.pk for run in runs}
    others = comparing.like(runs[0], own_runs(request)).exclude(pk__in=chosen)
    rows = [*runs, *others.order_by("-pk")[:OFFERED]]
    return [{"run": run, "is_chosen": run.pk in chosen} for run in rows]


def shown(request: HttpRequest, found: dict[str, Any], first: Run) -> dict[str, Any]:
    """Figures and table."""
    known = reading.known_measures(first)
    for label in found["objectives"]:
        label["kind"] = formats.measure_of(label["key"], known).kind
    keys = [label["key"] for label in found["objectives"]]
    axes = {"x": keys[1] if len(keys) > 1 else plots.ORDER, "y": keys[0]}
    choices = {label["key"]: label["label"] for label in found["objectives"]}
    choices[plots.ORDER] = "Order of the search"
    axes |= {axis: request.GET[axis] for axis in axes if request.GET.get(axis) in choices}
    return {
        "objectives": found["objectives"],
        "rows": rows_of(found, known),
        "axes": axes | {"choices": choices},
        "fronts": comparison_plots.fronts(found, x=axes["x"], y=axes["y"]),
        "hypervolumes": comparison_plots.hypervolumes(found["runs"]),
        "address": ",".join(str(run["id"]) for run in found["runs"]),
    }


def rows_of(found: Mapping[str, Any], known: formats.Known) -> list[dict[str, Any]]:
    """The table: a row per run, the best of each column marked."""
    labels = {card["name"]: card["label"] for card in catalogue.cards("strategies")}
    labels |= {card["name"]: card["label"] for card in catalogue.cards("evaluators")}
    leading = max(run["hypervolume"] for run in found["runs"])
    return [
        {
            "run": run,
            "role": f"run-{position}",
            "mark": MARKS[position - 1][1],
            "strategy": labels.get(run["strategy"], run["strategy"]),
            "evaluator": labels.get(run["evaluator"], run["evaluator"]),
            "is_leading": run["hypervolume"] == leading,
            "bests": [best(label, run, found["runs"], known) for label in found["objectives"]],
        }
        for position, run in enumerate(found["runs"], start=1)
    ]


def best(
    label: Mapping[str, Any], run: Mapping[str, Any], runs: Sequence[Mapping[str, Any]], known: Any
) -> dict[str, Any]:
    """The best value of an objective on a run's front, and whether no other run has a better."""
    key = label["key"]
    value = run["best"].get(key)
    values = [other["best"][key] for other in runs if key in other["best"]]
    pick = max if label["direction"] == "max" else min
    return {
        "text": formats.quantity(value, key, known),
        "is_leading": value is not None and value == pick(values),
    }
