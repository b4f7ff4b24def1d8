"""One network of a run: what it is, what it costs, and choosing it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from frontend import drawing, overviews
from frontend.forms.choosing import ChooseForm
from frontend.views.asking import refusals_shown_in, signed_in
from frontend.views.measuring import measured_form
from frontend.views.scoping import own_run
from searches.models import Run, Trial
from searches.services import anatomy, lineages, models, reading, trust


def detail(run: Run, trial: Trial, form: ChooseForm | None = None) -> dict[str, Any]:
    """Everything that the panel of a network shows."""
    trial.run = run
    anatomy_of = anatomy.breakdown(trial=trial)
    device = anatomy_of["devices"][0]["id"] if anatomy_of["devices"] else None
    words, role = overviews.state_of(trial)
    return {
        "trial": trial,
        "state": words,
        "role": role,
        "measures": overviews.shown_measures(trial.measures, run, overviews.device_names(run)),
        "fully": fully(run, trial),
        "is_trained": reading.has_test(run) or reading.is_tabular(run),
        "has_own_weights": not reading.shares_weights(run),
        "anatomy": anatomy_of,
        "choices": {} if anatomy_of["blocks"] else anatomy.choices(trial=trial),
        "no_networks": models.NO_NETWORKS,
        "rows": cost_rows(anatomy_of["blocks"], device),
        "device": anatomy_of["devices"][0] if anatomy_of["devices"] else None,
        "drawing": drawing.network(anatomy_of["blocks"], device),
        "is_flat": drawing.is_flat(anatomy_of["blocks"]),
        "lineage": lineages.ancestors(trial) if "lineage" in trial.data else [],
        "chosen": list(trial.chosen.all()),
        "measured_form": measured_form(run, run.owner) if anatomy_of["devices"] else None,
        "choose_form": form or ChooseForm(initial={"name": f"{run.name} #{trial.number}"[:120]}),
    }


def fully(run: Run, trial: Trial) -> dict[str, Any]:
    """What full training apart from the search made of the network; empty without one."""
    found = next(iter(trust.of_trials(run, [trial])), None)
    if found is None:
        return {}
    measures = overviews.shown_measures(found.measures, run, {})
    return {"measures": measures, "fell_off": found.fell_off}


def cost_rows(blocks: list[dict[str, Any]], device: str | None) -> list[dict[str, Any]]:
    """The blocks with their cost on the device; without one, with their share of the MACs."""
    total = sum(block["macs"] for block in blocks) or 1
    rows = []
    for block in blocks:
        cost = block["devices"].get(device)
        share = cost["share"] if cost else block["macs"] / total
        rows.append({"block": block, "cost": cost, "share": share})
    return rows


def own_trial(request: HttpRequest, pk: int, number: int) -> tuple[Run, Trial]:
    run = own_run(request, pk)
    return run, get_object_or_404(run.trials.prefetch_related("chosen"), number=number)


@login_required
@require_safe
def trial(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The panel beside the plot, or a page of its own."""
    run, found = own_trial(request, pk, number)
    context = {"section": "runs", "run": run, "detail": detail(run, found)}
    is_part = request.htmx  # type: ignore[attr-defined]
    return render(request, "frontend/_trial.html" if is_part else "frontend/trial.html", context)


@login_required
@require_POST
def choose(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Make a model of this network."""
    run, found = own_trial(request, pk, number)
    form = ChooseForm(request.POST)
    if form.is_valid():
        chosen = form.cleaned_data
        with refusals_shown_in(form):
            model = models.choose(
                owner=signed_in(request),
                run=run,
                number=number,
                name=chosen["name"],
                settings={"fine_tune_epochs": chosen["fine_tune_epochs"]},
            )
            return redirect("model", model.pk)
    context = {"section": "runs", "run": run, "detail": detail(run, found, form)}
    return render(request, "frontend/trial.html", context, status=400)
