"""REST: how far a run's scores can be trusted."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from searches.api.run_bodies import TrustBody
from searches.api.trust_answers import TrustAnswer
from searches.models import Run
from searches.services import trust
from webnas.rest.views import Api, accepted, person


class Trusts(Api):
    """Full trainings of a run's networks, and what they say of its scores and its front."""

    queryset = Run.objects.select_related("dataset", "space")
    filter_backends = ()

    def _run(self, pk: int, *, own: bool = False) -> Run:
        rows = Run.objects.select_related("dataset", "space")
        asking = person(self.request)
        rows = rows.owned_by(asking) if own else rows.visible_to(asking)
        run: Run = get_object_or_404(rows, pk=pk)
        return run

    def _shown(self, run: Run) -> dict[str, Any]:
        found = trust.state_of(run) | {"networks": trust.trained(run)}
        return dict(TrustAnswer(found).data)

    @extend_schema(operation_id="runs_trust_retrieve", responses=TrustAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """The order of the run's scores beside full training, and beside counting."""
        return Response(self._shown(self._run(pk)))

    @extend_schema(
        operation_id="runs_trust_create", request=TrustBody, responses={202: TrustAnswer}
    )
    def create(self, request: Request, pk: int) -> Response:
        """Train a sample of the networks fully, or the front; what was trained stays."""
        run = self._run(pk, own=True)
        body = TrustBody(data=request.data)
        body.is_valid(raise_exception=True)
        trust.train_sample(run=run, **body.validated_data)
        return accepted(self._shown(run))

    @extend_schema(operation_id="runs_trust_stop", request=None, responses=TrustAnswer)
    def stop(self, request: Request, pk: int) -> Response:
        """Begin no further full training; what is there is kept."""
        run = self._run(pk, own=True)
        trust.stop(run=run)
        return Response(self._shown(run))

    @extend_schema(operation_id="runs_trust_destroy", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove the full trainings, to begin again by another recipe."""
        trust.forget(run=self._run(pk, own=True))
        return Response(status=status.HTTP_204_NO_CONTENT)
