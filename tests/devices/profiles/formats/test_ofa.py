"""Tables of Once-for-All and ProxylessNAS in both dialects, as YAML and JSON."""

import json

import pytest

from devices.profiles.intake import Question, Refused
from searches.spaces.registry import FAMILIES, load

FACTS = {"kind": "cpu", "engine": "x", "dtype": "fp32", "batch": "1", "threads": "1"}
BLOCK = "expanded_conv-input:48x48x32-output:24x24x48-expand:{}-kernel:5-stride:2-idskip:0"
OFA = f"""Conv-input:192x192x3-output:96x96x24: {{count: 40, mean: 0.71, std: 0.02}}
{BLOCK.format(128)}-se:1-hs:0: {{count: 40, mean: 1.83, std: 0.05}}
AvgPool2D-input:6x6x1152-output:1x1x1152: {{count: 40, mean: 0.012, std: 0.001}}
Conv_2-input:1x1x1152-output:1x1x1536: {{count: 40, mean: 0.75, std: 0.1}}
Logits-input:1x1x1536-output:1000: {{count: 40, mean: 0.66, std: 0.08}}
"""
PROXYLESS = f"""Conv-input:192x192x3-output:96x96x32: {{count: 90, mean: 0.9, var: 0.1}}
{BLOCK.format(3)}: {{count: 90, mean: 1.1, var: 0.1}}
Logits-input:6x6x1280-output:1000: {{count: 90, mean: 0.4, var: 0.1}}
"""


def labels(profile):
    return [entry.op.label() for entry in profile.entries]


def test_the_dialect_of_once_for_all_is_read(taken):
    profile, report = taken(OFA)
    assert labels(profile) == [
        "conv 192×192×3→24 k3 s2 hswish",
        "mbconv 48×48×32→128→48 k5 s2 relu se",
        "gap 6×6×1152",
        "conv 1×1×1152→1536 k1 hswish",
        "linear 1536→1000",
    ]
    block = profile.entries[1]
    assert (block.mean_ms, block.std_ms, block.runs) == (1.83, 0.05, 40)
    assert report == []


def test_the_dialect_of_proxylessnas_has_ratios_and_a_joint_classifier(taken):
    profile, report = taken(PROXYLESS)
    assert labels(profile) == [
        "conv 192×192×3→32 k3 s2 relu6",
        "mbconv 48×48×32→96→48 k5 s2 relu6",
        "other pool+classifier 6×6×1280→1000",
    ]
    assert profile.entries[0].std_ms is None
    assert any("'var' is neither" in text for text in report)


def test_json_says_the_same_as_yaml(taken):
    rows = [line.split(": ", 1) for line in OFA.splitlines()]
    value = {key: {"mean": float(cell.split("mean: ")[1].split(",")[0])} for key, cell in rows}
    profile, _ = taken(json.dumps(value))
    assert [e.mean_ms for e in profile.entries] == [e.mean_ms for e in taken(OFA)[0].entries]


def test_the_source_is_kept(taken):
    provenance = taken(OFA)[0].provenance
    assert (provenance.kind, provenance.source_format) == ("measured", "ofa")
    assert len(provenance.source_sha256) == 64


def test_what_a_table_does_not_say_is_asked_for_at_once(upload):
    question = upload(OFA, "note.yaml")
    fields = [question.field, *(further.field for further in question.also)]
    assert fields == ["kind", "engine", "dtype", "batch", "threads"]


def test_a_dialect_that_no_row_tells_is_asked_for(upload, taken):
    text = f"{BLOCK.format(128)}: 1.1\n"
    question = upload(text)
    assert isinstance(question, Question)
    assert (question.field, question.choices) == ("dialect", ("ofa", "proxyless"))
    assert taken(text, dialect="ofa")[0].entries[0].op.mid == 128


def test_rows_of_both_dialects_are_refused(refused):
    text = f"{BLOCK.format(3)}: 1.1\n{BLOCK.format(128)}: 1.2\n"
    assert refused(text) == "E Some rows use ratios, some channel counts in 'expand'."


def test_an_output_that_does_not_follow_is_rejected(texts):
    text = OFA.replace("output:24x24x48", "output:23x23x48")
    wanted = "Row 2 (mbconv 48×48×32→128→48 k5 s2 relu se): output 23×23 does not follow from "
    found = texts(text, **FACTS)
    assert any(wanted + "input 48×48, stride 2 (24×24)." in line for line in found)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("expanded_conv", "expanded_cnov", "type 'expanded_cnov' unknown; one of Conv"),
        ("-kernel:5", "", "k is missing"),
        ("mean: 1.83", "mean: .nan", "Row 2 (mbconv 48×48×32→128→48 k5 s2 relu se): mean is nan"),
        ("mean: 1.83", "mean: -1", "times must be above 0 ms"),
        ("AvgPool2D-", "AvgPool2D_", "the key is 'AvgPool2D_input:6x6x1152-output:1x1x1152'"),
    ],
)
def test_a_wrong_row_is_named(texts, old, new, words):
    assert any(words in text for text in texts(OFA.replace(old, new), **FACTS))


