"""The trust panel: how a run's scores order networks beside full training."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from frontend import formats, trust_plots
from frontend.forms.trusting import TrustForm
from frontend.views.asking import carry_out, spoken_errors
from frontend.views.scoping import own_run
from searches.models import FullTraining, Run
from searches.objectives.measures import Measure, MeasuredValue
from searches.runner.trust import scores_of, truth_of
from searches.services import reading, trust
from webnas.refusals import RefusedRequest

Status = FullTraining.Status


def panel_of(run: Run) -> dict[str, Any]:
    """What the panel shows; empty for tables, which hold no networks."""
    if reading.is_tabular(run):
        return {}
    state, trained = trust.state_of(run), trust.trained(run)
    counts = state["counts"]
    return {
        "trust": state,
        "scored": scores_of(run)[0].label,
        "truth": truth_of(run).label,
        "rows": [_row(run, training) for training in trained],
        "form": TrustForm(epochs=state["epochs"], most=run.n_told),
        "is_trusted": all(line["level"] == "info" for line in state["order"].get("says", [])),
        "mark": f"{counts['done']}-{counts['failed']}-{counts['due']}",
    }


def _row(run: Run, training: FullTraining) -> dict[str, Any]:
    score, quality = scores_of(run)[0].name, truth_of(run).name
    before = training.trial.measures.get(score, {})
    after = training.measures.get(quality, {})
    state = training.get_status_display()
    if training.status == Status.WAITING and training.total_steps:
        state = f"step {training.step:,} of {training.total_steps:,}"
    return {
        "number": training.trial.number,
        "score": formats.quantity(before.get("value"), score),
        "score_provenance": before.get("provenance", ""),
        "value": formats.quantity(after.get("value"), quality),
        "provenance": after.get("provenance", ""),
        "state": state,
        "fell_off": training.fell_off,
    }


@login_required
@require_safe
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """What the page asks for while networks are trained."""
    run = own_run(request, pk)
    context = panel_of(run)
    if not context or request.GET.get("seen") == context["mark"]:
        return HttpResponse(status=204)  # htmx leaves the page as it is
    response = render(request, "frontend/_trust_state.html", {"run": run, **context})
    response.headers["HX-Trigger"] = "run-moved"
    return response


@login_required
@require_safe
def figure(request: HttpRequest, pk: int) -> JsonResponse:
    """Full training over the score, as JSON."""
    run = own_run(request, pk)
    if reading.is_tabular(run):
        raise Http404
    score, quality = scores_of(run)[0], truth_of(run)
    done = [t for t in trust.trained(run) if t.status == Status.DONE]
    rows = [_point(t, score, quality) for t in done if score.name in t.trial.measures]
    return JsonResponse(trust_plots.scatter(rows, _axis(score), _axis(quality)))


def _point(training: FullTraining, score: Measure, quality: Measure) -> dict[str, Any]:
    value = MeasuredValue.from_json(training.measures[quality.name])
    low, high = value.spread or (value.value, value.value)
    return {
        "number": training.trial.number,
        "x": training.trial.measures[score.name]["value"],
        "y": value.value,
        "low": low,
        "high": high,
        "on_front": training.trial.on_front,
    }


def _axis(measure: Measure) -> dict[str, Any]:
    names = ("label", "unit", "direction", "kind")
    return {"key": measure.name} | {name: getattr(measure, name) for name in names}


@login_required
@require_POST
def train(request: HttpRequest, pk: int) -> HttpResponse:
    """Train the sample or the front, stop, or delete what was trained."""
    run = own_run(request, pk)
    act, done = {
        "front": (_front, "The networks of the front are trained fully."),
        "stop": (_stop, "Stopped. What is half done is kept and goes on when asked for again."),
        "forget": (_forget, "The full trainings of this run are deleted."),
    }.get(request.POST.get("what", ""), (_sample, "The sample is trained fully."))
    carry_out(request, lambda: act(request, run), done)
    return redirect(reverse("run", args=[run.pk]) + "#trust")


def _asked(request: HttpRequest, run: Run, *names: str) -> dict[str, Any]:
    """The fields of the form by these names.

    Raises:
        RefusedRequest: one of them is wrong.
    """
    form = TrustForm(request.POST, epochs=1, most=run.n_told)
    form.is_valid()
    wrong = {name: errors for name, errors in spoken_errors(form).items() if name in names}
    if wrong:
        raise RefusedRequest(wrong)
    return {name: form.cleaned_data[name] for name in names}


def _sample(request: HttpRequest, run: Run) -> None:
    trust.train_sample(run=run, **_asked(request, run, "networks", "epochs"))


def _front(request: HttpRequest, run: Run) -> None:
    trust.train_sample(run=run, networks="front", **_asked(request, run, "epochs"))


def _stop(_: HttpRequest, run: Run) -> None:
    trust.stop(run=run)


def _forget(_: HttpRequest, run: Run) -> None:
    trust.forget(run=run)
