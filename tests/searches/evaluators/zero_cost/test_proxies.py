"""Each proxy against its definition, computed in another way on a network that fits on a line."""

import math
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from searches.evaluators.zero_cost import zen as zen_module
from searches.evaluators.zero_cost.baselines import more_macs, more_parameters
from searches.evaluators.zero_cost.fisher import fisher
from searches.evaluators.zero_cost.grad_norm import grad_norm
from searches.evaluators.zero_cost.grasp import grasp
from searches.evaluators.zero_cost.jacob_cov import jacob_cov
from searches.evaluators.zero_cost.naswot import agreement, naswot
from searches.evaluators.zero_cost.probe import Probe
from searches.evaluators.zero_cost.registry import PROXIES
from searches.evaluators.zero_cost.snip import snip
from searches.evaluators.zero_cost.synflow import saliencies, synflow
from searches.evaluators.zero_cost.zen import zen


class Chain(nn.Module):
    """Convolution, norm, ReLU, convolution, ReLU, mean, classifier."""

    def __init__(self, *, bias=False):
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1, bias=bias)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 3, 3, padding=1, bias=bias)
        self.classifier = nn.Linear(3, 3, bias=bias)

    def maps(self, x):
        return F.relu(self.second(F.relu(self.norm(self.first(x)))))

    def forward(self, x):
        return self.classifier(self.maps(x).mean((2, 3)))


def probe_of(network, *, samples=5, seed=0, shape=(2, 6, 6)):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn((samples, *shape), generator=generator).to(dtype_of(network))
    labels = torch.arange(samples) % 3
    return Probe(network.train(), inputs, labels, F.cross_entropy, seed)


def dtype_of(network):
    return next(network.parameters()).dtype


def chain(seed=1, **options):
    torch.manual_seed(seed)
    return Chain(**options).double()


def test_synflow_of_a_linear_net_is_the_sum_over_its_paths():
    network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, -2.0], [3.0, 0.5]]))
        network[1].weight.copy_(torch.tensor([[-2.0, 4.0]]))
    # Paths: |1·2| + |2·2| + |3·4| + |0.5·4| = 20, once for each of the two layers.
    found = synflow(probe_of(network, shape=(2,)))
    assert found == pytest.approx(math.log1p(2 * 20))


def test_synflow_is_conserved_from_layer_to_layer():
    found = saliencies(probe_of(chain(bias=True)))
    assert len(found) == 3
    assert found == pytest.approx([found[0]] * 3, rel=1e-9)


def test_synflow_does_not_see_signs_norms_or_data():
    network, other = chain(), chain()
    with torch.no_grad():
        other.first.weight.neg_()
        other.norm.weight.fill_(7.0)
    assert synflow(probe_of(network, seed=3)) == synflow(probe_of(other, seed=4))


def test_naswot_is_the_log_determinant_of_the_agreements():
    network = chain()
    probe = probe_of(network)
    first = network.norm(network.first(probe.inputs))
    second = network.second(F.relu(first))
    codes = torch.cat([(maps.flatten(1) > 0) for maps in (first, second)], 1).numpy()
    n = len(codes)
    kernel = np.array([[(codes[i] == codes[j]).sum() for j in range(n)] for i in range(n)])
    found = agreement(probe).numpy()
    assert (found == kernel).all()
    assert (np.diag(found) == 7 * 6 * 6).all()
    assert naswot(probe) == pytest.approx(np.linalg.slogdet(kernel.astype(float))[1], rel=1e-9)


def test_naswot_of_samples_that_nothing_tells_apart_is_minus_infinity():
    probe = probe_of(chain())
    probe.inputs[1] = probe.inputs[0]
    assert naswot(probe) == -math.inf


def test_jacob_cov_is_the_spectrum_of_the_jacobians_correlations():
    network = chain().eval()
    probe = probe_of(network)
    network.eval()
    step, flat = 1e-6, probe.inputs.flatten(1)
    rows = np.zeros(flat.shape)
    with torch.no_grad():
        for column in range(flat.shape[1]):
            moved = flat.clone()
            moved[:, column] += step
            both = network(moved.view_as(probe.inputs)) - network(probe.inputs)
            rows[:, column] = both.sum(1).numpy() / step
    values = np.linalg.eigvalsh(np.corrcoef(rows))
    expected = -sum(math.log(v + 1e-5) + 1 / (v + 1e-5) for v in values)
    assert jacob_cov(probe) == pytest.approx(expected, rel=1e-3)


def test_jacob_cov_of_a_constant_network_is_not_a_number():
    network = chain()
    with torch.no_grad():
        network.classifier.weight.zero_()
    assert math.isnan(jacob_cov(probe_of(network)))


