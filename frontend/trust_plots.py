"""The figure of full training beside the score that a search went by."""

from collections.abc import Mapping, Sequence
from typing import Any

from frontend.plots import Figure, d3, framed

Row = Mapping[str, Any]


def scatter(rows: Sequence[Row], x: Mapping[str, Any], y: Mapping[str, Any]) -> Figure:
    """Fully trained quality over the score, with its 90 % interval.

    Args:
        rows: `number`, `x`, `y`, `low` and `high` of each network, and whether it is `on_front`.
        x: key, label, unit, direction and kind of the score.
        y: as x, of the quality.
    """
    sample = [row for row in rows if not row["on_front"]]
    front = [row for row in rows if row["on_front"]]
    data = [_markers(sample, "series-1", "not on the front", x, y)]
    data.append(_markers(front, "series-front", "on the front", x, y))
    layout = {
        "xaxis": {"title": {"text": x["label"]}, "tickformat": d3(x)},
        "yaxis": {"title": {"text": f"{y['label']}, fully trained"}, "tickformat": d3(y)},
        "uirevision": "trust",
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.14, "x": 0},
    }
    return {"data": data, "layout": framed(layout)}


def _markers(
    rows: Sequence[Row], role: str, name: str, x: Mapping[str, Any], y: Mapping[str, Any]
) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "meta": {"role": role},
        "x": [row["x"] for row in rows],
        "y": [row["y"] for row in rows],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [row["high"] - row["y"] for row in rows],
            "arrayminus": [row["y"] - row["low"] for row in rows],
            "thickness": 1,
            "width": 0,
        },
        "text": [str(row["number"]) for row in rows],
        "hovertemplate": f"<b>Network %{{text}}</b><br>{x['label']}: %{{x:{d3(x)}}}"
        f"<br>{y['label']}, fully trained: %{{y:{d3(y)}}}<extra></extra>",
    }
