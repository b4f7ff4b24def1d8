"""PaddleSlim's latency table, whose unit stands nowhere."""

import pytest

TABLE = """rk3588-a76,lite-2.10-armv8,20260101
conv2d,0,1,1,96,28,28,96,96,5,2,1,1\t0.41
conv2d,1,0,1,96,28,28,24,1,1,0,1,1\t0.12
pooling,1,1,576,7,7,1,0,1,0,2\t0.03
pooling,0,1,64,112,112,3,1,2,0,1\t0.2
batch_norm,relu,1,64,56,56\t0.11
hard_swish,1,64,56,56\t0.09
eltwise,1,64,56,56\t0.08
softmax,-1,1,1000,1,1\t0.02
"""


def test_primitives_are_read(taken):
    profile, _ = taken(TABLE, unit="ms", engine="")
    assert [entry.op.label() for entry in profile.entries] == [
        "dwconv 28×28×96 k5 relu",
        "conv 28×28×96→24 k1",
        "gap 7×7×576",
        "pool max 112×112×64 k3 s2",
        "norm 56×56×64 relu",
        "act 56×56×64 hswish",
        "add 56×56×64",
        "other softmax 1×1×1000",
    ]
    assert (profile.runtime.engine, profile.device.model) == ("lite-2.10-armv8", "rk3588-a76")


def test_the_unit_is_always_asked_for(upload):
    question = upload(TABLE, kind="cpu", dtype="fp32", batch="1", threads="1")
    assert (question.field, question.choices) == ("unit", ("ns", "us", "ms", "s"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("softmax", "softmix", "Line 9 (?): type 'softmix' unknown; one of conv2d"),
        ("eltwise,1,", "eltwise,", "eltwise has 3 parameters; it must have 4: n, c, h, w."),
        ("96,96,5,2", "96,5,5,2", "groups 5 does not divide cin 96"),
        ("\t0.41", "\t-0.41", "times must be above 0"),
        ("\t0.12", "", "mean_ms is missing"),
        ("28,28,24", "28,28,x", "cout is 'x'; it must be a whole number"),
    ],
)
def test_a_wrong_row_is_named(texts, old, new, words):
    found = texts(TABLE.replace(old, new), unit="ms", kind="cpu", dtype="fp32", batch="1",
                  threads="1")  # fmt: skip
    assert any(words in text for text in found), found


def test_a_first_line_of_another_kind_is_refused(refused):
    assert refused("conv2d\nx", format="paddleslim") == "E Line 1 must be hardware,engine,date."
