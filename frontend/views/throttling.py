"""Uploads by the pages count with those by REST: one rate, one count for each person."""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.throttling import UserRateThrottle

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


class Uploads(UserRateThrottle):
    """Asks and notes under the key that ScopedRateThrottle uses for views of the same scope."""

    scope = "upload"


def counts_as_upload(view: View[P]) -> View[P]:
    """Let the view be called as often as the rate `upload` allows, then answer 429.

    Below `login_required`: the count is that of a person.
    """

    @wraps(view)
    def counted(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        throttle = Uploads()
        # A throttle reads the user and the address alone; it never looks at the view.
        if throttle.allow_request(cast(Any, request), cast(Any, view)):
            return view(request, *args, **kwargs)
        return _later(request, throttle)

    return counted


def _later(request: HttpRequest, throttle: Uploads) -> HttpResponse:
    seconds = math.ceil(throttle.wait() or 1)
    allowed, period = throttle.parse_rate(throttle.get_rate())
    context = {"seconds": seconds, "allowed": allowed, "period": period}
    answer = render(request, "429.html", context, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
