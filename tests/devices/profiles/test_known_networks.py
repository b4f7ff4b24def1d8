"""Networks that benchmarks time by name."""

import pytest

from devices.profiles import known_networks

# Multiply-accumulates in millions as their papers, or torchvision's table, print them.
PUBLISHED = {
    "mobilenet_v1": 569,
    "mobilenet_v2": 300,
    "mobilenet_v3_large": 217,
    "resnet18": 1814,
    "resnet50": 3858,
    "vgg16": 15470,
}


@pytest.mark.parametrize("name", known_networks.NETWORKS)
def test_their_work_is_the_published_one(name):
    assert known_networks.macs(name) / 1e6 == pytest.approx(PUBLISHED[name], rel=0.005)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("mobilenet_v2", "mobilenet_v2"),
        ("MobileNetV2_224.mnn", "mobilenet_v2"),
        ("mobilenet-v1-1.0.mnn", "mobilenet_v1"),
        ("resnet50.onnx.log", "resnet50"),
        ("mobilenet_v2_int8", None),
        ("yolov8n", None),
        ("", None),
    ],
)
def test_spellings_of_benchmarks_are_understood(name, known):
    assert known_networks.known(name) == known
