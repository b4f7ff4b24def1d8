"""What a person does with a run: the same services as over REST."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from frontend.views.asking import carry_out, signed_in, whole_number
from frontend.views.scoping import own_run
from searches.models import Run
from searches.services import runs as services
from webnas.refusals import RefusedRequest


def _extend(request: HttpRequest, run: Run) -> None:
    text = request.POST.get("budget", "").strip()
    budget = whole_number(text)
    if budget is None:
        message = f"“{text[:40]}”; a whole number of networks is needed."
        raise RefusedRequest({"budget": [message]})
    services.extend_run(run=run, budget=budget)


def _rename(request: HttpRequest, run: Run) -> None:
    services.rename_run(run=run, name=request.POST.get("name", "").replace("\0", ""))


ACTIONS: dict[str, tuple[Callable[[HttpRequest, Run], object], str]] = {
    "pause": (
        lambda _, run: services.pause_run(run=run),
        "Paused. What is in hand is finished and kept; nothing new is begun.",
    ),
    "resume": (lambda _, run: services.resume_run(run=run), "Resumed."),
    "cancel": (lambda _, run: services.cancel_run(run=run), "Cancelled. Results so far are kept."),
    "extend": (_extend, "Extended: the search goes on."),
    "rename": (_rename, "Renamed."),
}


@login_required
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    run = own_run(request, pk)
    do, done = ACTIONS[action]
    carry_out(request, lambda: do(request, run), done)
    return redirect("run", run.pk)


@login_required
@require_POST
def clone(request: HttpRequest, pk: int) -> HttpResponse:
    """Start an exact copy; refused when anything differs that shaped the run."""
    run = own_run(request, pk)
    copies: list[Run] = []

    def copy() -> None:
        owner = signed_in(request)
        copies.append(services.clone_run(run=run, owner=owner, changes={}, is_exact=True))

    carry_out(request, copy, "This is the copy; it has the same choices and the same seed.")
    return redirect("run", copies[0].pk if copies else run.pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    run = own_run(request, pk)
    name = run.name
    if carry_out(request, lambda: services.delete_run(run=run), f"“{name}” is deleted."):
        return redirect("run-list")
    return redirect("run", pk)
