"""Images on their way into a network, and the quality that comes out."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from searches.targets.classification import wilson
from searches.targets.mobile import MobileTask, augment, preprocess
from searches.targets.registry import TARGETS
from searches.targets.settings import MobileSettings


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_statistics_are_those_of_the_training_images(tiny_task, tiny_data):
    assert tiny_task.mean == pytest.approx([tiny_data.x_train.mean() / 255])
    assert tiny_task.std == pytest.approx([tiny_data.x_train.std() / 255])


def test_space_takes_channels_and_classes_of_the_data(tiny_task):
    definition = tiny_task.space.definition
    assert (definition.in_channels, definition.n_classes) == (1, 3)


def test_batches_are_floats_from_0_to_1_in_the_asked_resolution(tiny_task):
    images, labels = tiny_task.batch("validation", torch.arange(5), 8)
    assert (images.shape, images.dtype) == ((5, 1, 8, 8), torch.float32)
    assert 0 <= images.min() <= images.max() <= 1
    assert labels.tolist() == tiny_task.labels["validation"][:5].tolist()


def test_images_of_the_right_size_stay_as_they_are():
    images = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8)
    pixels = preprocess(images, 8)
    assert torch.equal((pixels * 255).round().byte().permute(0, 2, 3, 1), images)
    assert pixels.is_contiguous(memory_format=torch.channels_last)


def test_colour_images_are_resized_like_pillow_does_when_they_grow():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    ours = preprocess(torch.from_numpy(image)[None], 20)[0].permute(1, 2, 0) * 255
    theirs = np.asarray(Image.fromarray(image).resize((20, 20), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(ours, theirs, atol=1.01)  # Pillow rounds to bytes, twice


@pytest.mark.parametrize("kind", ["shift", "shift_flip"])
def test_augmentation_repeats_with_its_generator(kind):
    images = torch.randint(0, 256, (6, 8, 8, 1), dtype=torch.uint8)
    first = augment(images, kind, generator())
    assert torch.equal(first, augment(images, kind, generator()))
    assert not torch.equal(first, augment(images, kind, generator(1)))


def test_no_augmentation_leaves_images_alone():
    images = torch.randint(0, 256, (6, 8, 8, 1), dtype=torch.uint8)
    assert torch.equal(augment(images, "none", generator()), images)


def test_shifts_are_by_an_eighth_of_the_side_at_most():
    images = torch.zeros(200, 16, 16, 1, dtype=torch.uint8)
    images[:, 8, 8] = 1
    places = augment(images, "shift", generator())[..., 0].nonzero()[:, 1:]
    assert {tuple(place) for place in places.tolist()} == {
        (y, x) for y in range(6, 11) for x in range(6, 11)
    }


def test_half_of_the_images_are_mirrored():
    images = torch.arange(16, dtype=torch.uint8).repeat(400, 16, 1)[..., None]  # [400, 16, 16, 1]
    falling = augment(images, "shift_flip", generator())[:, 0, :, 0].int().diff().sum(1) < 0
    assert 0.4 < falling.float().mean() < 0.6


def answers(task, split, n_right):
    """A network that is right on the first n_right samples of a split."""
    labels = task.labels[split].clone()
    labels[n_right:] = (labels[n_right:] + 1) % 3
    position = iter(labels.split(256))
    return lambda images: 4.0 * F.one_hot(next(position), 3).float()


def test_quality_counts_what_the_network_gets_right(tiny_task):
    network = answers(tiny_task, "validation", 12)
    quality = tiny_task.quality(network, "validation", resolution=8, provenance="supernet")
    accuracy, entropy = quality["accuracy"], quality["cross_entropy"]
    assert (accuracy.value, accuracy.n, accuracy.split) == (0.75, 16, "validation")
    assert accuracy.provenance == entropy.provenance == "supernet"
    assert accuracy.spread == wilson(12, 16)
    right, wrong = np.log(np.exp(4) + 2) - 4, np.log(np.exp(4) + 2)
    assert entropy.value == pytest.approx((12 * right + 4 * wrong) / 16)
    assert entropy.spread[0] < entropy.value < entropy.spread[1]


def test_interval_of_a_proportion_is_wilsons():
    assert wilson(8, 10) == pytest.approx((0.541, 0.931), abs=1e-3)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == 1


def test_constant_images_do_not_break_normalisation(tiny_space, tiny_data):
    from dataclasses import replace

    blank = replace(tiny_data, x_train=np.zeros_like(tiny_data.x_train))
    assert MobileTask(tiny_space, blank, MobileSettings()).std == pytest.approx([1 / 255])


def test_card_says_what_counts():
    card = TARGETS["mobile"]
    assert [measure.name for measure in card.qualities] == ["accuracy"]
    assert card.quality("accuracy").direction == "max"
    assert card.trivial_quality(10) == 0.1
    assert card.load() is MobileTask
    assert card.settings_class() is MobileSettings
