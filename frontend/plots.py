"""Figures as dicts, for Plotly in the browser.

They carry no colours: a trace says in `meta.role` what it is, and the page's style sheet says what
that looks like, in light and dark. `customdata` of a point is its trial's number, followed by the
values of all objectives, so that a click and the limit sliders need nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frontend import formats

Figure = dict[str, Any]
Points = Sequence[Mapping[str, Any]]

# Above this many points SVG gets slow, and WebGL draws instead.
SVG_POINTS = 5000
ORDER = "number"
# Kinds of measures whose values are written as they are.
PLAIN = ("result", "proxy")
# Drawn in this order: the front lies on top.
UPON = {"fallen": "fell off at full training", "full": "fully trained"}
ROLES = {
    "infeasible": "beyond a limit",
    "reduced": "judged with less effort",
    "dominated": "dominated",
    "front": "front",
}
# Figures of a training that are no curve of their own.
NO_CURVE = {"step", "total", "learning_rate", "seconds", "phase"}
# Figures from 0 to 1 that are read in percent.
SHARES = {"accuracy"}


def front(points: Mapping[str, Any], *, x: str, y: str, log_x: bool = False) -> Figure:
    """The scatter of a run's networks over two of its objectives.

    Args:
        points: columns from `reading.points`.
        x: key of an objective, or "number" for the order of the search.
        y: as x.
        log_x: logarithmic x axis.
    """
    scatter = Scatter(rounded(points), x, y)
    layout = {"xaxis": scatter.axis(x), "yaxis": scatter.axis(y)}
    if log_x:
        layout["xaxis"]["type"] = "log"
    traces = [] if ORDER in (x, y) else [scatter.line()]
    traces += [scatter.markers(state) for state in ROLES]
    traces += [scatter.fallen(), scatter.fully()] if points.get("trained") else []
    return {"data": traces, "layout": framed(layout) | {"uirevision": f"{x} {y} {log_x}"}}


def rounded(points: Mapping[str, Any]) -> dict[str, Any]:
    """Six digits of each value: more cannot be seen, and thousands of points would send them."""
    values = [_rounded(column) for column in points["values"]]
    further = {key: _rounded(column) for key, column in points.get("measures", {}).items()}
    return {**points, "values": values, "measures": further}


def _rounded(column: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else float(f"{value:.6g}") for value in column]


@dataclass(frozen=True)
class Scatter:
    """Points over two axes."""

    points: Mapping[str, Any]
    x: str
    y: str

    def column(self, key: str) -> Sequence[float | None]:
        if key == ORDER:
            numbers: Sequence[float] = self.points["number"]
            return numbers
        keys = [objective["key"] for objective in self.points["objectives"]]
        further = self.points.get("measures", {})
        values: Sequence[float | None] = (
            self.points["values"][keys.index(key)] if key in keys else further[key]
        )
        return values

    def labels(self) -> list[dict[str, Any]]:
        """What is known of each column, by key."""
        return [*self.points["objectives"], *self.points.get("further", [])]

    def drawn(self, state: str) -> list[int]:
        """Positions of the points in this state that have both values."""
        columns = zip(self.points["state"], self.column(self.x), self.column(self.y), strict=True)
        return [
            position
            for position, (found, x, y) in enumerate(columns)
            if found == state and x is not None and y is not None
        ]

    def markers(self, state: str) -> Figure:
        drawn, xs, ys = self.drawn(state), self.column(self.x), self.column(self.y)
        numbers, values = self.points["number"], self.points["values"]
        return {
            "type": "scatter" if len(numbers) <= SVG_POINTS else "scattergl",
            "mode": "markers",
            "name": ROLES[state],
            "meta": {"role": state},
            "x": [xs[i] for i in drawn],
            "y": [ys[i] for i in drawn],
            "customdata": [[numbers[i], *(column[i] for column in values)] for i in drawn],
            "hovertemplate": self.hover(),
        }

    def fallen(self) -> Figure:
        """Crosses on the members of the front that another one beats at full training."""
        trained, numbers = self.points["trained"], self.points["number"]
        crossed = [i for i in self.drawn("front") if numbers[i] in trained]
        return self._upon(
            [i for i in crossed if trained[numbers[i]]["fell_off"]], "fallen", "x-thin", {}
        )

    def fully(self) -> Figure:
        """What full training made of the front, where one of the axes is such a quality."""
        trained, numbers = self.points["trained"], self.points["number"]
        drawn = [i for i in self.drawn("front") if numbers[i] in trained]
        moved: dict[str, list[Any]] = {}
        for axis, key in (("x", self.x), ("y", self.y)):
            found = [trained[numbers[i]]["values"].get(key) for i in drawn]
            if drawn and None not in found:
                moved[axis] = found
        return self._upon(drawn if moved else [], "full", "diamond-open", moved)

    def _upon(
        self, drawn: list[int], role: str, symbol: str, moved: Mapping[str, list[Any]]
    ) -> Figure:
        """Marks at points of the front, or at where full training has moved them."""
        trained, numbers = self.points["trained"], self.points["number"]
        values = self.points["values"]
        texts = [trained[numbers[i]]["text"] for i in drawn]
        return {
            "type": "scatter",
            "mode": "markers",
            "name": UPON[role],
            "meta": {"role": role},
            "marker": {"symbol": symbol},
            "x": moved.get("x", [self.column(self.x)[i] for i in drawn]),
            "y": moved.get("y", [self.column(self.y)[i] for i in drawn]),
            "customdata": [[numbers[i], *(column[i] for column in values)] for i in drawn],
            "text": texts,
            "hovertemplate": "<b>Network %{customdata[0]}</b><br>%{text}<extra></extra>",
        }

    def hover(self) -> str:
        lines = ["<b>Network %{customdata[0]}</b>"]
        for position, objective in enumerate(self.points["objectives"], start=1):
            value = f"%{{customdata[{position}]:{d3(objective)}}}"
            lines.append(f"{objective['label']}: {value}{_suffix(objective)}")
        for measure in self.points.get("further", []):
            axis = "x" if measure["key"] == self.x else "y"
            value = f"%{{{axis}:{d3(measure)}}}"
            lines.append(f"{measure['label']}: {value}{_suffix(measure)}")
        return "<br>".join(lines) + "<extra></extra>"

    def line(self) -> Figure:
        """The staircase of the front's members that are best in these two axes."""
        directions = {label["key"]: label["direction"] for label in self.labels()}
        sign_x, sign_y = (-1 if directions[key] == "max" else 1 for key in (self.x, self.y))
        xs, ys = self.column(self.x), self.column(self.y)
        losses = sorted((sign_x * xs[i], sign_y * ys[i]) for i in self.drawn("front"))  # type: ignore[operator]
        steps = list(_best(losses))
        return {
            "type": "scatter",
            "mode": "lines",
            "meta": {"role": "line"},
            "x": [sign_x * step[0] for step in steps],
            "y": [sign_y * step[1] for step in steps],
            "line": {"shape": "hv"},
            "hoverinfo": "skip",
        }

    def axis(self, key: str) -> dict[str, Any]:
        if key == ORDER:
            return {"title": {"text": "Order of the search"}}
        objective = next(label for label in self.labels() if label["key"] == key)
        unit = f" ({objective['unit']})" if objective["unit"] not in ("", "B") else ""
        better = "higher" if objective["direction"] == "max" else "lower"
        return {
            "title": {"text": f"{objective['label']}{unit} · {better} is better"},
            "tickformat": d3(objective),
            "ticksuffix": "B" if objective["unit"] == "B" else "",
        }


