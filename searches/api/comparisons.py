"""REST: runs side by side."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from searches.api.keyset import HIGHEST_NUMBER
from searches.api.run_answers import Objective
from searches.models import Run
from searches.services import comparing
from webnas.refusals import RefusedRequest
from webnas.rest.schema import query
from webnas.rest.views import Api, person

MOST_NAMED = 20  # with repetitions


class Ends(serializers.Serializer[Any]):
    """Of an objective, in its unit."""

    ideal = serializers.FloatField()
    reference = serializers.FloatField()


class ComparedFront(serializers.Serializer[Any]):
    """Columns: numbers of the trials, and a list of values for each objective."""

    number = serializers.ListField(child=serializers.IntegerField())
    values = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))


class ComparedPoint(serializers.Serializer[Any]):
    step = serializers.IntegerField()
    hypervolume = serializers.FloatField()


class ComparedRun(serializers.Serializer[Any]):
    """A run beside others; `hypervolume` is a share of the common box, `elapsed` in seconds."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    status = serializers.CharField()
    strategy = serializers.CharField()
    evaluator = serializers.CharField()
    space = serializers.CharField()
    budget = serializers.IntegerField()
    n_told = serializers.IntegerField()
    n_front = serializers.IntegerField()
    seconds = serializers.FloatField()
    elapsed = serializers.FloatField(allow_null=True)
    best = serializers.DictField(child=serializers.FloatField())
    hypervolume = serializers.FloatField()
    front = ComparedFront()
    history = ComparedPoint(many=True)


class Comparison(serializers.Serializer[Any]):
    """Runs with one data set and the same objectives; `scale` is the box that holds them all."""

    objectives = Objective(many=True)
    scale = serializers.DictField(child=Ends())
    runs = ComparedRun(many=True)


class Comparisons(Api):
    """Runs side by side."""

    queryset = Run.objects.select_related("dataset", "space").prefetch_related("pinned")
    filter_backends = ()

    @extend_schema(
        operation_id="runs_compare",
        parameters=[query("ids", "Two to six runs, such as `3,7`.", required=True)],
        responses=Comparison,
    )
    def retrieve(self, request: Request) -> Response:
        """Fronts, hypervolume curves and figures of runs that share data set and objectives."""
        ids = _ids(request.query_params.get("ids", ""))
        visible = self.queryset.visible_to(person(request)).defer("strategy_state")
        rows = visible.in_bulk([pk for pk in ids if pk <= HIGHEST_NUMBER])
        if missing := [str(pk) for pk in ids if pk not in rows]:
            raise Http404(f"You have no run with the id {', '.join(missing)}.")
        found = comparing.compare([rows[pk] for pk in ids])
        return Response(Comparison(found).data)


def _ids(text: str) -> list[int]:
    """Different ids in the order asked for."""
    parts = text.split(",", MOST_NAMED)
    if len(parts) > MOST_NAMED:
        raise RefusedRequest({"ids": [f"At most {MOST_NAMED}."]})
    for part in parts:
        if not (part.isascii() and part.isdecimal() and len(part) <= 10):
            raise RefusedRequest({"ids": [f"{part[:20]!r}; ids such as 3,7 are needed."]})
    return list(dict.fromkeys(map(int, parts)))
