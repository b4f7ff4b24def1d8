"""Figures as dicts."""

import pytest

from frontend import plots

ACCURACY = {"key": "accuracy", "label": "Accuracy", "unit": "", "direction": "max"}
LATENCY = {"key": "latency@3", "label": "Latency on X", "unit": "ms", "direction": "min"}
STORAGE = {"key": "storage", "label": "Storage", "unit": "B", "direction": "min"}


def points(rows, *, total=None, failed=0):
    """Columns from (number, accuracy, latency, storage, state)."""
    numbers, accuracy, latency, storage, states = (list(c) for c in zip(*rows, strict=True))
    return {
        "objectives": [ACCURACY, LATENCY, STORAGE],
        "number": numbers,
        "values": [accuracy, latency, storage],
        "state": states,
        "shown": len(rows),
        "total": total or len(rows) + failed,
        "failed": failed,
    }


FEW = points(
    [
        (1, 0.90, 1.0, 5e4, "front"),
        (2, 0.95, 2.0, 4e4, "front"),
        (3, 0.80, 3.0, 9e4, "dominated"),
        (4, 0.99, 9.0, 9e4, "infeasible"),
        (5, 0.88, 1.5, 2e4, "front"),
    ],
    failed=2,
)


def traces(figure):
    return {trace["meta"]["role"]: trace for trace in figure["data"]}


def test_scores_of_less_effort_are_a_group_of_their_own():
    rows = [(1, 0.9, 1.0, 5e4, "front"), (2, 0.1, 0.5, 5e4, "reduced")]
    found = traces(plots.front(points(rows), x="latency@3", y="accuracy"))
    assert found["reduced"]["customdata"] == [[2, 0.1, 0.5, 5e4]]
    assert not found["dominated"]["x"]
    assert "1 judged with less effort" in plots.note(points(rows))


def test_each_state_is_a_trace_of_its_own():
    found = traces(plots.front(FEW, x="latency@3", y="accuracy"))
    assert found["front"]["x"] == [1.0, 2.0, 1.5]
    assert found["dominated"]["y"] == [0.80]
    assert found["infeasible"]["x"] == [9.0]


def test_a_point_carries_its_number_and_all_values():
    found = traces(plots.front(FEW, x="latency@3", y="accuracy"))
    assert found["dominated"]["customdata"] == [[3, 0.80, 3.0, 9e4]]


def test_the_line_joins_what_is_best_in_the_two_axes():
    line = traces(plots.front(FEW, x="latency@3", y="accuracy"))["line"]
    assert list(zip(line["x"], line["y"], strict=True)) == [(1.0, 0.90), (2.0, 0.95)]


def test_the_line_turns_with_the_direction_of_the_axes():
    line = traces(plots.front(FEW, x="accuracy", y="storage"))["line"]
    assert list(zip(line["x"], line["y"], strict=True)) == [(0.95, 4e4), (0.88, 2e4)]


def test_the_order_of_the_search_is_an_axis_without_a_line():
    found = traces(plots.front(FEW, x="number", y="accuracy"))
    assert "line" not in found
    assert found["front"]["x"] == [1, 2, 5]


def test_axes_say_unit_and_what_is_better():
    layout = plots.front(FEW, x="latency@3", y="accuracy")["layout"]
    assert layout["xaxis"]["title"]["text"] == "Latency on X (ms) · lower is better"
    assert layout["yaxis"]["title"]["text"] == "Accuracy · higher is better"
    assert layout["yaxis"]["tickformat"] == ".1%"


def test_bytes_keep_their_unit_at_the_ticks():
    axis = plots.front(FEW, x="storage", y="accuracy")["layout"]["xaxis"]
    assert (axis["tickformat"], axis["ticksuffix"]) == (".3~s", "B")


def test_zoom_survives_a_refresh_and_not_a_change_of_axes():
    one = plots.front(FEW, x="latency@3", y="accuracy")["layout"]["uirevision"]
    again = plots.front(FEW, x="latency@3", y="accuracy")["layout"]["uirevision"]
    other = plots.front(FEW, x="storage", y="accuracy")["layout"]["uirevision"]
    assert one == again != other


