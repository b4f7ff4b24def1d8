"""A new search: the form, and the live panel beside it."""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from frontend import formats, overviews
from frontend.forms import fitting
from frontend.forms.further import limit_from
from frontend.forms.goals import Goal
from frontend.forms.search import SearchForm, body_of, choices_of, first_choices
from frontend.forms.settings import initial
from frontend.views.asking import signed_in, whole_number
from frontend.views.scoping import own_run
from searches.models import Run, Supernet
from searches.services import reading, runs
from searches.services.requests import RunRequest
from webnas.refusals import RefusedRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def run_new(request: HttpRequest) -> HttpResponse:
    """The form; a valid one starts the run."""
    owner = signed_in(request)
    if request.method == "POST":
        form = SearchForm(owner, request.POST)
        run = _start(form) if form.is_valid() else None
        if run is not None:
            return redirect("run", run.pk)
        return _page(request, form, {}, status=400)
    form = SearchForm(owner)
    copied = whole_number(request.GET.get("from", ""))
    if copied is not None:
        run = own_run(request, copied)
        form.initial = choices_of(run, form)
        if "warm" in request.GET:
            form.initial |= {"name": f"After {run.name}"[:120], "warm_start": run.pk}
    elif "supernet" in request.GET:
        form.initial = first_choices(form, {}) | _choices_on(request)
    else:
        names = ("dataset", "space")
        asked = {name: whole_number(request.GET.get(name, "")) for name in names}
        form.initial = first_choices(form, asked)
    return _page(request, form, {})


def _choices_on(request: HttpRequest) -> dict[str, Any]:
    """What the form begins with to search on trained weights."""
    owned = Supernet.objects.owned_by(request.user)
    found = get_object_or_404(owned, pk=whole_number(request.GET["supernet"]), is_trained=True)
    roles = {"evaluator": found.recipe.get("evaluator", "supernet")}
    roles |= {"target": found.recipe["target"]} if "target" in found.recipe else {}
    settings = initial(found.recipe.get("evaluator_settings", {}), "evaluator", roles["evaluator"])
    rows = {"supernet": found.pk, "dataset": found.dataset_id, "space": found.space_id}
    return roles | settings | rows | {"name": f"On supernet {found.pk}"}


def _start(form: SearchForm) -> Run | None:
    try:
        return runs.start_run(owner=form.owner, request=form.request())
    except RefusedRequest as refusal:
        place_errors(form, refusal.errors)
        if not refusal.errors:
            form.add_error(None, refusal.detail)
    return None


def place_errors(form: SearchForm, errors: dict[str, list[str]]) -> None:
    """The service's messages at the fields they are about."""
    for place, messages in errors.items():
        form.add_error(form.place_of(place), messages)


def _page(
    request: HttpRequest, form: SearchForm, panel: dict[str, Any], status: int = 200
) -> HttpResponse:
    context = {"section": "runs", "form": form, "parts": parts_of(form), **panel}
    return render(request, "frontend/search.html", context, status=status)


def parts_of(form: SearchForm) -> dict[str, Any]:
    """The fields in the order of the page: cards with settings, rows with targets, goals."""
    roles = {}
    for role, found in form.cards.items():
        chosen = str(form[role].value() or "")
        roles[role] = [
            {
                "card": card,
                "is_chosen": card["name"] == chosen,
                "targets": " ".join(targets_of(role, card["name"])),
                "fields": [form[f"{role}-{card['name']}-{s['name']}"] for s in card["settings"]],
            }
            for card in found
        ]
    groups: dict[str, list[dict[str, Any]]] = {}
    for goal in form.goals:
        group = groups.setdefault(title_of(goal), [])
        group.append({"goal": goal, "wanted": form[goal.field], "limit": form[goal.limit_field]})
    rows: dict[str, Any] = {
        f"{name}s": fitting.options(form.fields[name].queryset, form[name].value())  # type: ignore[attr-defined]
        for name in ("dataset", "space")
    }
    return rows | {
        "roles": roles,
        "groups": groups,
        "further": further_of(form),
        "has_tables": any(goal.table for goal in form.goals),
    }


def targets_of(role: str, name: str) -> list[str]:
    """The targets that a card is offered for; empty: for all, and the service says what fits."""
    return fitting.targets_judged_by(name) if role == "evaluator" else []


def title_of(goal: Goal) -> str:
    """The group of rows that a goal stands in."""
    if goal.table:
        return f"Measured in “{goal.table.name}”"
    if goal.device:
        return f"On {goal.device.name}"
    titles = {"quality": "Quality", "proxy": "Zero-cost proxies: scores of untrained networks"}
    return titles.get(goal.measure.kind, "Size and work, on any device")


def further_of(form: SearchForm) -> list[dict[str, str]]:
    """The limits that no row holds, as texts for the form and in words."""
    names = {row.device.pk: row.device.name for row in form.devices}
    known, found = {goal.measure.name: goal.measure for goal in form.offered_goals()}, []
    for text in form["further_limits"].value() or []:
        limit = limit_from(text)
        try:
            words = overviews.limit_texts([limit] if limit else [], known, names)
        except (TypeError, ValueError):  # made up by hand; the service says what is wrong
            words = []
        found.append({"text": text, "words": "; ".join(words) or text})
    return found


def bounds_of(asked: RunRequest, found: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """What can be reached, in the words of the page."""
    names = {device.pk: device.name for device in asked.devices}
    known = reading.known_measures(asked)
    return [
        {
            "key": key,
            "label": overviews.label_of(key, known, names),
            "low": formats.quantity(bound["min"], key, known),
            "high": formats.quantity(bound["max"], key, known),
        }
        for key, bound in found.items()
    ]


@login_required
@require_POST
def run_preview(request: HttpRequest) -> HttpResponse:
    """What is known before the start; htmx puts each message beside its field."""
    form = SearchForm(signed_in(request), request.POST)
    context: dict[str, Any] = {"form": form, "preview": None}
    bounds: list[dict[str, str]] = []
    if form.is_valid():
        asked = form.request()
        preview = runs.preview_run(request=asked)
        place_errors(form, preview["errors"])
        bounds = bounds_of(asked, preview["bounds"])
        context |= {"preview": preview, "bounds": bounds}
        context["body"] = json.dumps(body_of(asked), indent=2, ensure_ascii=False)
    context["problems"] = [
        {"name": name, "text": " ".join(map(str, form.errors.get(name, [])))}
        for name in form.fields
    ]
    found = {bound["key"]: f"{bound['low']} to {bound['high']}" for bound in bounds}
    offered = form.offered_goals()
    context["reaches"] = {
        goal.row: found.get(goal.key, "") if goal in offered else "" for goal in form.goals
    }
    return render(request, "frontend/_preview.html", context)
