"""Figures of one-shot strategies: what they have decided, how surely, and in how much memory."""

from collections.abc import Mapping
from typing import Any

from frontend.plots import Figure, Points, curve, framed, second_axis

Report = Mapping[str, Any]
MIB = 2**20
MOST_WRITTEN = 9  # options whose probabilities have room for a number each
MOST_COUNTED = 8  # skip connections that have a tick each


def choices(report: Report) -> Figure:
    """The probability of every option of every choice, as a map."""
    found = report.get("choices", [])
    options = list(dict.fromkeys(name for choice in found for name in choice["options"]))
    rows = [dict(zip(choice["options"], choice["weights"], strict=True)) for choice in found]
    trace = {
        "type": "heatmap",
        "meta": {"role": "heat"},
        "x": options,
        "y": [choice["name"] for choice in found],
        "z": [[_rounded(row.get(option)) for option in options] for row in rows],
        "zmin": 0,
        "zmax": 1,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "texttemplate": "%{z:.0%}" if len(options) <= MOST_WRITTEN else "",
        "textfont": {"size": 11},
        "hovertemplate": "%{y}<br>%{x}: %{z:.1%}<extra></extra>",
        "colorbar": {"tickformat": ".0%", "thickness": 10, "outlinewidth": 0},
    }
    layout = {
        "xaxis": {"type": "category", "autotickangles": [0, -35], "showgrid": False},
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False},
        "height": max(240, 90 + 22 * len(found)),
    }
    return {"data": [trace], "layout": framed(layout)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def decisions(points: Points) -> Figure:
    """Entropy of the choices, and skip connections kept: the signs of a collapse."""
    skips = second_axis("Skip connections kept")
    if (most := _most_skips(points)) <= MOST_COUNTED:
        skips |= {"range": [0, 1.02 * max(2, most)], "tickmode": "linear", "dtick": 1}
    layout = {
        "xaxis": {"title": {"text": "Step"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": "Entropy (1: undecided)"}, "range": [0, 1.02]},
        "yaxis2": skips,
    }
    counted = curve(points, "skips", 2) | {"line": {"shape": "hv"}}
    return {
        "data": [curve(points, "entropy", 1), counted],
        "layout": framed(layout) | {"uirevision": "decisions"},
    }


def _most_skips(points: Points) -> float:
    return max((point.get("skips", 0) for point in points), default=0)


def memory(report: Report) -> Figure:
    """Activations kept for the backward pass, by the number of candidates of each choice."""
    found = report.get("memory", {})
    lines = [("two_paths", "two paths", 1), ("mixture", "all candidates at once", 2)]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": label,
            "meta": {"role": f"series-{position}"},
            "x": found.get("candidates", []),
            "y": [round(n_bytes / MIB, 3) for n_bytes in found.get(key, [])],
            "hovertemplate": f"%{{x}} candidates<br>{label}: %{{y:.2f}} MiB<extra></extra>",
        }
        for key, label, position in lines
    ]
    layout = {
        "xaxis": {"title": {"text": "Candidates per choice"}, "dtick": 1},
        "yaxis": {
            "title": {"text": f"MiB for {found.get('batch', 0)} samples"},
            "rangemode": "tozero",
        },
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
    }
    return {"data": data, "layout": framed(layout)}
