"""Logging in and out, and one's own API tokens."""

import ipaddress
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from frontend.forms.accounts import TokenForm
from frontend.views.asking import signed_in
from webnas.accounts import attempts
from webnas.accounts.models import ApiToken, LoginLink

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


class Login(LoginView):
    """Name and password; the one-time link is for the person at the machine."""

    template_name = "frontend/login.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        address, name = request.META.get("REMOTE_ADDR", ""), request.POST.get("username", "")
        form = self.get_form()
        if attempts.is_refused(address, name):
            form.add_error(None, "Too many failed logins.")
            context = self.get_context_data(form=form, is_refused=True)
            return self.render_to_response(context, status=429)
        if not form.is_valid():
            attempts.note_failure(address, name)
            return self.form_invalid(form)
        attempts.forget(address, name)
        return self.form_valid(form)


def is_local(request: HttpRequest) -> bool:
    """Whether the request was made on this machine, to this machine, and passed on by nobody."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    host = request.get_host()
    name = host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]
    is_direct = "HTTP_X_FORWARDED_FOR" not in request.META and "HTTP_FORWARDED" not in request.META
    return address.is_loopback and name in LOOPBACK_NAMES and is_direct


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Log the link's user in. Only a POST uses the link up: previews of it do no harm."""
    if not is_local(request):
        raise Http404
    if request.method != "POST":
        return _unreferred(render(request, "frontend/login_link.html"))
    user = LoginLink.redeem(secret)
    if not isinstance(user, User) or not user.is_active:
        messages.error(
            request,
            "This link was used before or is older than 15 minutes. "
            "“manage.py login_link” prints a new one.",
        )
        return redirect("login")
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("run-list")


def _unreferred(response: HttpResponse) -> HttpResponse:
    """The address is a secret: no other page gets to know it."""
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return _account(request, TokenForm())


@never_cache
@login_required
@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    """Answers with the page itself: the secret is shown this once, and kept nowhere."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _account(request, form, status=400)
    _, secret = ApiToken.create(owner=signed_in(request), **form.cleaned_data)
    return _account(request, TokenForm(), secret=secret)


def _account(
    request: HttpRequest, form: TokenForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    tokens = ApiToken.objects.owned_by(request.user)
    context = {"section": "account", "form": form, "tokens": tokens, "secret": secret}
    return render(request, "frontend/account.html", context, status=status)


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.owned_by(request.user), pk=pk)
    token.delete()
    messages.success(request, f"“{token.label}” is revoked; scripts that use it are refused now.")
    return redirect("account")
