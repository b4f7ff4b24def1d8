"""Plain tables of whole networks."""

import pytest

ARCH = """# measured at night
arch,latency_ms,std_ms,runs,split
"{""r"": 224, ""d"": [2, 2]}",14.8,0.2,40,holdout
"{""r"": 192, ""d"": [2, 3]}",12.1,0.2,40,
"{""r"": 160, ""d"": [3, 3]}",9.9,0.1,40,calibrate
"""


def test_architectures_as_json_are_read(taken):
    profile, _ = taken(ARCH)
    first = profile.models[0]
    assert (first.arch, first.mean_ms, first.split) == ({"r": 224, "d": [2, 2]}, 14.8, "holdout")
    assert profile.entries == ()


def test_members_of_the_architecture_may_be_columns(taken):
    profile, _ = taken("arch.width;arch.depth;mean_us\n16;2;1500\n32;2;3000,5\n32;4;6000\n")
    assert profile.models[1].arch == {"width": 32, "depth": 2}
    assert profile.models[1].mean_ms == pytest.approx(3.0005)


def test_networks_by_name_and_work_are_read(taken):
    text = "network,macs,latency_ms\nmine,2e8,5.5\nresnet18,,17.5\nmobilenet_v2,,4.9\n"
    profile, _ = taken(text)
    assert [row.macs for row in profile.models] == [2e8, 1814073344, 300774272]
    assert profile.models[0].arch == {"network": "mine"}


def test_a_network_that_nobody_knows_is_named(texts):
    text = "network,latency_ms\nmine,5.5\n" + "resnet18,17.5\nresnet50,35\nvgg16,99\n" * 2
    found = texts(text, kind="cpu", engine="x", dtype="fp32", batch="1", threads="1")
    assert any("Line 2 (whole network): nobody knows here what network 'mine'" in t for t in found)


def test_a_time_without_a_unit_is_asked_about(upload):
    text = ARCH.replace("latency_ms", "latency")
    answers = {"kind": "cpu", "engine": "x", "dtype": "fp32", "batch": "1", "threads": "1"}
    assert upload(text, **answers).field == "unit"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("std_ms", "sdt_ms", "Column 'sdt_ms' unknown; nearest: std_ms"),
        ("runs", "std_ms", "Line 2 has the column 'std_ms' twice"),
        ("latency_ms", "macs", "Line 2 has no column for a time"),
        ('"{""r"": 192, ""d"": [2, 3]}"', "{oops", "arch is '{oops'; it must be a JSON object"),
        ("12.1,0.2,40,", "12.1,0.2", "it has 3 cells, the header has 5"),
        ("12.1", "-12.1", "Line 4 (whole network): mean is -12.1; times must be above 0"),
    ],
)
def test_what_is_wrong_is_named(texts, old, new, words):
    found = texts(ARCH.replace(old, new), kind="cpu", engine="x", dtype="fp32", batch="1",
                  threads="1", format="networks")  # fmt: skip
    assert any(words in text for text in found), found