def d3(objective: Mapping[str, Any]) -> str:
    """How Plotly writes this objective's values: percent, plain, or with a prefix."""
    if is_share(objective):
        return ".1%"
    if objective.get("kind") in PLAIN:
        return ".4~g"
    return ".3~s" if objective["unit"] in ("", "B") else ".3~g"


def is_share(objective: Mapping[str, Any]) -> bool:
    kind = objective.get("kind") or formats.measure_of(objective["key"]).kind
    return bool(kind == "quality" and objective["unit"] == "")


def _suffix(objective: Mapping[str, Any]) -> str:
    return f" {objective['unit']}" if objective["unit"] not in ("", "B") else objective["unit"]


def _best(ascending: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Of pairs of losses in ascending order, those that no other dominates."""
    lowest = float("inf")
    for first, second in ascending:
        if second < lowest:
            lowest = second
            yield first, second


def framed(layout: dict[str, Any]) -> dict[str, Any]:
    """What all plots share."""
    axes = {
        axis: {"automargin": True, "zeroline": False, **layout[axis]}
        for axis in ("xaxis", "yaxis")
    }
    margin = {"l": 56, "r": 18, "t": 12, "b": 48}
    return {"showlegend": False, "hovermode": "closest", "margin": margin, **layout, **axes}


def ranges(points: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a limit slider needs of each objective: the span of the values that were found."""
    found = []
    for objective, column in zip(points["objectives"], points["values"], strict=True):
        known = [value for value in column if value is not None]
        ends = {"min": min(known, default=0), "max": max(known, default=0)}
        kept = {name: objective[name] for name in ("key", "label", "direction", "unit")}
        is_plain = objective.get("kind") in PLAIN
        found.append(kept | ends | {"isShare": is_share(objective), "isPlain": is_plain})
    return found


def note(points: Mapping[str, Any], *, x: str = ORDER, y: str = ORDER) -> str:
    """What a plot shows of what there is; nothing is left out silently."""
    states = points["state"]
    if not states:
        return ""
    n_front, n_infeasible = states.count("front"), states.count("infeasible")
    n_reduced = states.count("reduced")
    n_others, n_failed = len(states) - n_front, points.get("failed", 0)
    total = max(points["total"] - n_failed - n_front, n_others)
    if n_others < total:
        sample = f"{n_others:,} of {total:,} others as an even sample"
        parts = [f"all {n_front:,} front points", sample]
    else:
        parts = [f"{n_front:,} on the front", f"{states.count('dominated'):,} dominated"]
        parts += [f"{n_reduced:,} judged with less effort"] if n_reduced else []
        parts += [f"{n_infeasible:,} beyond a limit"] if n_infeasible else []
    scatter = Scatter(points, x, y)
    n_missing = len(states) - sum(len(scatter.drawn(state)) for state in ROLES)
    parts += [f"{n_missing:,} of them without a value on these axes"] if n_missing else []
    parts += [f"{n_failed:,} failed, not drawn"] if n_failed else []
    return "Showing " + ", ".join(parts) + "." + _note_on_full_training(points)


def _note_on_full_training(points: Mapping[str, Any]) -> str:
    trained = points.get("trained")
    if not trained:
        return ""
    fallen = sum(bool(row["fell_off"]) for row in trained.values())
    text = f" Diamonds: {len(trained):,} of the front fully trained"
    return (
        f"{text}; {fallen:,} crossed out, which another one then beats." if fallen else f"{text}."
    )


def training(points: Points) -> Figure:
    """The first two figures that a training reports, over its steps."""
    names = list(dict.fromkeys(n for p in points for n in p if n not in NO_CURVE))[:2]
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": "Step"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": _title(names[0]) if names else ""}, "rangemode": "tozero"},
    }
    if points and points[-1].get("total"):
        layout["xaxis"]["range"] = [0, points[-1]["total"]]
    if len(names) > 1:
        layout["yaxis2"] = second_axis(_title(names[1]))
        if names[1] in SHARES:
            layout["yaxis2"] |= {"range": [0, 1.02], "tickformat": ".0%"}
    curves = [curve(points, name, position) for position, name in enumerate(names, start=1)]
    return {"data": curves, "layout": framed(layout) | {"uirevision": "training"}}