def test_a_log_axis_is_logarithmic():
    figure = plots.front(FEW, x="latency@3", y="accuracy", log_x=True)
    assert figure["layout"]["xaxis"]["type"] == "log"


@pytest.mark.parametrize(("n", "kind"), [(5000, "scatter"), (5001, "scattergl")])
def test_many_points_are_drawn_by_webgl(n, kind):
    rows = [(i, 0.5, 1.0, 1.0, "dominated") for i in range(n)]
    assert traces(plots.front(points(rows), x="latency@3", y="accuracy"))["front"]["type"] == kind


def test_points_without_a_value_are_not_drawn():
    some = points([(1, None, 1.0, 2.0, "dominated"), (2, 0.5, 1.0, 2.0, "dominated")])
    assert traces(plots.front(some, x="latency@3", y="accuracy"))["dominated"]["y"] == [0.5]


def test_the_note_counts_what_is_not_drawn():
    expected = "Showing 3 on the front, 1 dominated, 1 beyond a limit, 2 failed, not drawn."
    assert plots.note(FEW) == expected


def test_the_note_says_how_large_a_sample_is():
    rows = [(1, 0.9, 1.0, 1.0, "front"), (2, 0.5, 2.0, 2.0, "dominated")]
    expected = "Showing all 1 front points, 1 of 99,999 others as an even sample."
    assert plots.note(points(rows, total=100_000)) == expected


def test_the_note_counts_what_has_no_value_on_the_axes():
    some = points([(1, None, 1.0, 2.0, "dominated"), (2, 0.5, 1.0, 2.0, "dominated")])
    assert "1 of them without a value" in plots.note(some, x="latency@3", y="accuracy")


def test_sliders_span_what_was_found():
    found = {r["key"]: (r["min"], r["max"], r["isShare"]) for r in plots.ranges(FEW)}
    assert found["latency@3"] == (1.0, 9.0, False)
    assert found["accuracy"] == (0.80, 0.99, True)


@pytest.mark.parametrize("unit", ["", "%", "B"])
def test_columns_of_a_table_are_neither_percent_nor_prefixed(unit):
    column = {"key": "accuracy", "label": "a", "unit": unit, "direction": "max", "kind": "result"}
    assert plots.d3(column) == ".4~g"
    (span,) = plots.ranges({"objectives": [column], "values": [[0.5, 0.9]]})
    assert (span["isShare"], span["isPlain"]) == (False, True)


def test_the_training_curve_knows_its_end():
    history = [{"step": s, "loss": 1 / (s + 1), "total": 900} for s in (0, 10, 20)]
    figure = plots.training(history)
    assert figure["data"][0]["y"] == [1.0, 1 / 11, 1 / 21]
    assert figure["layout"]["xaxis"]["range"] == [0, 900]


def test_a_second_figure_of_the_training_has_its_own_axis():
    figure = plots.training([{"step": 1, "loss": 1.0, "accuracy": 0.5}])
    assert [trace["yaxis"] for trace in figure["data"]] == ["y", "y2"]
    right = figure["layout"]["yaxis2"]
    assert (right["side"], right["tickmode"], right["tickformat"]) == ("right", "auto", ".0%")
    low, high = right["range"]
    assert low == 0
    assert 1 <= high < 1.1


def test_a_run_that_has_not_begun_has_empty_curves():
    assert plots.training([])["data"] == []
    assert plots.hypervolume([])["data"][0]["x"] == []


def test_hypervolume_grows_in_steps():
    trace = plots.hypervolume([{"step": 20, "hypervolume": 0.4, "front": 5}])["data"][0]
    assert (trace["x"], trace["y"], trace["customdata"]) == ([20], [0.4], [5])
    assert trace["line"]["shape"] == "hv"


def test_values_are_sent_with_six_digits():
    figure = plots.front(
        points([(1, 0.123456789, 1.0, 1.0, "front")]), x="latency@3", y="accuracy"
    )
    assert traces(figure)["front"]["y"] == [0.123457]
