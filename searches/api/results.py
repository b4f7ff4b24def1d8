"""REST: what a run has found. Every answer is bounded, however many trials there are."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from searches.api import export, keyset
from searches.api.keyset import Order
from searches.api.models import ModelDetail
from searches.api.run_answers import (
    Events,
    Front,
    FrontMember,
    History,
    Points,
    TrialDetail,
    TrialRow,
    Trials,
    keys,
    shown,
)
from searches.api.run_bodies import ChooseTrial
from searches.models import Run, Trial
from searches.runner import engine
from searches.services import anatomy, lineages, models, reading, trust
from webnas.refusals import RefusedRequest
from webnas.rest.schema import TABLE, query
from webnas.rest.views import Api, accepted, person

PAGE, LARGEST_PAGE = 50, 500
EVENTS = 500
LAYOUTS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
FLAGS = {"true": True, "false": False}


class Results(Api):
    """The results of a run."""

    queryset = Run.objects.select_related("dataset", "space")
    filter_backends = ()

    def _run(self, pk: int) -> Run:
        run: Run = get_object_or_404(Run.objects.visible_to(person(self.request)), pk=pk)
        return run

    @extend_schema(
        operation_id="runs_trials_list",
        parameters=[
            query("status", "Trials in this state.", enum=Trial.Status.values),
            query("on_front", "Trials on the front, or off it.", enum=list(FLAGS)),
            query("ordering", "`number` or the key of an objective; `-` in front: downwards."),
            query("page_size", f"At most {LARGEST_PAGE}.", type="integer", default=PAGE),
            query("cursor", "Where the page starts: take it from `next`."),
        ],
        responses=Trials,
    )
    def trials(self, request: Request, pk: int) -> Response:
        """Trials, page by page; those without a value come last in either order."""
        run = self._run(pk)
        rows = _filtered(run, request)
        cursor = request.query_params.get("cursor", "")
        found, after = keyset.page(
            rows.defer("data", "error"), _order(run, request), cursor, _page_size(request)
        )
        here = request.build_absolute_uri()
        return Response(
            {
                "count": rows.count(),
                "next": after and replace_query_param(here, "cursor", after),
                "results": _rows(run, found),
            }
        )

    @extend_schema(operation_id="runs_trials_retrieve", responses=TrialDetail)
    def trial(self, request: Request, pk: int, number: int) -> Response:
        """A trial with its network, block by block, and where its measures come from."""
        run = self._run(pk)
        trial: Any = get_object_or_404(run.trials, number=number)
        trial.run = run
        genes = engine.genes_of(trial)
        trial.genes = genes
        trial.architecture = engine.space_of(run).describe(genes)
        trial.network = anatomy.breakdown(trial=trial)
        trial.same_as = trial.data.get("same_as")
        trial.lineage = lineages.ancestors(trial) if "lineage" in trial.data else []
        trial.models = list(trial.chosen.order_by("pk").values_list("pk", flat=True))
        return Response(TrialDetail(trial, context={"keys": keys(run)}).data)

    @extend_schema(
        operation_id="runs_trials_choose", request=ChooseTrial, responses={202: ModelDetail}
    )
    def choose(self, request: Request, pk: int, number: int) -> Response:
        """Make a model of a trial: extract, calibrate, perhaps train on, export."""
        run = self._run(pk)
        get_object_or_404(run.trials.only("pk"), number=number)
        body = ChooseTrial(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        model = models.choose(owner=person(request), run=run, number=number, **values)
        return accepted(ModelDetail(model).data)

    @extend_schema(operation_id="runs_front", responses=Front)
    def front(self, request: Request, pk: int) -> Response:
        """The non-dominated trials within the limits."""
        run = self._run(pk)
        members = list(reading.front(run).defer("error"))
        context = {"keys": keys(run), "trained": trust.of_front(run)}
        rows = FrontMember(members, many=True, context=context).data
        return Response({"objectives": reading.objective_labels(run), "results": rows})

    @extend_schema(operation_id="runs_points", responses=Points)
    def points(self, request: Request, pk: int) -> Response:
        """The front and a sample of the other trials, as columns for a plot."""
        return Response(reading.points(self._run(pk)))

    @extend_schema(operation_id="runs_history", responses=History)
    def history(self, request: Request, pk: int) -> Response:
        """How training and search went."""
        return Response(reading.history(self._run(pk)))

    @extend_schema(
        operation_id="runs_events",
        parameters=[query("since", "Lines after this id.", type="integer", minimum=0)],
        responses=Events,
    )
    def events(self, request: Request, pk: int) -> Response:
        """The log, oldest line first."""
        run, since = self._run(pk), _number(request, "since", 0, keyset.HIGHEST_NUMBER)
        names = ("id", "level", "text", "created_at")
        found = list(run.events.filter(pk__gt=since).order_by("pk").values(*names)[:EVENTS])
        return Response({"since": found[-1]["id"] if found else since, "results": found})

    @extend_schema(
        operation_id="runs_export",
        parameters=[query("format", "Layout of the file.", enum=list(LAYOUTS), default="csv")],
        responses=TABLE,
    )
    def export(self, request: Request, pk: int) -> HttpResponseBase:
        """All trials with all measures, as one file."""
        layout = request.query_params.get("format", "csv")
        if layout not in LAYOUTS:
            raise RefusedRequest({"format": [f"{layout[:20]!r}; csv or json."]})
        run = self._run(pk)
        parts = export.as_csv(run) if layout == "csv" else export.as_json(run, shown(run.pk))
        disposition = f'attachment; filename="run-{run.pk}.{layout}"'
        headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-cache"}
        return _streamed(parts, LAYOUTS[layout], headers)


def _streamed(
    parts: Iterator[str], content_type: str, headers: dict[str, str]
) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts, content_type=content_type, headers=headers)


def _rows(run: Run, trials: list[Trial]) -> list[dict[str, Any]]:
    return list(TrialRow(trials, many=True, context={"keys": keys(run)}).data)


def _filtered(run: Run, request: Request) -> Any:
    rows = run.trials.all()
    status = request.query_params.get("status", "")
    if status and status not in Trial.Status.values:
        raise RefusedRequest({"status": [f"One of {', '.join(Trial.Status.values)}."]})
    on_front = request.query_params.get("on_front", "")
    if on_front and on_front not in FLAGS:
        raise RefusedRequest({"on_front": ["true or false."]})
    rows = rows.filter(status=status) if status else rows
    return rows.filter(on_front=FLAGS[on_front]) if on_front else rows


def _order(run: Run, request: Request) -> Order:
    name = request.query_params.get("ordering") or "number"
    known = {"number": None} | {key: f"value_{i}" for i, key in enumerate(keys(run))}
    plain = name.removeprefix("-")
    if plain not in known:
        raise RefusedRequest({"ordering": [f"One of {', '.join(known)}; “-” in front: down."]})
    return Order(known[plain], name.startswith("-"))


def _page_size(request: Request) -> int:
    return min(max(_number(request, "page_size", PAGE, keyset.HIGHEST_NUMBER), 1), LARGEST_PAGE)


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isdecimal() and len(text) <= 10 and int(text) <= most):
        raise RefusedRequest({name: [f"{text[:20]!r} is no whole number up to {most}."]})
    return int(text)
