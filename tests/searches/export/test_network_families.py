"""Files of residual and choice networks do what the networks do."""

from random import Random

import numpy as np
import onnxruntime
import pytest
import torch

from searches.export import graphs
from searches.export.source import network_source
from searches.networks.families import build, family_of
from searches.spaces import network_presets as presets
from searches.spaces.registry import load

DEFINITIONS = {
    "ofa_resnet50": {**presets.OFA_RESNET50_SMALL, "resolutions": [20]},  # sides 10, 5, 3
    "residual": {**presets.RESIDUAL_SMALL, "stem_pool": True, "resolutions": [18]},
    "proxyless": presets.PROXYLESS_SMALL,
    "fbnet": {**presets.PROXYLESS_FBNET, "stages": presets.PROXYLESS_FBNET["stages"][:2]},
}
SHALLOW = {"fbnet": ["zero", "1×1", "k3 e1 g2", "zero", "k5 e3"]}


@pytest.fixture(params=DEFINITIONS)
def network(request):
    """A random architecture with batch norms that do something."""
    space = load({**DEFINITIONS[request.param], "n_classes": 3})
    family, genes = family_of(space), space.sample(Random(1))
    if request.param in SHALLOW:
        names = [gene.name for gene in space.genes[1:]]
        chosen = dict(zip(names, SHALLOW[request.param], strict=True))
        genes = space.parse({"resolution": 224, **chosen})
    config = {**family.config(space, genes, mean=[0.4] * 3, std=[0.2] * 3)}
    config["resolution"] = min(config["resolution"], 24)
    network = build(family, config, seed=0)
    torch.manual_seed(0)
    network(torch.rand(8, 3, config["resolution"], config["resolution"]))
    return network.eval(), family


def test_source_alone_builds_the_network(network):
    network, family = network
    source = network_source(network, family.source)
    names = {"__name__": "bundle"}
    exec(compile(source, "network.py", "exec"), names)
    again = names[type(network).__name__](names["CONFIG"]).eval()
    again.load_state_dict(network.state_dict())
    side = network.config["resolution"]
    images = torch.rand(2, 3, side, side)
    with torch.no_grad():
        assert torch.equal(again(images), network(images))


@pytest.mark.slow
def test_onnx_file_computes_what_the_network_does(network):
    network, _ = network
    data = graphs.onnx_bytes(graphs.exported_program(network), "images")
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    side = network.config["resolution"]
    for n_images in (1, 5):
        images = torch.rand(n_images, 3, side, side)
        with torch.no_grad():
            expected = network(images).numpy()
        (found,) = session.run(None, {"images": images.numpy()})
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
