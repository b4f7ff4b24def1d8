"""A space of one's own: its definition as JSON, checked while it is written."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from frontend.forms.uploads import SpaceForm
from frontend.views.asking import signed_in
from frontend.views.spaces import visible_space
from frontend.views.throttling import counts_as_upload
from searches.models import Space
from searches.services import spaces as services
from searches.spaces.documentation import holds
from searches.spaces.registry import FAMILIES
from searches.spaces.schemas import schema_of
from webnas.refusals import RefusedRequest

WHOLE = "definition"
PLAIN_LIST = re.compile(r"\[\n\s+([^\[\]{}\"]*?|(?:\"[\w ×]*\",?\s*)+?)\s+\]")


@login_required
@require_safe
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor, which begins with the definition of a space."""
    origin = visible_space(request, pk)
    initial = {"name": f"{origin.name[:100]}, mine", "definition": written(origin.definition)}
    form = SpaceForm(initial=initial)
    return _page(request, origin, form, _checked(origin.definition))


def written(definition: Mapping[str, Any]) -> str:
    """JSON for people: a line for each field, lists of numbers or words on one line."""
    text = json.dumps(definition, indent=2, ensure_ascii=False)
    return PLAIN_LIST.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


@login_required
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """The part of the page that says what a definition comes to, or what is wrong with it."""
    form = SpaceForm(request.POST)
    form.is_valid()
    return render(request, "frontend/_space_check.html", _of_form(form))


@login_required
@require_POST
@counts_as_upload
def create(request: HttpRequest, pk: int) -> HttpResponse:
    """A space of one's own, begun from another."""
    origin = visible_space(request, pk)
    form = SpaceForm(request.POST)
    if form.is_valid():
        chosen = form.cleaned_data
        try:
            found = services.create_space(
                owner=signed_in(request), name=chosen["name"], definition=chosen["definition"]
            )
        except RefusedRequest as refusal:
            for place, texts in refusal.errors.items():
                form.add_error("name" if place == "name" else "definition", texts)
        else:
            messages.success(request, f"“{found.name}” can be searched now.")
            return redirect("space", found.pk)
    return _page(request, origin, form, _of_form(SpaceForm(request.POST)), status=400)


def _page(
    request: HttpRequest,
    origin: Space,
    form: SpaceForm,
    checked: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    rows = Space.objects.visible_to(request.user).order_by("name", "pk").exclude(family="table")
    context = {"section": "spaces", "space": origin, "origins": rows, "form": form, **checked}
    return render(request, "frontend/space_edit.html", context, status=status)


def _of_form(form: SpaceForm) -> dict[str, Any]:
    if form.is_valid() or "definition" in form.cleaned_data:
        return _checked(form.cleaned_data["definition"])
    texts = [str(text) for text in form.errors.get("definition", [])]
    return {"problems": [{"place": "", "texts": texts}], "fields": []}


def _checked(definition: Any) -> dict[str, Any]:
    """What the definition comes to or what is wrong, and the fields of its family."""
    family = definition.get("family") if isinstance(definition, Mapping) else None
    is_known = isinstance(family, str) and family in FAMILIES
    fields = list(_fields(schema_of(family))) if is_known else []
    try:
        found = services.preview_space(definition=definition)
    except RefusedRequest as refusal:
        problems = [
            {"place": place.removeprefix(WHOLE).removeprefix("."), "texts": texts}
            for place, texts in refusal.errors.items()
        ]
        return {"problems": problems, "fields": fields}
    return {"found": found, "fields": fields}


def _fields(schema: Mapping[str, Any], above: str = "") -> Iterator[dict[str, str]]:
    """The fields of a schema in its order, those of nested objects below the list of them."""
    for name, of in schema["properties"].items():
        if name in ("family", "only") or "type" not in of:
            continue
        default = json.dumps(of["default"]) if "default" in of else ""
        meaning = of.get("description", "")
        yield {"name": f"{above}{name}", "holds": holds(of), "text": meaning, "default": default}
        items = of.get("items", {})
        if items.get("type") == "object":
            yield from _fields(items, f"{above}{name}[].")
