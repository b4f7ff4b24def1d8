"""Block tables of FBNet and HW-NAS-Bench as JSON and CSV."""

import json

import pytest

from devices.profiles.intake import Question
from searches.spaces.registry import FAMILIES, load

STEM = "ConvNorm_H224_W224_Cin3_Cout16_kernel3_stride2_group1"
BLOCK = "ConvBlock_H56_W56_Cin24_Cout32_exp3_kernel5_stride2_group1"
LATENCIES = {
    STEM: 6.1,
    BLOCK: 4.4,
    "ConvBlock_H56_W56_Cin24_Cout24_exp1_kernel3_stride1_group2": 2.2,
    "Skip_H28_W28_Cin32_Cout32_stride1": 0.0,
    "Skip_H28_W28_Cin32_Cout64_stride2": 0.9,
    "AvgP_H7_W7_Cin1984_Cout1984_kernel7_stride7": 0.2,
    "FC_Cin1984_Cout1000": 1.5,
}
DUMP = {"raspi4_latency": LATENCIES, "edgegpu_latency": LATENCIES, "edgegpu_energy": {BLOCK: 9.7}}


def test_blocks_are_read_with_their_traps(taken):
    profile, report = taken(json.dumps({"raspi4_latency": LATENCIES}), kind="cpu")
    assert report == []
    assert [entry.op.label() for entry in profile.entries] == [
        "conv 224×224×3→16 k3 s2 relu",
        "mbconv 56×56×24→72→32 k5 s2 relu",
        "mbconv pw 56×56×24→24→24 k3 g2 relu skip",
        "conv 28×28×32→64 k1 s2 relu",
        "gap 7×7×1984",
        "linear 1984→1000",
    ]


def test_which_of_several_latencies_is_asked_for(upload, taken):
    question = upload(json.dumps(DUMP))
    assert (question.field, question.choices) == ("metric", ("raspi4_latency", "edgegpu_latency"))
    profile, _ = taken(json.dumps(DUMP), metric="edgegpu_latency", kind="gpu")
    assert profile.device.model == "edgegpu"
    assert [entry.energy_mj for entry in profile.entries][:3] == [None, 9.7, None]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_of_keys_is_read(taken, separator):
    rows = [("block", "raspi4_latency"), *LATENCIES.items()]
    text = "".join(f"{separator.join(map(str, row))}\n" for row in rows)
    assert len(taken(text)[0].entries) == 6


def test_a_table_without_a_unit_asks_for_it(upload):
    question = upload(f"key,latency\n{BLOCK},4400\n{STEM},6100\n", kind="cpu", engine="x",
                      dtype="fp32", threads="1")  # fmt: skip
    assert isinstance(question, Question)
    assert question.field == "unit"


def test_estimates_of_a_chip_are_no_measurements(taken):
    profile, report = taken(json.dumps({"eyeriss_latency": LATENCIES}), kind="npu")
    assert profile.provenance.kind == "predicted"
    assert any("not measured" in text for text in report)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("Skip_H28_W28_Cin8_Cout8_stride1", 0.4, "a skip that keeps the shape does nothing"),
        ("ConvNorm_H28_W28_Cin8_Cout8_kernel3_stride1_group3", 1, "groups 3 does not divide cin"),
        ("ConvBlock_H28_Cout8_exp3_kernel3_stride1", 1, "cin is missing"),
        ("Pool_H28_W28", 1, "the key is 'Pool_H28_W28'; it must begin with one of ConvNorm"),
        (BLOCK, 0, "times must be above 0 ms"),
    ],
)
def test_a_wrong_row_is_named(texts, key, value, words):
    found = texts(json.dumps(LATENCIES | {key: value}), unit="ms", kind="cpu", engine="x",
                  dtype="fp32", batch="1", threads="1")  # fmt: skip
    assert any(words in text for text in found)


def test_lists_by_number_of_architecture_are_refused_with_the_way_out(refused):
    text = refused(json.dumps({"raspi4_latency": [1.0, 2.0]}), format="fbnet")
    assert "Write a table with the columns arch and latency_ms" in text


def test_the_space_of_fbnet_is_priced(taken):
    from devices.profiles import composition
    from devices.profiles.cost import CostModel
    from devices.profiles.estimates import LOOKED_UP

    space = load({"family": "proxyless", **FAMILIES["proxyless"].presets["fbnet"]})
    table = {written(op): 0.1 + op.macs() / 5e6 for op in space.operation_table()}
    profile, _ = taken(json.dumps({"raspi4_latency": table}), kind="cpu")
    fits = {"regressors": [], "primitives": composition.UNCHECKED}
    costs = CostModel(profile, fits=fits).table(space.operation_table())
    assert (costs.provenance == LOOKED_UP).all()


def written(op):
    """The key that HW-NAS-Bench writes for an operation of the space."""
    if op.type == "linear":
        return f"FC_Cin{op.cin}_Cout{op.cout}"
    h, cout = op.h, op.cout or op.cin
    if op.type == "gap":
        return f"AvgP_H{h}_W{h}_Cin{op.cin}_Cout{cout}_kernel{h}_stride{h}"
    sizes = f"H{h}_W{h}_Cin{op.cin}_Cout{cout}"
    if op.type == "conv":
        return f"ConvNorm_{sizes}_kernel{op.k}_stride{op.s}_group{op.g}"
    return f"ConvBlock_{sizes}_exp{op.mid // op.cin}_kernel{op.k}_stride{op.s}_group{op.g}"
