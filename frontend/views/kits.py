"""The kit: what to time on a device, its download, its token, and this machine by the same kit."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from devices import services as devices
from devices.models import DeviceProfile
from devices.profiles.kit.kit import Kit
from frontend.forms.kits import KitForm
from frontend.views.asking import add_errors, carry_out, signed_in
from searches.models import DataSet, Space
from searches.services import kits
from webnas.accounts import kit_tokens
from webnas.refusals import RefusedRequest
from webnas.rest import downloads

NO_NETWORKS = "table"  # a family whose layers nobody knows


@login_required
@require_safe
def kit(request: HttpRequest) -> HttpResponse:
    """What the kit will be, for the choice in the address."""
    return _page(request, _form(request, request.GET))


@login_required
@require_safe
def download(request: HttpRequest) -> HttpResponseBase:
    """The zip; with a choice that makes none, the page that says why."""
    form = _form(request, request.GET)
    found = _kit(form)
    if found is None:
        return _page(request, form, status=400)
    filename, data = kits.archive_of(found)
    return downloads.content(request, data, filename=filename, content_type="application/zip")


@never_cache
@login_required
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """A token for one profile: the page itself, which shows the secret this once."""
    form = _form(request, request.POST)
    _, secret = kit_tokens.create(owner=signed_in(request), label=_label(form))
    return _page(request, form, secret=secret)


def _label(form: KitForm) -> str:
    space = form.cleaned_data.get("space") if form.is_valid() else None
    return f"Kit: {space.name}"[:100] if space else "Kit"


@login_required
@require_POST
def measure(request: HttpRequest) -> HttpResponse:
    """Measure this machine by the kit of the form: it belongs to all, so that staff alone may."""
    if not getattr(request.user, "is_staff", False):
        raise PermissionDenied("Only staff may measure this machine anew.")
    form = _form(request, request.POST)
    found = _kit(form)
    if found is None:
        return _page(request, form, status=400)
    done = "Queued. Nothing else runs on this machine meanwhile, so that the times are right."
    if carry_out(request, lambda: devices.measure_host(kit=found), done):
        return redirect("device", DeviceProfile.objects.get(is_host=True).pk)
    return _page(request, form, status=409)


def _form(request: HttpRequest, values: Any) -> KitForm:
    spaces = Space.objects.visible_to(request.user).exclude(family=NO_NETWORKS).own_first("pk")
    ready = DataSet.objects.visible_to(request.user).filter(status=DataSet.Status.READY)
    return KitForm(spaces, ready.exclude(kind="table").order_by("name"), values or None)


def _kit(form: KitForm) -> Kit | None:
    """The kit of a valid form; errors of the form say why there is none."""
    if not form.is_bound or not form.is_valid():
        return None
    values = form.cleaned_data
    try:
        return kits.kit_for(space=values["space"], choice=form.choice(), dataset=values["dataset"])
    except RefusedRequest as refusal:
        add_errors(form, refusal.errors)
        return None


def _page(
    request: HttpRequest, form: KitForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    found = _kit(form)
    context = {
        "section": "devices",
        "form": form,
        "expected": kits.expected(found) if found else None,
        "resolutions": kits.resolutions_of(form.cleaned_data["space"]) if found else [],
        "host": _host(request),
        "secret": secret,
        "days": kit_tokens.LIFE.days,
        "address": f"{request.scheme}://{request.get_host()}",
    }
    return render(request, "frontend/kit.html", context, status=status)


def _host(request: HttpRequest) -> DeviceProfile | None:
    """This machine, where it has a profile that this person may renew."""
    if not getattr(request.user, "is_staff", False):
        return None
    found: DeviceProfile | None = DeviceProfile.objects.filter(is_host=True).first()
    return found
