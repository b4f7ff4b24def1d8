"""A subnet of the supernet, and the same network taken out of it, are one function."""

from random import Random

import pytest
import torch

from searches.networks.building import config_of
from searches.networks.elastic import ElasticMBConv
from searches.networks.ofa_mobilenet_v3 import OfaMobileNetV3Supernet


def disturbed(supernet):
    """As after a training: no weight, statistic or transform is what it started as."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in supernet.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
        for name, statistic in supernet.named_buffers():
            if "running" in name:
                statistic += 0.5 * torch.rand(statistic.shape, generator=generator)
    return supernet.eval()


def architectures(space, n):
    """The smallest, the largest, and n random ones."""
    rng = Random(2)
    ends = [tuple(0 for _ in space.genes), tuple(len(g.options) - 1 for g in space.genes)]
    return [space.canonical(genes) for genes in ends] + [space.sample(rng) for _ in range(n)]


@pytest.fixture(scope="module")
def supernet(small_space):
    return disturbed(OfaMobileNetV3Supernet(small_space, mean=[0.3], std=[0.4]))


@torch.no_grad()
def largest_difference(supernet, space, n, dtype):
    """Over the smallest, the largest and n random subnets, relative to the largest output.

    Images are small, since no weight depends on their size.
    """
    supernet, worst = supernet.to(dtype), 0.0
    for genes in architectures(space, n):
        network = supernet.extract(genes)
        images = torch.rand(2, network.config["in_channels"], 12, 12, dtype=dtype)
        expected = supernet(images)
        worst = max(
            worst, ((network(images) - expected).abs().max() / expected.abs().max()).item()
        )
    return worst


@pytest.mark.slow
def test_extracted_networks_compute_what_the_supernet_does(supernet, small_space):
    assert largest_difference(supernet, small_space, 40, torch.float64) <= 1e-10
    assert largest_difference(supernet, small_space, 10, torch.float32) <= 1e-5


@pytest.mark.slow
def test_extraction_holds_at_full_size(space):
    supernet = disturbed(OfaMobileNetV3Supernet(space))
    assert largest_difference(supernet, space, 30, torch.float64) <= 1e-10


def test_extracted_network_has_the_configuration_of_the_architecture(supernet, small_space):
    genes = small_space.sample(Random(4))
    expected = config_of(small_space, genes, mean=[0.3], std=[0.4])
    assert supernet.extract(genes).config == expected


def test_extracted_weights_are_copies(supernet, small_space):
    shared = {p.untyped_storage().data_ptr() for p in supernet.state_dict().values()}
    for genes in architectures(small_space, 3):
        values = supernet.extract(genes).state_dict().values()
        assert all(value.untyped_storage().data_ptr() not in shared for value in values)


def test_smaller_kernels_start_as_the_centre_of_larger_ones(small_space):
    supernet = OfaMobileNetV3Supernet(small_space)
    block = supernet.blocks[supernet.n_fixed]
    whole = block.depthwise.conv.weight
    block.active = {**block.active, "kernel": 3}
    assert torch.equal(block.kernel(), whole[:, :, 2:5, 2:5])


def test_smallest_kernel_is_made_from_the_transformed_middle_one(supernet):
    block = supernet.to(torch.float64).blocks[supernet.n_fixed]
    block.active = {**block.active, "kernel": 3}
    whole = block.depthwise.conv.weight[: block.active["mid"], 0]  # [mid, 7, 7]
    t75, t53 = (block.transforms[k].reshape(int(k) ** 2, -1) for k in ("5", "3"))
    five = (whole[:, 1:6, 1:6].reshape(-1, 25) @ t75.T).view(-1, 5, 5)
    three = (five[:, 1:4, 1:4].reshape(-1, 9) @ t53.T).view(-1, 1, 3, 3)
    torch.testing.assert_close(block.kernel(), three)


def test_each_elastic_block_has_transforms_of_its_own(supernet):
    blocks = [block for block in supernet.blocks if isinstance(block, ElasticMBConv)]
    assert all(len(block.transforms) == 2 for block in blocks)
    assert len({id(block.transforms["3"]) for block in blocks}) == len(blocks)


def test_weights_outside_the_regions_do_not_matter(supernet, small_space):
    rng = Random(5)
    for _ in range(5):
        genes = small_space.sample(rng)
        supernet.set_active(genes)
        images = torch.rand(2, 1, 12, 12).to(supernet.mean)
        before, regions = supernet(images), supernet.regions()
        kept = {name: value.clone() for name, value in supernet.state_dict().items()}
        with torch.no_grad():
            for name, value in supernet.state_dict().items():
                value.fill_(77)
                if name in regions:
                    value[regions[name]] = kept[name][regions[name]]
        after = supernet(images)
        supernet.load_state_dict(kept)
        assert torch.equal(after, before)


def test_every_region_gets_a_gradient_and_nothing_else_does(supernet, small_space):
    genes = small_space.sample(Random(6))
    supernet.set_active(genes)
    supernet.zero_grad(set_to_none=True)
    supernet(torch.rand(4, 1, 16, 16).to(supernet.mean)).square().sum().backward()
    with_gradient = {n for n, p in supernet.named_parameters() if p.grad is not None}
    assert with_gradient == supernet.regions().keys() & dict(supernet.named_parameters()).keys()
    for name in with_gradient:
        gradient = supernet.get_parameter(name).grad.clone()
        gradient[supernet.regions()[name]] = 0
        assert not gradient.any()