def curve(points: Points, name: str, position: int) -> Figure:
    known = [p for p in points if p.get(name) is not None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": _words(name),
        "meta": {"role": f"series-{position}"},
        "x": [p["step"] for p in known],
        "y": [p[name] for p in known],
        "yaxis": "y" if position == 1 else f"y{position}",
        "hovertemplate": f"step %{{x}}<br>{_words(name)} %{{y:.4~g}}<extra></extra>",
    }


def second_axis(title: str) -> dict[str, Any]:
    """An axis at the right, with round ticks of its own instead of the left one's places."""
    return {
        "title": {"text": title},
        "overlaying": "y",
        "side": "right",
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
        "rangemode": "tozero",
        "tickmode": "auto",
    }


def _words(name: str) -> str:
    return name.replace("_", " ")


def _title(name: str) -> str:
    return _words(name).capitalize()


def hypervolume(points: Points) -> Figure:
    """How much of the box between ideal and reference is dominated, over the trials judged."""
    trace = {
        "type": "scatter",
        "mode": "lines",
        "meta": {"role": "series-front"},
        "x": [p["step"] for p in points],
        "y": [p.get("hypervolume") for p in points],
        "customdata": [p.get("front", 0) for p in points],
        "line": {"shape": "hv"},
        "hovertemplate": "%{x} networks<br>hypervolume %{y:.4f}<br>"
        "front of %{customdata}<extra></extra>",
    }
    layout = {
        "xaxis": {"title": {"text": "Networks judged"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": "Hypervolume"}, "tickformat": ".3~f"},
    }
    return {"data": [trace], "layout": framed(layout) | {"uirevision": "hypervolume"}}
