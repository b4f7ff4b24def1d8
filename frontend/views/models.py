"""Chosen networks: the list, one model with its files, downloads."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from frontend import formats, overviews
from frontend.views.asking import carry_out, page_of
from frontend.views.measuring import measured_form
from searches.models import ChosenModel
from searches.services import models as services
from searches.services import reading
from webnas.rest import downloads

PER_PAGE = 25
STOP_POLLING = 286
FORMATS = {
    "onnx": ("ONNX", "Runs in ONNX Runtime and in most converters."),
    "pt2": ("ExportedProgram", "torch.export.load; no source needed."),
    "safetensors": ("safetensors", "The weights alone, for network.py."),
    "source": ("PyTorch source", "Plain PyTorch that imports nothing of webnas."),
    "card": ("Model card", "Metrics, provenance, versions and hashes as JSON."),
    "bundle": ("Everything as a zip", "All files, an example and their SHA-256."),
}
PHASES = {
    "judge": "Taking the weights and measuring batch norm",
    "tune": "Training this network further",
    "export": "Exporting and comparing the files with the network",
}


def own_models(request: HttpRequest) -> QuerySet[ChosenModel]:
    rows = ChosenModel.objects.owned_by(request.user)
    return rows.select_related("trial__run").prefetch_related("files")


def own_model(request: HttpRequest, pk: int) -> ChosenModel:
    model: ChosenModel = get_object_or_404(own_models(request), pk=pk)
    return model


@login_required
@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    page = page_of(request, own_models(request).order_by("-pk"), PER_PAGE)
    rows = [row_of(model) for model in page.object_list]
    context = {"section": "models", "page": page, "rows": rows}
    return render(request, "frontend/models.html", context)


def row_of(model: ChosenModel) -> dict[str, Any]:
    run = model.trial.run
    measures = overviews.shown_measures(metrics_of(model), run, {})
    by_key = {measure.key: measure for measure in measures}
    onnx = next((file for file in model.files.all() if file.format == "onnx"), None)
    return {
        "model": model,
        "run": run,
        "accuracy": by_key.get("accuracy:test") or by_key.get("accuracy"),
        "onnx": onnx,
    }


def metrics_of(model: ChosenModel) -> dict[str, Any]:
    """What is known of the exported network; before it is made, of the trial."""
    metrics: dict[str, Any] = model.card.get("metrics") or model.trial.measures
    return metrics


@login_required
@require_safe
def model(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "frontend/model.html", model_context(own_model(request, pk)))


def model_context(found: ChosenModel) -> dict[str, Any]:
    run, progress = found.trial.run, found.progress
    by_format = {file.format: file for file in found.files.all()}
    step, total = progress.get("step", 0), progress.get("total", 0)
    return {
        "section": "models",
        "model": found,
        "run": run,
        "is_active": found.status not in ChosenModel.ENDED,
        "is_retriable": found.status in ChosenModel.RETRIABLE,
        "phase": PHASES.get(progress.get("phase", ""), "Waiting for a worker"),
        "share": step / total if total else None,
        "step": step,
        "total": total,
        "measures": overviews.shown_measures(metrics_of(found), run, overviews.device_names(run)),
        "files": [
            {"file": by_format[name], "label": label, "help": text}
            for name, (label, text) in FORMATS.items()
            if name in by_format
        ],
        "onnx": by_format.get("onnx"),
        "report": found.report,
        "scores": scores_of(found),
        "snippet": snippet(found.card),
        "measured_form": measured_form(run, run.owner),
    }


def scores_of(found: ChosenModel) -> list[dict[str, str]]:
    """Scores of network and file on the test images, with the digits that a comparison needs."""
    known = reading.known_measures(found.trial.run)
    return [
        {
            "label": f"{formats.words(name, known)} of {file}",
            "text": f"{100 * value:.2f} %" if formats.is_share(name, known) else f"{value:.4f}",
        }
        for file, scores in found.report.get("scores", {}).items()
        for name, value in scores.items()
    ]


def snippet(card: dict[str, Any]) -> str:
    """A program that runs the ONNX file, for the network's own input."""
    signature = card.get("signature")
    if not signature:
        return ""
    given, out = signature["input"], signature["output"]
    shape = ", ".join("1" if not isinstance(n, int) else str(n) for n in given["shape"])
    return (
        "import numpy as np\n"
        "import onnxruntime\n\n"
        'session = onnxruntime.InferenceSession("model.onnx")\n'
        f"images = np.random.rand({shape}).astype(np.float32)  # yours, values 0 to 1\n"
        f'scores = session.run(["{out["name"]}"], {{"{given["name"]}": images}})[0]\n'
        f"classes = {out['classes']!r}\n"
        "print(classes[scores[0].argmax()])"
    )


@login_required
@require_safe
def model_status(request: HttpRequest, pk: int) -> HttpResponse:
    """What the page asks for while the model is being made; its end reloads the page."""
    context = model_context(own_model(request, pk))
    response = render(request, "frontend/_model_status.html", context)
    if not context["is_active"]:
        response.status_code = STOP_POLLING
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_safe
def download(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """One file of one's own model."""
    file = get_object_or_404(own_model(request, pk).files, format=name)
    return downloads.stored_file(request, file.file, filename=file.filename, sha256=file.sha256)


@login_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Make it again, after a failure or a full disk."""
    found = own_model(request, pk)
    carry_out(request, lambda: services.retry_model(model=found), "It is made again.")
    return redirect("model", pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = own_model(request, pk)
    name = found.name
    if carry_out(request, lambda: services.delete_model(model=found)):
        messages.success(request, f"“{name}” and its files are deleted.")
        return redirect("model-list")
    return redirect("model", pk)
