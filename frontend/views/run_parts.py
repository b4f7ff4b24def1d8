"""Parts of the run page that are asked for again: status, figures, table, log."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from frontend import formats, lineage_plots, one_shot_plots, overviews, plots
from frontend.views.scoping import own_run
from searches.models import FullTraining, Run, Trial
from searches.runner.trust import scores_of, truth_of
from searches.services import lineages, reading, trust, waiting
from searches.services.progress import progress_of

PER_PAGE = 12
EVENTS = 200
# htmx stops asking again after this status.
STOP_POLLING = 286
SHOWS: dict[str, tuple[str, dict[str, Any]]] = {
    "front": ("Front", {"on_front": True}),
    "all": ("All judged", {"is_told": True}),
    "infeasible": ("Beyond a limit", {"is_told": True, "violation__gt": 0}),
    "failed": ("Failed", {"status__in": (Trial.Status.FAILED, Trial.Status.LOST)}),
}


def status_of(run: Run, seen: str) -> dict[str, Any]:
    """The live part of a run; `mark` changes whenever the rest of the page is out of date."""
    progress = progress_of(run)
    mark = f"{run.status} {run.stage} {run.n_told} {progress.text}"
    return {
        "run": run,
        "stages": overviews.stages_of(run),
        "progress": progress,
        "mark": mark,
        "has_moved": bool(seen) and seen != mark,
        "has_turned": bool(seen) and seen.split()[:2] != mark.split()[:2],
        "is_resumable": run.status in ("paused", "no_space", "lost", "failed"),
        "is_extendable": run.status in ("finished", "cancelled"),
        "is_cancellable": run.is_active or run.status == Run.Status.PAUSED,
        "is_measuring": waiting.measuring_for(run) is not None,
        "bests": overviews.best_values([run]).get(run.pk, []),
    }


@login_required
@require_safe
def status(request: HttpRequest, pk: int) -> HttpResponse:
    """What the page asks for every two seconds while the run is active."""
    run = own_run(request, pk)
    context = status_of(run, request.GET.get("seen", ""))
    is_hero = "hero" in request.GET
    template = "frontend/_hero_status.html" if is_hero else "frontend/_run_status.html"
    response = render(request, template, context)
    if context["has_moved"]:
        response.headers["HX-Trigger"] = "run-moved"
    if not run.is_active:
        response.status_code = STOP_POLLING
    return response


def axes_of(run: Run, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The axes that the address asks for; else the first cost against the first quality."""
    labels = reading.objective_labels(run)
    choices = {label["key"]: label["label"] for label in labels}
    names, known = overviews.device_names(run), reading.known_measures(run)
    for key in reading.measured_keys(run):
        choices.setdefault(key, overviews.label_of(key, known, names))
    choices[plots.ORDER] = "Order of the search"
    keys = [label["key"] for label in labels]
    qualities = [key for key in keys if formats.measure_of(key, known).kind != "cost"]
    y = qualities[0] if qualities else keys[-1]
    x = next((key for key in keys if key != y), plots.ORDER)
    return {
        "x": asked.get("x") if asked.get("x") in choices else x,
        "y": asked.get("y") if asked.get("y") in choices else y,
        "log": asked.get("log") == "1",
        "choices": choices,
    }


