"""Figures of a device profile: predicted against measured, and what it knows of a space."""

from collections.abc import Mapping, Sequence
from typing import Any

from frontend.plots import Figure, framed

# How much one can rely on a latency, from what is there down to what is not.
TRUST = {
    "measured": 4,
    "looked up": 4,
    "interpolated": 3,
    "predicted": 2,
    "analytic": 1,
    "missing": 0,
}
WORDS = {
    "looked up": "measured",
    "interpolated": "interpolated",
    "predicted": "regressed",
    "analytic": "data sheet",
    "missing": "missing",
}
ROW_PIXELS, LEAST_PIXELS, MOST_PIXELS = 15, 220, 1500


def agreement(judgement: Mapping[str, Any]) -> Figure:
    """Networks that were not learnt from, with their intervals, around the line of equality.

    Args:
        judgement: as a version's fits hold it.
    """
    points = judgement["points"]
    measured = [point["measured_ms"] for point in points]
    predicted = [point["predicted_ms"] for point in points]
    ends = [
        min(*measured, *(point["low_ms"] for point in points)),
        max(*measured, *(point["high_ms"] for point in points)),
    ]
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "equal",
        "meta": {"role": "series-other"},
        "line": {"dash": "dot", "width": 1.5},
        "x": ends,
        "y": ends,
        "hoverinfo": "skip",
    }
    above = [p["high_ms"] - p["predicted_ms"] for p in points]
    below = [p["predicted_ms"] - p["low_ms"] for p in points]
    networks = {
        "type": "scatter",
        "mode": "markers",
        "name": "networks",
        "meta": {"role": "series-front"},
        "x": measured,
        "y": predicted,
        "error_y": {"array": above, "arrayminus": below, "thickness": 1, "width": 2},
        "marker": {"size": 7},
        "text": [point["network"] for point in points],
        "hovertemplate": "measured %{x:.4g} ms<br>predicted %{y:.4g} ms<extra>%{text}</extra>",
    }
    layout = {
        "xaxis": {"title": {"text": "Measured, ms"}},
        "yaxis": {"title": {"text": "Predicted, ms, with 90 % interval"}},
        "showlegend": False,
    }
    return {"data": [line, networks], "layout": framed(layout)}


def coverage_map(operations: Sequence[Mapping[str, Any]]) -> Figure:
    """What is known of each operation: kinds of blocks below each other, sizes beside.

    Args:
        operations: of `services.spaces.device_coverage`.
    """
    sides = sorted({row["side"] for row in operations})
    configs = list(dict.fromkeys(row["config"] for row in operations))
    trust: list[list[int | None]] = [[None] * len(sides) for _ in configs]
    texts = [[""] * len(sides) for _ in configs]
    columns = {side: column for column, side in enumerate(sides)}
    lines = {config: line for line, config in enumerate(configs)}
    for row in operations:
        line, column = lines[row["config"]], columns[row["side"]]
        trust[line][column] = TRUST[row["provenance"]]
        texts[line][column] = words(row)
    heat = {
        "type": "heatmap",
        "meta": {"role": "heat"},
        "x": [f"{side} px" for side in sides],
        "y": configs,
        "z": trust,
        "zmin": 0,
        "zmax": 4,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "text": texts,
        "colorbar": {
            "tickvals": list(range(5)),
            "ticktext": ["missing", "data sheet", "regressed", "interpolated", "measured"],
        },
        "hovertemplate": "%{y}, %{x}<br>%{text}<extra></extra>",
    }
    height = min(max(LEAST_PIXELS, 90 + ROW_PIXELS * len(configs)), MOST_PIXELS)
    layout = {
        "height": height,
        "margin": {"l": 190, "r": 10, "t": 10, "b": 40},
        "xaxis": {"title": {"text": "Side of the input"}, "type": "category"},
        "yaxis": {"autorange": "reversed", "type": "category", "tickfont": {"size": 10}},
    }
    return {"data": [heat], "layout": framed(layout)}


def words(row: Mapping[str, Any]) -> str:
    """How an operation's latency came about, and how far it may be off."""
    text = WORDS[row["provenance"]]
    return text if row["sigma"] is None else f"{text}, ±{164.49 * row['sigma']:.0f} % (90 %)"
