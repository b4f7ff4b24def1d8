"""The tree of a run whose networks begin with the weights of earlier ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from frontend.plots import Figure, framed

Rows = Sequence[Mapping[str, Any]]


def tree(rows: Rows, label: str) -> Figure:
    """Quality over what a network and all its ancestors have cost; lines lead from the parent.

    So networks of equal height compare by the cost of their whole lineages, founders included.
    """
    placed = {row["number"]: row for row in rows if row["work"] and row["value"] is not None}
    edges: dict[str, list[Any]] = {"x": [], "y": []}
    for row in placed.values():
        if row["parent"] in placed:
            ends = (placed[row["parent"]], row)
            edges["x"] += [*(_work(end) for end in ends), None]
            edges["y"] += [*(end["value"] for end in ends), None]
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "parent to child",
        "meta": {"role": "series-other"},
        "hoverinfo": "skip",
        "line": {"width": 1},
        **edges,
    }
    founders = [row for row in placed.values() if row["parent"] is None]
    children = [row for row in placed.values() if row["parent"] is not None]
    dots = [_dots(founders, "from scratch", 2), _dots(children, "inherited", 1)]
    layout = {
        "xaxis": {"title": {"text": "Work of the whole lineage: epochs × GMACs per sample"}},
        "yaxis": {"title": {"text": label}},
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
    }
    return {"data": [line, *dots], "layout": framed(layout) | {"uirevision": "lineage"}}


def _work(row: Mapping[str, Any]) -> float:
    return float(f"{row['work'] / 1e9:.6g}")


def _dots(rows: Rows, name: str, position: int) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "meta": {"role": f"series-{position}"},
        "x": [_work(row) for row in rows],
        "y": [row["value"] for row in rows],
        "text": [
            f"Network {row['number']}<br>{row['epochs']} epochs, "
            f"{row['total_epochs']} with its ancestors"
            for row in rows
        ],
        "hovertemplate": "%{text}<br>%{y:.4g}<extra></extra>",
    }
