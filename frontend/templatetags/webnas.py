"""Tags and filters of the templates."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from frontend import formats
from frontend.icons import PATHS

register = template.Library()

register.filter("duration", formats.duration)
register.filter("n_bytes", formats.n_bytes)
register.filter("count", formats.count)
register.filter("samples", formats.samples)
register.filter("figure", formats.figure)
register.filter("size_of_space", formats.size_of_space)
register.filter("networks", formats.networks)

# Colours of statuses (USERS, 3.5): grey waits, blue runs, green is done, orange rests, red broke.
COLOURS = {
    "running": "blue live",
    "training": "blue live",
    "exporting": "blue live",
    "reading": "blue live",
    "measuring": "blue live",
    "finished": "green",
    "ready": "green",
    "paused": "orange",
    "infeasible": "orange",
    "failed": "red",
    "refused": "red",
    "no_space": "red",
    "lost": "red",
}
# How much a provenance is worth: its own result, or an estimate.
WORTH = {
    "measured": "strong",
    "looked up": "strong",
    "fully trained": "strong",
    "table": "strong",
    "analytic": "weak",
    "proxy": "weak",
}
MEANINGS = {
    "measured": "Timed end to end on the device.",
    "looked up": "Every block was timed on the device; the sum of these rows.",
    "interpolated": "Between rows that were timed at neighbouring sizes.",
    "predicted": "By a regression on the timed blocks.",
    "analytic": "Computed from peak speed and memory bandwidth, or counted exactly.",
    "table": "As the uploaded table says.",
    "fully trained": "The network was trained on its own to the end.",
    "supernet": "With weights shared with all other networks, batch norm measured anew.",
    "reduced": "Trained for less than the whole recipe.",
    "inherited": "With weights taken over from another network.",
    "predicted weights": "With weights that a hypernetwork wrote, without any training.",
    "proxy": "An estimate that trains nothing.",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """An inline icon without a meaning of its own: the text beside it says what it is."""
    return format_html(
        '<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.5" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>',
        mark_safe(PATHS[name]),  # noqa: S308 (our own constant)
    )


@register.simple_tag
def chip(status: str, label: str = "") -> SafeString:
    """A status as a coloured chip."""
    colour = COLOURS.get(status, "")
    return format_html('<span class="chip {}">{}</span>', colour, label or status)


@register.simple_tag
def origin(provenance: str, is_count: bool = False) -> SafeString:
    """How a value came about, with what that means as a tooltip; a count is no estimate."""
    return format_html(
        '<span class="tag {}" title="{}">{}</span>',
        "" if is_count else WORTH.get(provenance, ""),
        MEANINGS.get(provenance, ""),
        provenance,
    )


@register.filter
def ago(moment: datetime | None) -> str:
    """Relative time; the exact one on hover."""
    if moment is None:
        return formats.MISSING
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}" class="nowrap">{}</time>',
        moment.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S %Z"),
        naturaltime(moment).replace("\xa0", " "),
    )


@register.filter
def item(mapping: Mapping[str, Any], key: str) -> Any:
    """`mapping[key]`, or nothing."""
    return mapping.get(key)


@register.filter
def share(value: float | None) -> str:
    """A fraction as a whole percent."""
    return formats.MISSING if value is None else f"{100 * value:.0f} %"


@register.filter
def css_share(value: float | None) -> str:
    """A fraction for a style attribute, whatever the locale."""
    return f"{min(max(value or 0.0, 0.0), 1.0):.4f}"


@register.filter
def percent(value: float | None) -> int:
    """A fraction as a whole number of percent."""
    return round(100 * (value or 0.0))


@register.filter
def ms(value: float) -> str:
    return formats.quantity(value, "latency")


@register.filter("json")
def as_json(value: Any) -> str:
    """Compact JSON; escaped like any other text."""
    return json.dumps(value)


@register.filter
def pretty_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def as_text(value: object) -> str:
    return str(value)


@register.filter
def scientific(value: float) -> str:
    return f"{value:.1e}" if value else "0"


@register.filter
def signed_share(value: float) -> str:
    """A deviation with its sign."""
    return f"{100 * value:+.2f} %".replace("-", "−")


@register.filter
def precise_share(value: float) -> str:
    """A score with the digits that a comparison needs."""
    return f"{100 * value:.2f} %"
