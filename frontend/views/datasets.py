"""Data sets: the list, one data set, uploads, folders."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from frontend import formats
from frontend.forms.uploads import DataSetForm, FolderForm
from frontend.views.asking import carry_out, signed_in
from frontend.views.throttling import counts_as_upload
from searches.models import DataSet, Run
from searches.services import datasets as services
from searches.services import spaces
from webnas.refusals import RefusedRequest
from webnas.rest import downloads

SPLITS = {
    "train": "Training",
    "val": "Search-validation",
    "test": "Test",
}


def visible_dataset(request: HttpRequest, pk: int) -> DataSet:
    dataset: DataSet = get_object_or_404(DataSet.objects.visible_to(request.user), pk=pk)
    return dataset


@login_required
@require_safe
def dataset_list(request: HttpRequest) -> HttpResponse:
    return render(request, "frontend/datasets.html", _list_context(request))


def _list_context(request: HttpRequest) -> dict[str, Any]:
    rows = DataSet.objects.visible_to(request.user).own_last("name")
    return {
        "section": "datasets",
        "datasets": list(rows),
        "form": DataSetForm(),
        "folder_form": FolderForm() if getattr(request.user, "is_staff", False) else None,
    }


@login_required
@require_safe
def dataset(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_dataset(request, pk)
    context = {
        "section": "datasets",
        "dataset": found,
        "is_own": found.owner_id == request.user.pk,
        "is_reading": found.status == DataSet.Status.READING,
        "histogram": histogram(found.statistics),
        "noun": formats.noun_of(found.kind),
        "features": features(found.statistics),
        "table_space": spaces.table_spaces(found).first(),
        "splits": SPLITS,
        "runs": list(Run.objects.owned_by(request.user).filter(dataset=found)[:10]),
    }
    return render(request, "frontend/dataset.html", context)


def histogram(statistics: dict[str, Any]) -> list[dict[str, Any]]:
    """Samples of each class by split, as shares of the largest class."""
    counts = statistics.get("counts", {})
    rows = []
    for position, name in enumerate(statistics.get("classes", [])):
        parts = {split: counts[split][position] for split in SPLITS if split in counts}
        rows.append({"name": name, "parts": parts, "total": sum(parts.values())})
    most = max((row["total"] for row in rows), default=0) or 1
    for row in rows:
        row["shares"] = {split: n / most for split, n in row["parts"].items()}
    return rows


def features(statistics: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns of numbers, each with what the training rows hold in it."""
    columns = [statistics.get(name, []) for name in ("features", "mean", "std", "min", "max")]
    if not columns[0]:
        return []
    keys = ("name", "mean", "std", "min", "max")
    return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]


@login_required
@require_safe
def sheet(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The picture of samples."""
    found = visible_dataset(request, pk)
    if not found.sheet:
        raise Http404
    return downloads.picture(request, found.sheet)


@login_required
@require_POST
@counts_as_upload
def upload(request: HttpRequest) -> HttpResponse:
    form = DataSetForm(request.POST, request.FILES)
    if form.is_valid():
        chosen = form.cleaned_data
        try:
            found = services.upload_dataset(
                owner=signed_in(request), name=chosen["name"], upload=uploaded(chosen)
            )
        except RefusedRequest as refusal:
            return _refused(request, "form", form, refusal)
        done = "read and checked" if found.kind == "table" else "read, checked and split"
        messages.success(request, f"“{found.name}” is {done}.")
        return redirect("dataset", found.pk)
    return _refused(request, "form", form, None)


def uploaded(chosen: dict[str, Any]) -> services.Upload:
    """The file of a valid form."""
    return services.Upload(
        file=chosen["file"],
        filename=chosen["file"].name,
        seed=chosen["seed"] or 0,
        target=chosen["target"],
    )


@login_required
@require_POST
@counts_as_upload
def register(request: HttpRequest) -> HttpResponse:
    """A folder on the workers; the service refuses people who are no staff."""
    form = FolderForm(request.POST)
    if form.is_valid():
        chosen = form.cleaned_data
        try:
            found = services.register_folder(
                owner=signed_in(request),
                name=chosen["name"],
                folder=chosen["folder"],
                seed=chosen["seed"] or 0,
            )
        except RefusedRequest as refusal:
            return _refused(request, "folder_form", form, refusal)
        return redirect("dataset", found.pk)
    return _refused(request, "folder_form", form, None)


def _refused(
    request: HttpRequest, name: str, form: forms.Form, refusal: RefusedRequest | None
) -> HttpResponse:
    """The list with the form filled, messages at its fields, and findings in the file apart."""
    findings = {}
    for place, texts in (refusal.errors if refusal else {}).items():
        if place in form.fields and place != "file":
            form.add_error(place, texts)
        else:
            findings[place] = texts
    context = _list_context(request) | {name: form, "findings": findings}
    status = refusal.status if refusal else 400
    return render(request, "frontend/datasets.html", context, status=status)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    found: DataSet = get_object_or_404(DataSet.objects.owned_by(request.user), pk=pk)
    name = found.name
    if carry_out(request, lambda: services.delete_dataset(dataset=found)):
        messages.success(request, f"“{name}” is deleted.")
        return redirect("dataset-list")
    return redirect("dataset", pk)
