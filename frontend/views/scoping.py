"""The rows that a request may see; other people's are answered like rows that never were."""

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from devices.models import ProfileVersion
from searches.models import PinnedProfile, Run

# Rows of profiles, what is fitted to them, and the blocks to measure: not for pages of runs.
UNSHOWN = ("device__plan", *(f"version__{name}" for name in ProfileVersion.LARGE))


def own_runs(request: HttpRequest) -> QuerySet[Run]:
    """One's own runs with what pages show of them, without what may be megabytes."""
    pinned = PinnedProfile.objects.select_related("device", "version")
    pins = Prefetch("pinned", pinned.defer(*UNSHOWN))
    runs = Run.objects.owned_by(request.user).select_related("dataset", "space")
    return runs.defer("strategy_state").prefetch_related(pins)


def own_run(request: HttpRequest, pk: int) -> Run:
    """The run; another person's is not there."""
    run: Run = get_object_or_404(own_runs(request), pk=pk)
    return run
