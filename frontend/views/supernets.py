"""Trained supernets: the list, one with what its predictor is worth, and fronts for devices."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from frontend import fleet, overviews, specialised
from frontend.forms.specialising import MOST_PAIRS, SpecialiseForm
from frontend.views.asking import carry_out, page_of, signed_in, whole_number
from searches.models import Run, Supernet, SupernetPredictor
from searches.runner import engine
from searches.services import supernets as services
from searches.targets.registry import ACCURACY
from webnas.refusals import RefusedRequest

PER_PAGE = 25
STOP_POLLING = 286


def own_supernets(request: HttpRequest) -> QuerySet[Supernet]:
    """With what pages show of them."""
    rows = Supernet.objects.owned_by(request.user)
    runs = Run.objects.defer("strategy_state", "error", "versions").order_by("-pk")
    return rows.select_related("dataset", "space", "predictor").prefetch_related(
        Prefetch("runs", runs)
    )


def own_supernet(request: HttpRequest, pk: int) -> Supernet:
    found: Supernet = get_object_or_404(own_supernets(request), pk=pk)
    return found


@login_required
@require_safe
def supernet_list(request: HttpRequest) -> HttpResponse:
    scored = own_supernets(request).annotate(n_scored=Count("runs__trials"))
    page = page_of(request, scored.order_by("-pk"), PER_PAGE)
    rows = [{"supernet": row, "predictor": predictor_of(row)} for row in page.object_list]
    context = {"section": "supernets", "page": page, "rows": rows}
    return render(request, "frontend/supernets.html", context)


@login_required
@require_safe
def supernet(request: HttpRequest, pk: int) -> HttpResponse:
    found = own_supernet(request, pk)
    form = SpecialiseForm(fleet.listed(signed_in(request)), quality_of(found))
    return render(request, "frontend/supernet.html", context_of(found, form))


def context_of(found: Supernet, form: SpecialiseForm) -> dict[str, Any]:
    runs = list(found.runs.all())
    results = [run for run in runs if run.strategy == services.STRATEGY]
    return {
        "section": "supernets",
        "supernet": found,
        "can_judge": engine.judges_networks(found),
        "settings": settings_of(found),
        "candidates": services.CANDIDATES,
        "form": form,
        "runs": runs,
        "matrix": specialised.matrix(results),
        **overviews.phases_of(found),
        **predictor_context(found),
    }


def settings_of(found: Supernet) -> list[tuple[str, Any]]:
    """What was set on its training, in words."""
    settings = found.recipe.get("evaluator_settings", {})
    return [(name.replace("_", " ").capitalize(), value) for name, value in settings.items()]


def predictor_context(found: Supernet) -> dict[str, Any]:
    predictor = predictor_of(found)
    return {
        "supernet": found,
        "predictor": predictor,
        "worth": specialised.worth(predictor),
        "is_measuring": predictor is not None and predictor.status == predictor.Status.MEASURING,
        "usual_pairs": services.USUAL_PAIRS,
        "fewest_pairs": services.FEWEST_PAIRS,
        "most_pairs": MOST_PAIRS,
    }


def predictor_of(found: Supernet) -> SupernetPredictor | None:
    return getattr(found, "predictor", None)


def quality_of(found: Supernet) -> Any:
    """What its networks are judged by."""
    target = found.recipe.get("target")
    return engine.target_card(target).qualities[0] if target else ACCURACY


@login_required
@require_safe
def predictor(request: HttpRequest, pk: int) -> HttpResponse:
    """What the page asks for while pairs are measured; the end reloads the page."""
    context = predictor_context(own_supernet(request, pk))
    response = render(request, "frontend/_predictor.html", context)
    if not context["is_measuring"]:
        response.status_code = STOP_POLLING
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def measure(request: HttpRequest, pk: int) -> HttpResponse:
    """Judge networks on the supernet and learn from them."""
    found = own_supernet(request, pk)

    def act() -> None:
        text = request.POST.get("pairs", "").strip()
        n = whole_number(text)
        if n is None:
            message = f"“{text[:40]}”; a whole number of networks is needed."
            raise RefusedRequest({"pairs": [message]})
        services.measure_pairs(supernet=found, n=n)

    carry_out(request, act, "Networks are being judged; the predictor learns from them.")
    return redirect("supernet", pk)


@login_required
@require_POST
def specialise(request: HttpRequest, pk: int) -> HttpResponse:
    """A run for each device; its page, or all of them side by side."""
    found, owner = own_supernet(request, pk), signed_in(request)
    form = SpecialiseForm(fleet.listed(owner), quality_of(found), request.POST)
    runs = _started(form, found, owner) if form.is_valid() else []
    if len(runs) == 1:
        return redirect("run", runs[0].pk)
    if runs:
        return redirect(reverse("supernet", args=[pk]) + "#results")
    return render(request, "frontend/supernet.html", context_of(found, form), status=400)


def _started(form: SpecialiseForm, found: Supernet, owner: Any) -> list[Run]:
    try:
        return services.specialise(owner=owner, asked=form.asked(found))
    except RefusedRequest as refusal:
        form.place(refusal.errors)
        if not refusal.errors:
            form.add_error(None, refusal.detail)
    return []