def slope_by_mask(network, probe, layer, index, step=1e-6):
    """dL/dm of the mask of one weight, by moving the weight by a share of itself."""
    weight, losses = layer.weight.data.view(-1), []
    before = weight[index].item()
    for mask in (1 + step, 1 - step):
        weight[index] = before * mask
        losses.append(probe.batch_loss().item())
    weight[index] = before
    return (losses[0] - losses[1]) / (2 * step)


def test_snip_is_the_slope_of_the_loss_by_a_mask():
    network = chain(bias=True)
    probe = probe_of(network)
    layers = (network.first, network.second, network.classifier)
    slopes = [
        abs(slope_by_mask(network, probe, layer, index))
        for layer in layers
        for index in range(layer.weight.numel())
    ]
    assert snip(probe) == pytest.approx(sum(slopes), rel=1e-5)


def flat_gradient(network, probe):
    weights = [network.first.weight, network.second.weight, network.classifier.weight]
    found = torch.autograd.grad(probe.batch_loss(), weights)
    return weights, torch.cat([one.flatten() for one in found])


def test_grasp_is_minus_the_weights_times_the_change_of_the_gradient_along_itself():
    network = chain()
    probe = probe_of(network)
    expected = grasp(probe)
    weights, gradient = flat_gradient(network, probe)
    before, step, ends = [weight.detach().clone() for weight in weights], 1e-5, []
    for sign in (1, -1):
        with torch.no_grad():
            parts = gradient.split([weight.numel() for weight in weights])
            for weight, old, part in zip(weights, before, parts, strict=True):
                weight.copy_(old + sign * step * part.view_as(old))
        ends.append(flat_gradient(network, probe)[1])
    curved = (ends[0] - ends[1]) / (2 * step)  # H g
    flat = torch.cat([old.flatten() for old in before])
    assert expected == pytest.approx(-float(flat @ curved), rel=1e-4)


def test_grad_norm_adds_the_lengths_of_the_layers():
    network = chain()
    probe = probe_of(network)
    weights, gradient = flat_gradient(network, probe)
    parts = gradient.split([weight.numel() for weight in weights])
    expected = sum(math.sqrt(sum(value**2 for value in part.tolist())) for part in parts)
    assert grad_norm(probe) == pytest.approx(expected, rel=1e-9)


def test_fisher_is_the_slope_of_the_loss_by_the_scale_of_a_sample_s_channel():
    network = chain().eval()
    probe = probe_of(network)
    network.eval()
    step, total = 1e-6, 0.0
    layers = {network.first: 4, network.second: 3, network.classifier: 3}
    for layer, channels in layers.items():
        for channel in range(channels):
            for sample in range(5):
                scale = partial(scaled_output, sample=sample, channel=channel, by=1 + step)
                hook = layer.register_forward_hook(scale)
                up = probe.batch_loss().item()
                hook.remove()
                slope = (up - probe.batch_loss().item()) / step
                total += slope**2 / 5 / 2
    assert fisher(probe) == pytest.approx(total, rel=1e-3)


def scaled_output(module, inputs, output, *, sample, channel, by):
    scale = torch.ones_like(output)
    scale[sample, channel] = by
    return output * scale


def test_zen_follows_its_definition_step_by_step():
    network, expected = chain(), []
    generator = torch.Generator().manual_seed(9)
    plain = chain()
    with torch.no_grad():
        for _ in range(zen_module.REPEATS):
            for layer in (plain.first, plain.second, plain.classifier):
                layer.weight.normal_(generator=generator)
            x = torch.randn((16, 2, 6, 6), generator=generator, dtype=torch.float64)
            sigma = math.sqrt(plain.first(x).var((0, 2, 3)).mean())
            near = x + 0.01 * torch.randn((16, 2, 6, 6), generator=generator, dtype=x.dtype)
            change = (plain.maps(near) - plain.maps(x)).abs().sum((1, 2, 3)).mean()
            expected.append(math.log(change) + math.log(sigma))
    found = zen(Probe(network.train(), torch.zeros(5, 2, 6, 6).double(), None, None, seed=9))
    assert found == pytest.approx(np.mean(expected), rel=1e-4)


def test_baselines_count_by_hand():
    probe = probe_of(chain())
    weights = 2 * 4 * 9 + 4 * 3 * 9 + 3 * 3
    assert more_parameters(probe) == weights + 2 * 4
    assert more_macs(probe) == (2 * 4 * 9 + 4 * 3 * 9) * 36 + 9


@pytest.mark.parametrize("name", PROXIES)
def test_a_dead_network_does_not_crash_a_proxy(name):
    class Dead(Chain):
        def forward(self, x):
            return self.classifier(self.maps(x).mean((2, 3)) * 0.0)

    torch.manual_seed(0)
    found = PROXIES[name].load()(probe_of(Dead(bias=True)))
    assert isinstance(found, float)


@pytest.mark.parametrize("name", PROXIES)
def test_proxies_are_measures_of_their_own(name):
    measure = PROXIES[name].measure
    assert measure.kind == "proxy"
    assert not measure.is_share
    assert measure.unit
