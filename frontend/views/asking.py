"""What views share: who asks, and how refusals of services reach the page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from webnas.refusals import RefusedRequest


def signed_in(request: HttpRequest) -> User:
    """The user of a view that requires one."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("This view requires a login.")
    return user


def whole_number(text: str) -> int | None:
    """The number that an address or a field holds; None for anything that no row can have."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def carry_out(request: HttpRequest, act: Callable[[], object], done: str = "") -> bool:
    """Do what a button asks for; say what came of it at the top of the next page."""
    try:
        act()
    except RefusedRequest as refusal:
        messages.error(request, spoken(refusal))
        return False
    if done:
        messages.success(request, done)
    return True


def spoken(refusal: RefusedRequest) -> str:
    """A refusal in one paragraph: its fields' messages, or its detail when it has none."""
    found = [message for texts in refusal.errors.values() for message in texts]
    return " ".join(found) or refusal.detail


@contextmanager
def refusals_shown_in(form: forms.Form) -> Iterator[None]:
    """Turn a service's refusal into errors of the form's fields."""
    try:
        yield
    except RefusedRequest as refusal:
        add_errors(form, refusal.errors)
        if not refusal.errors:
            form.add_error(None, refusal.detail)


def add_errors(form: forms.Form, errors: dict[str, list[str]]) -> None:
    for name, texts in errors.items():
        form.add_error(name if name in form.fields else None, texts)


def spoken_errors(form: forms.Form) -> dict[str, list[str]]:
    """Messages of a form, each with the name of the field that it is about."""
    return {
        name: [f"{form.fields[name].label}: {text}" for text in map(str, texts)]
        for name, texts in form.errors.items()
        if name in form.fields
    }


def page_of(request: HttpRequest, rows: QuerySet[Any] | list[Any], size: int) -> Page[Any]:
    """The page that the address asks for; the nearest one that exists."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
