"""The figure of a space in many sizes: how many multiply-accumulates its networks have."""

from collections.abc import Mapping, Sequence
from typing import Any

from frontend.plots import Figure, framed


def distributions(sizes: Sequence[Mapping[str, Any]]) -> Figure:
    """For every size the share of networks within the limits that have at most so many MACs.

    The proposed size is drawn last, on top of the others; sizes with too few networks to tell are
    left out, unless one of them is proposed.

    Args:
        sizes: as `services.adjusting.adjusted` tells them.
    """
    alive = [size for size in sizes if size["is_sure"] or size["is_proposed"]]
    ordered = sorted(alive, key=lambda size: size["is_proposed"])
    layout = {
        "xaxis": {
            "title": {"text": "MACs of networks within the limits"},
            "rangemode": "tozero",
            "tickformat": ".3~s",
        },
        "yaxis": {
            "title": {"text": "Share with no more"},
            "tickformat": ".0%",
            "range": [0, 1.02],
        },
    }
    return {"data": [_curve(size) for size in ordered], "layout": framed(layout)}


def _curve(size: Mapping[str, Any]) -> Figure:
    values = size["distribution"]
    name = f"width {size['width']:g}, {size['resolution']} pixels"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "meta": {"role": "series-front" if size["is_proposed"] else "series-other"},
        "line": {"width": 3 if size["is_proposed"] else 1},
        "opacity": 1 if size["is_proposed"] else 0.75,
        "x": [float(f"{value:.6g}") for value in values],
        "y": [position / (len(values) - 1) for position in range(len(values))],
        "hovertemplate": f"{name}<br>%{{y:.0%}} have at most %{{x:.3s}}<extra></extra>",
    }
