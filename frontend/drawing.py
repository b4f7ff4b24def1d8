"""A network as an inline SVG: one bar per block, in order.

Width: the block's share of the latency. Height: the side of its output, or the number of its
channels in a network without maps. Colour: its kernel.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, BAR_HEIGHT, BOTTOM = 400.0, 112.0, 28.0
LEAST_WIDTH = 6.0
LEAST_HEIGHT = 14.0
KERNELS = (1, 3, 5, 7)


def network(blocks: Sequence[Mapping[str, Any]], device: str | None) -> SafeString:
    """The drawing; without a device that has latencies the widths show the share of the MACs."""
    if not blocks:  # the row of a table of known results
        return SafeString()
    widths = _widths([_weight(block, device) for block in blocks])
    levels = [block["cout"] if is_flat(blocks) else block["out_side"] for block in blocks]
    bars, x = [], 0.0
    for block, width, level in zip(blocks, widths, levels, strict=True):
        height = LEAST_HEIGHT + (BAR_HEIGHT - LEAST_HEIGHT) * level / max(levels)
        bars.append(Bar(block, device, x, width, height))
        x += width
    return format_html(
        '<svg class="network" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        f"{WIDTH:g}",
        f"{BAR_HEIGHT + BOTTOM:g}",
        _summary(blocks, device),
        format_html_join("", "{}", ((bar.svg(),) for bar in bars)),
        "" if is_flat(blocks) else _stages(bars),
    )


def is_flat(blocks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the network works on rows of numbers all along, not on maps."""
    return all(block["side"] == block["out_side"] == 1 for block in blocks)


def _weight(block: Mapping[str, Any], device: str | None) -> float:
    if device in block["devices"]:
        share: float = block["devices"][device]["share"]
        return share
    return float(block["macs"])


def _widths(weights: Sequence[float]) -> list[float]:
    """Widths that fill the drawing, none so small that it cannot be seen."""
    total = sum(weights) or 1.0
    spare = WIDTH - LEAST_WIDTH * len(weights)
    return [LEAST_WIDTH + spare * weight / total for weight in weights]


class Bar:
    """One block of the drawing."""

    def __init__(
        self,
        block: Mapping[str, Any],
        device: str | None,
        x: float,
        width: float,
        height: float,
    ):
        self.block, self.device = block, device
        self.x, self.width, self.height = x, width, height

    @property
    def kernel(self) -> int:
        kernel = self.block["kernel"] or 0
        return kernel if kernel in KERNELS else 0

    def svg(self) -> SafeString:
        y = BAR_HEIGHT - self.height
        return format_html(
            '<g><title>{}</title><rect class="k{}" x="{}" y="{}" width="{}" height="{}" rx="3"/>'
            "{}</g>",
            describe(self.block, self.device),
            self.kernel,
            f"{self.x:.1f}",
            f"{y:.1f}",
            f"{self.width:.1f}",
            f"{self.height:.1f}",
            self._text(),
        )

    def _text(self) -> SafeString | str:
        """Kernel and expansion inside the bar, where they fit."""
        if self.block["type"] != "mbconv" or self.width < 17:
            return ""
        lines = [f"{self.block['kernel']}"]
        if self.block["expand"] and self.height > 34 and self.width > 24:
            lines.append(f"×{self.block['expand']:g}")
        middle, y = self.x + self.width / 2, BAR_HEIGHT - 7 - 13 * (len(lines) - 1)
        on = "in on7" if self.kernel == 7 else "in"
        parts = ((on, f"{middle:.1f}", f"{y + 13 * row:.1f}", t) for row, t in enumerate(lines))
        return format_html_join(
            "", '<text class="{}" x="{}" y="{}" text-anchor="middle">{}</text>', parts
        )


def _stages(bars: Sequence[Bar]) -> SafeString:
    """Brackets below blocks whose outputs have one size."""
    marks = []
    for side, group in groupby(bars, key=lambda bar: bar.block["out_side"]):
        members = list(group)
        start, end = members[0].x + 1.5, members[-1].x + members[-1].width - 1.5
        y = BAR_HEIGHT + 5
        path = f"M{start:.1f} {y:g}v3H{end:.1f}v-3"
        label = f"{side}×{side}" if end - start > 30 else ""
        marks.append((path, f"{(start + end) / 2:.1f}", f"{y + 16:g}", label))
    return format_html_join(
        "",
        '<path class="stage" d="{}"/><text x="{}" y="{}" text-anchor="middle">{}</text>',
        marks,
    )


def describe(block: Mapping[str, Any], device: str | None) -> str:
    """One block in words, for the tooltip and for readers of the screen."""
    parts = [block["name"]]
    if block["kernel"]:
        parts.append(f"{block['kernel']}×{block['kernel']}")
    if block["expand"]:
        parts.append(f"expand {block['expand']:g}")
    parts.append(f"{block['cin']}→{block['cout']} channels")
    if block["side"] > 1:
        parts.append(f"{block['side']}→{block['out_side']} px")
    cost = block["devices"].get(device)
    if cost:
        parts.append(f"{cost['latency_ms']:.3g} ms, {100 * cost['share']:.0f} % of the latency")
    return ", ".join(parts)


def _summary(blocks: Sequence[Mapping[str, Any]], device: str | None) -> str:
    n_mbconv = sum(block["type"] == "mbconv" for block in blocks)
    slowest = max(blocks, key=lambda block: _weight(block, device))
    found = f"Network of {len(blocks)} layers"
    if n_mbconv:
        found += f", {n_mbconv} of them MBConv blocks"
    if not is_flat(blocks):
        found += f", on {blocks[0]['side']} pixel images"
    return f"{found}. Most costly: {describe(slowest, device)}."