@login_required
@require_safe
def front_figure(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The scatter as JSON; 304 while no further network was judged."""
    run = own_run(request, pk)
    axes, trained = axes_of(run, request.GET), trained_members(run)
    fallen = sum(bool(row["fell_off"]) for row in trained.values())
    state = (
        len(trained),
        fallen,
        run.pk,
        run.n_told,
        run.n_front,
        run.status,
        axes["x"],
        axes["y"],
        axes["log"],
    )
    etag = quote_etag("-".join(map(str, state)))
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return unchanged
    points = points_of(run, axes) | {"trained": trained}
    answer = {
        "figure": plots.front(points, x=axes["x"], y=axes["y"], log_x=axes["log"]),
        "objectives": plots.ranges(points),
        "note": plots.note(points, x=axes["x"], y=axes["y"]),
    }
    return JsonResponse(answer, headers={"ETag": etag})


def trained_members(run: Run) -> dict[int, dict[str, Any]]:
    """What full training made of members of the front, by number: values, and both in words."""
    return {
        number: {
            "fell_off": training.fell_off,
            "values": {key: value["value"] for key, value in training.measures.items()},
            "text": before_and_after(run, training),
        }
        for number, training in trust.of_front(run).items()
    }


def before_and_after(run: Run, training: FullTraining) -> str:
    """Score and fully trained quality in words, each with its provenance."""
    score, quality = scores_of(run)[0].name, truth_of(run).name
    found = []
    for name, measured in ((score, training.trial.measures), (quality, training.measures)):
        if name in measured:
            value = formats.quantity(measured[name]["value"], name)
            found.append(f"{formats.words(name)}: {value} ({measured[name]['provenance']})")
    if training.fell_off:
        found.append("another network of the front then beats it")
    return "<br>".join(found)


def points_of(run: Run, axes: Mapping[str, Any]) -> dict[str, Any]:
    """The run's points, with a column and a label for each axis that is no objective."""
    objectives = {overviews.objective_key(item) for item in run.objectives}
    further = sorted({axes["x"], axes["y"]} - objectives - {plots.ORDER})
    points = reading.points(run, limit=plots.SVG_POINTS, measures=further)
    known = reading.known_measures(run)
    points["further"] = [
        {
            "key": key,
            "label": axes["choices"][key],
            "unit": formats.measure_of(key, known).unit,
            "direction": formats.measure_of(key, known).direction,
        }
        for key in further
    ]
    for label in [*points["objectives"], *points["further"]]:
        label["kind"] = formats.measure_of(label["key"], known).kind
    return points


@login_required
@require_safe
def curve_figure(request: HttpRequest, pk: int, name: str) -> JsonResponse:
    """Training or hypervolume over time, or what a one-shot strategy has decided, as JSON."""
    run = own_run(request, pk)
    if name in ("choices", "memory"):
        report = run.supernet.report if run.supernet else {}
        figure = one_shot_plots.choices if name == "choices" else one_shot_plots.memory
        return JsonResponse(figure(report))
    if name == "lineage":
        label = reading.objective_labels(run)[0]["label"]
        return JsonResponse(lineage_plots.tree(lineages.tree(run), label))
    history = reading.history(run)
    if name == "decisions":
        return JsonResponse(one_shot_plots.decisions(history[Run.Stage.TRAIN]))
    if name == "training":
        return JsonResponse(plots.training(history[Run.Stage.TRAIN]))
    return JsonResponse(plots.hypervolume(history[Run.Stage.SEARCH]))


@login_required
@require_safe
def networks(request: HttpRequest, pk: int) -> HttpResponse:
    """The table: sorted and cut into pages by the database."""
    run = own_run(request, pk)
    return render(request, "frontend/_networks.html", {"run": run} | networks_of(request, run))


def networks_of(request: HttpRequest, run: Run) -> dict[str, Any]:
    labels = reading.objective_labels(run)
    asked = request.GET
    show = asked.get("show", "front")
    show = show if show in SHOWS else "front"
    sort, is_down = _sort(asked.get("sort", ""), len(labels))
    rows = run.trials.filter(**SHOWS[show][1]).order_by(*_order(sort, is_down))
    page = _page(asked, run, show, rows)
    trained = {t.trial_id: t for t in trust.of_trials(run, page.object_list)}
    is_tested = any(trial.is_verified for trial in page.object_list)
    tested = tested_keys(run) if is_tested else set()
    return {
        "labels": [
            _heading(label, i, sort, is_down) | {"is_tested": label["key"] in tested}
            for i, label in enumerate(labels)
        ],
        "number_heading": {"sort": "number", **_direction("number", sort, is_down)},
        "networks": [
            _row(trial, run, labels, tested) | _fully(run, trained.get(trial.pk))
            for trial in page.object_list
        ],
        "page": page,
        "show": show,
        "sort": f"{'-' if is_down else ''}{sort}",
        "shows": {name: label for name, (label, _) in SHOWS.items()},
        "table_query": urlencode({"show": show, "sort": f"{'-' if is_down else ''}{sort}"}),
    }


def _sort(asked: str, n_objectives: int) -> tuple[str, bool]:
    known = ["number", *(f"value_{i}" for i in range(n_objectives))]
    name = asked.removeprefix("-")
    return (name, asked.startswith("-")) if name in known else ("value_0", True)


def _order(sort: str, is_down: bool) -> list[Any]:
    """Missing values last, whichever way the table is sorted."""
    column = F(sort)
    first = column.desc(nulls_last=True) if is_down else column.asc(nulls_last=True)
    return [first, "number"]


class KnownCount(Paginator):  # type: ignore[type-arg]
    """A paginator that is told how many rows there are, where the run already knows."""

    known: int | None = None

    @property
    def count(self) -> int:  # type: ignore[override]
        return super().count if self.known is None else self.known


def _page(asked: Mapping[str, Any], run: Run, show: str, rows: QuerySet[Trial]) -> Page[Trial]:
    paginator = KnownCount(rows, PER_PAGE)
    paginator.known = {"front": run.n_front, "all": run.n_told, "failed": run.n_failed}.get(show)
    return paginator.get_page(asked.get("page"))


def _direction(name: str, sort: str, is_down: bool) -> dict[str, str]:
    """What a heading shows, and what a click on it asks for."""
    if name != sort:
        return {"aria": "", "next": name}
    return {
        "aria": "descending" if is_down else "ascending",
        "next": name if is_down else f"-{name}",
    }


def _heading(label: Mapping[str, Any], position: int, sort: str, is_down: bool) -> dict[str, Any]:
    name = f"value_{position}"
    return {"label": label["label"], **_direction(name, sort, is_down)}


def tested_keys(run: Run) -> set[str]:
    """Objectives that verification judges anew: the qualities."""
    known, keys = reading.known_measures(run), map(overviews.objective_key, run.objectives)
    return {key for key in keys if formats.measure_of(key, known).kind == "quality"}


def _row(trial: Trial, run: Run, labels: list[dict[str, Any]], tested: set[str]) -> dict[str, Any]:
    """A network's values in the order of the objectives, each quality with its test score."""
    values, known, texts = trial.values[: len(labels)], reading.known_measures(run), []
    for value, key in zip(values, (label["key"] for label in labels), strict=True):
        texts.append(formats.quantity(value, key, known))
        if key in tested:
            on_test = trial.measures.get(f"{key}:test", {}).get("value")
            texts.append(formats.quantity(on_test, key, known))
    words, role = overviews.state_of(trial)
    return {
        "trial": trial,
        "values": list(values),
        "texts": texts,
        "state": words,
        "role": role,
        "fell_off": bool(trial.data.get("fell_off")),
    }


def _fully(run: Run, training: FullTraining | None) -> dict[str, Any]:
    """The quality of a network that was trained fully apart from the search."""
    quality = truth_of(run).name if training else ""
    if training is None or quality not in training.measures:
        return {"fully": ""}
    value = formats.quantity(training.measures[quality]["value"], quality)
    return {
        "fully": value,
        "fully_provenance": training.measures[quality]["provenance"],
        "fell_off_fully": training.fell_off,
    }


@login_required
@require_safe
def phases(request: HttpRequest, pk: int) -> HttpResponse:
    """The phases of a once-for-all training, with what each has gained."""
    run = own_run(request, pk)
    return render(
        request, "frontend/_phases.html", {"run": run} | overviews.phases_of(run.supernet)
    )


@login_required
@require_safe
def events(request: HttpRequest, pk: int) -> HttpResponse:
    run = own_run(request, pk)
    found = list(run.events.order_by("-pk")[:EVENTS])
    return render(request, "frontend/_events.html", {"run": run, "events": found})
