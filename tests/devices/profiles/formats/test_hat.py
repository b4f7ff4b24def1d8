"""HAT's data sets, and the predictor that they give."""

import csv
import io

import numpy as np
import pytest

from devices.profiles import network_fit
from devices.profiles.formats.hat import FEATURES

# Published tables: mean absolute error in % of 400 rows, from 1600, 100 and 20 others.
STATED = {
    ("iwslt14deen", "gpu_titanxp"): 7.4,
    ("wmt14ende", "cpu_raspberrypi"): 4.3,
    ("wmt14ende", "cpu_xeon"): 4.9,
    ("wmt14ende", "gpu_titanxp"): 5.5,
    ("wmt14enfr", "cpu_raspberrypi"): 0.6,
    ("wmt14enfr", "cpu_xeon"): 4.2,
    ("wmt14enfr", "gpu_titanxp"): 1.8,
    ("wmt19ende", "gpu_titanxp"): 5.4,
}
FASTEST = ("wmt14enfr", "gpu_titanxp")  # the others are slow only together
COLUMNS = (*FEATURES, "latency_mean_encoder", "latency_mean_decoder", "latency_std_encoder",
           "latency_std_decoder")  # fmt: skip


def written(rows):
    """Rows as HAT's own files spell them."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def row(layers=4, decoder=143.2):
    values = (512, 6, 2048.0, 6.0, 512, layers, 1536.0, 6.0, 5.0, 1.5, 7.9, decoder, 0.3, 0.4)
    return dict(zip(COLUMNS, values, strict=True))


def test_whole_networks_are_read_with_both_times(taken):
    profile, report = taken(written([row(n, 40.0 * n) for n in (3, 4, 5)]))
    first = profile.models[0]
    assert first.mean_ms == pytest.approx(127.9)
    assert first.std_ms == pytest.approx(0.5)
    assert first.arch["decoder_layer_num"] == 3
    assert len(first.arch) == 10
    assert any("as many as the beam holds" in text for text in report)


@pytest.mark.parametrize(("part", "ms"), [("encoder", 7.9), ("decoder", 120.0), ("both", 127.9)])
def test_a_part_is_chosen(taken, part, ms):
    text = written([row(n, 40.0 * n) for n in (3, 4, 5)])
    assert taken(text, metric=part)[0].models[0].mean_ms == pytest.approx(ms)


def test_a_wrong_row_is_named(texts):
    rows = [row(n, 40.0 * n) for n in range(3, 10)]
    rows[1]["latency_mean_decoder"] = -1
    rows[2]["decoder_layer_num"] = "six"
    found = texts(written(rows), kind="cpu", engine="x", dtype="fp32", threads="1")
    assert any("Line 3 (whole network): mean is -1.0; times must be above 0" in t for t in found)
    assert any("Line 4 (whole network): decoder_layer_num is no number" in t for t in found)


def test_a_missing_column_is_named(refused):
    text = written([row()]).replace("latency_mean_decoder", "latency_decoder")
    assert refused(text) == "E Line 1 lacks the columns latency_mean_decoder."


@pytest.mark.parametrize(
    ("task", "hardware"),
    [
        pytest.param(*pair, marks=[] if pair == FASTEST else pytest.mark.slow, id="-".join(pair))
        for pair in STATED
    ],
)
def test_published_tables_give_the_stated_errors(published, task, hardware):
    rows = [r for r in published("hat_transformer_latency.csv.gz") if
            (r["task"], r["hardware"]) == (task, hardware)]  # fmt: skip
    rows = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    models = read(rows)
    held_out, true = models[1600:], np.array([m.mean_ms for m in models[1600:]])

    def predicted(n):
        return network_fit.fit(models[:n]).latency_ms([m.arch for m in held_out])

    def error(n):
        return 100 * np.abs(predicted(n) / true - 1).mean()

    assert error(1600) <= STATED[task, hardware] + 0.05
    assert error(100) <= 8.6
    assert error(20) <= 12.9
    order = np.argsort(np.argsort(predicted(1600))), np.argsort(np.argsort(true))
    assert np.corrcoef(*order)[0, 1] >= 0.95


def read(rows):
    from devices.profiles import intake

    answers = {"kind": "cpu", "engine": "torch", "dtype": "fp32", "threads": "1"}
    verdict = intake.read(written(rows).encode(), "hat.csv", answers=answers)
    return verdict.profile.models
