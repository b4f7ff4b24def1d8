"""The two presets, with three channels and ten classes."""

import pytest

from searches.spaces import registry


@pytest.fixture(scope="session", params=["small", "full"])
def space(request):
    preset = registry.FAMILIES["ofa_mobilenet_v3"].presets[request.param]
    return registry.load(preset).with_data(in_channels=3, n_classes=10)


@pytest.fixture(scope="session")
def small_space():
    preset = registry.FAMILIES["ofa_mobilenet_v3"].presets["small"]
    return registry.load(preset).with_data(in_channels=1, n_classes=10)
