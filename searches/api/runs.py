"""REST: runs, and what a person does with them."""

from collections.abc import Callable
from typing import Any

from django.db.models import Prefetch
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from searches.api.run_answers import RunDetail, RunRow, shown, with_best
from searches.api.run_bodies import CloneRun, CreateRun, ExtendRun, RenameRun
from searches.models import PinnedProfile, Run
from searches.services import runs as services
from searches.services.requests import RunRequest
from webnas.rest.filters import IdFilter, NameFilter, RowFilter
from webnas.rest.views import OwnedRows, accepted, person


class RunFilter(RowFilter):
    name = NameFilter()
    status = filters.MultipleChoiceFilter(choices=Run.Status.choices)
    stage = filters.ChoiceFilter(choices=Run.Stage.choices)
    target = filters.CharFilter()
    strategy = filters.CharFilter()
    evaluator = filters.CharFilter()
    dataset = IdFilter(field_name="dataset_id")
    space = IdFilter(field_name="space_id")
    parent = IdFilter(field_name="parent_id")


class Runs(mixins.ListModelMixin, OwnedRows):
    """Searches."""

    queryset = Run.objects.select_related("dataset", "space")
    serializer_class = RunRow
    filterset_class = RunFilter
    ordering_fields = ("id", "name", "status", "created_at", "ended_at", "n_told", "n_front")

    def paginate_queryset(self, queryset: Any) -> Any:
        runs = queryset.defer("strategy_state", "error", "versions")
        pins = PinnedProfile.objects.select_related("device").defer("device__plan")
        page = super().paginate_queryset(runs.prefetch_related(Prefetch("pinned", pins)))
        with_best(page or [])
        return page

    @extend_schema(responses=RunDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(shown(self.get_object().pk))

    @extend_schema(request=CreateRun, responses={202: RunDetail})
    def create(self, request: Request) -> Response:
        """Start a search; workers take it from there."""
        values = self._checked(CreateRun, request)
        run = services.start_run(owner=person(request), request=RunRequest(**values))
        return accepted(shown(run.pk))

    def _checked(self, body: type[Any], request: Request) -> dict[str, Any]:
        checked = body(data=request.data, context=self.get_serializer_context())
        checked.is_valid(raise_exception=True)
        values: dict[str, Any] = checked.validated_data
        return values

    @extend_schema(request=RenameRun, responses=RunDetail)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Rename a run."""
        run = self.get_own()
        services.rename_run(run=run, **self._checked(RenameRun, request))
        return Response(shown(run.pk))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Delete a run with its trials; 409 while it is active or models come from it."""
        services.delete_run(run=self.get_own())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, act: Callable[[Run], object]) -> dict[str, Any]:
        run = self.get_own()
        act(run)
        return shown(run.pk)

    @extend_schema(request=None, responses=RunDetail)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: int) -> Response:
        """Stop after the work in hand; all that is known is kept."""
        return Response(self._change(lambda run: services.pause_run(run=run)))

    @extend_schema(request=None, responses={202: RunDetail})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: int) -> Response:
        """Go on: after a pause, a lost worker, a full disk or a failure."""
        return accepted(self._change(lambda run: services.resume_run(run=run)))

    @extend_schema(request=None, responses=RunDetail)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        """End for good; results so far stay."""
        return Response(self._change(lambda run: services.cancel_run(run=run)))

    @extend_schema(request=ExtendRun, responses={202: RunDetail})
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: int) -> Response:
        """Search on with a larger budget."""
        return accepted(
            self._change(
                lambda run: services.extend_run(run=run, **self._checked(ExtendRun, request))
            )
        )

    @extend_schema(request=CloneRun, responses={202: RunDetail})
    @action(detail=True, methods=["post"])
    def clone(self, request: Request, pk: int) -> Response:
        """Start a new run with the same choices, but for those in the body.

        With `exact`, 409 names every version that differs: space, data set, device profiles, code.
        """
        run, changes = self.get_own(), self._checked(CloneRun, request)
        is_exact = changes.pop("exact", False)
        return accepted(
            shown(
                services.clone_run(
                    run=run, owner=person(request), changes=changes, is_exact=is_exact
                ).pk
            )
        )
