"""Figures of several runs in one: fronts over each other, and hypervolumes.

As in `plots`, a trace names a role, here `run-1` to `run-6`, and the style sheet its colour. Marks
differ, too, for people who see colours otherwise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from frontend import plots
from frontend.plots import Figure

# Plotly's name, and the same mark as a letter for the table.
MARKS = (
    ("circle", "●"),
    ("square", "■"),
    ("diamond", "◆"),
    ("triangle-up", "▲"),
    ("cross", "✚"),
    ("x", "✖"),
)


def fronts(found: Mapping[str, Any], *, x: str, y: str) -> Figure:
    """The fronts of runs over two of their objectives.

    Args:
        found: what `comparing.compare` says.
        x: key of an objective, or "number" for the order of the search.
        y: as x.
    """
    traces: list[Figure] = []
    for position, run in enumerate(found["runs"]):
        scatter = plots.Scatter(plots.rounded(_points(found, run)), x, y)
        lines = [] if plots.ORDER in (x, y) else [scatter.line()]
        traces += [
            _dressed(trace, position, run) | {"hovertemplate": _hover(run, scatter)}
            for trace in (*lines, scatter.markers("front"))
        ]
    layout = {"xaxis": scatter.axis(x), "yaxis": scatter.axis(y)}
    return {"data": traces, "layout": plots.framed(layout) | {"uirevision": f"{x} {y}"}}


def _points(found: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    """A run's front as columns."""
    numbers = run["front"]["number"]
    return {
        "objectives": found["objectives"],
        "number": numbers,
        "values": run["front"]["values"],
        "state": ["front"] * len(numbers),
    }


def _hover(run: Mapping[str, Any], scatter: plots.Scatter) -> str:
    return f"<b>{run['name']}</b><br>{scatter.hover()}"


def _dressed(trace: Figure, position: int, run: Mapping[str, Any]) -> Figure:
    """The trace in the colour and with the mark of its run."""
    symbol = MARKS[position][0]
    looks = {"meta": {"role": f"run-{position + 1}"}, "name": run["name"]}
    return trace | looks | {"marker": {"symbol": symbol, "size": 8, "opacity": 0.85}}


def hypervolumes(runs: Sequence[Mapping[str, Any]]) -> Figure:
    """How much of the common box each run dominates, over the networks judged."""
    traces = [
        _dressed(_curve(run["history"]), position, run)
        | {"hovertemplate": f"<b>{run['name']}</b><br>%{{x}} networks: %{{y:.4f}}<extra></extra>"}
        for position, run in enumerate(runs)
    ]
    return {"data": traces, "layout": plots.hypervolume([])["layout"]}


def _curve(points: Sequence[Mapping[str, Any]]) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines" if len(points) > 1 else "markers",
        "x": [point["step"] for point in points],
        "y": [round(point["hypervolume"], 6) for point in points],
        "line": {"shape": "hv"},
    }