def test_a_key_that_stands_twice_is_two_rows(taken):
    profile, report = taken(OFA + OFA.replace("1.83", "1.85"))
    assert len(profile.entries) == 5
    assert profile.entries[1].mean_ms == pytest.approx(1.84)
    assert any("(rows 2, 7) differ by 1.09 %" in text for text in report)


def test_keys_of_another_kind_are_refused(refused):
    assert "No key is built like" in refused("a: 1\nb: 2\n", format="ofa")


def test_a_table_per_resolution_comes_in_one_archive(taken, zipped):
    other = OFA.replace("192x192", "160x160").replace("96x96", "80x80").replace("0.66", "0.67")
    profile, report = taken(zipped({"192.yaml": OFA, "160.yaml": other}), "tables.zip")
    assert len(profile.entries) == 6
    assert any("rows 5 of 192.yaml, 5 of 160.yaml" in text for text in report)


def test_an_archive_of_several_layouts_is_refused(upload, zipped):
    fbnet = json.dumps({"ConvBlock_H56_W56_Cin24_Cout32_exp3_kernel5_stride2_group1": 1})
    verdict = upload(zipped({"a.yaml": OFA, "b.json": fbnet}), "a.zip")
    assert isinstance(verdict, Refused)
    assert "several layouts (fbnet, ofa)" in verdict.problems[0].text


# Published tables, rewritten as their authors publish them.


def key(row):
    out = row["out_c"] if row["op"] == "Logits" else "x".join(row[f"out_{n}"] for n in "hwc")
    text = f"{row['op']}-input:{row['in_h']}x{row['in_w']}x{row['in_c']}-output:{out}"
    if row["expand"]:
        names = ("expand", "kernel", "stride", "idskip", "se", "hs")
        text += "".join(f"-{name}:{row[name]}" for name in names if row[name])
    return text


def table(rows, spread):
    figures = "{{count: {count}, mean: {mean_ms}, {spread}: {std_ms}}}"
    return "".join(f"{key(row)}: {figures.format(**row, spread=spread)}\n" for row in rows)


@pytest.fixture(scope="session")
def priced():
    """How many operations of a space a profile looks up, and the network's sum per gene."""
    from devices.profiles import composition
    from devices.profiles.cost import CostModel
    from devices.profiles.estimates import LOOKED_UP

    def found(profile, space):
        fits = {"regressors": [], "primitives": composition.UNCHECKED}
        costs = CostModel(profile, fits=fits).table(space.operation_table())
        return costs, int((costs.provenance == LOOKED_UP).sum())

    return found


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("side", [160, 176, 192, 208, 224])
def test_the_note10_table_prices_the_space_it_belongs_to(published, taken, priced, side, form):
    rows = published("phone_op_latency_lut.csv.gz")
    rows = [row for row in rows if row["input_res"] == str(side) and row["op"]]
    rows = [row for row in rows if row["space"].startswith("ofa")]
    text = table(rows, "std")
    if form == "json":
        text = json.dumps({key(row): {"mean": float(row["mean_ms"])} for row in rows})
    profile, report = taken(text)
    full = load({"family": "ofa_mobilenet_v3", **FAMILIES["ofa_mobilenet_v3"].presets["full"]})
    space = full.scaled(1.2, side)
    costs, looked_up = priced(profile, space)
    assert (len(profile.entries), looked_up, len(costs.latency_ms)) == (96, 96, 96)
    assert sum(costs.latency_ms) == pytest.approx(sum(float(row["mean_ms"]) for row in rows))


def test_the_pixel1_table_prices_the_proxyless_space(published, taken, priced):
    rows = published("phone_op_latency_lut.csv.gz")
    rows = [row for row in rows if row["space"].startswith("proxyless")]
    profile, _ = taken(table(rows, "var"))
    space = load({"family": "proxyless", **FAMILIES["proxyless"].presets["full"]})
    costs, looked_up = priced(profile, space)
    assert len(profile.entries) == 72
    assert looked_up == len(costs.latency_ms) == 71  # two first blocks (k5, k7) are in no network
    pooling = [i for i, op in enumerate(space.operation_table()) if op.type in ("gap", "linear")]
    joint = next(float(row["mean_ms"]) for row in rows if row["op"] == "Logits")
    assert sum(costs.latency_ms[pooling]) == pytest.approx(joint)
