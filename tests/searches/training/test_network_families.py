"""Shared weights of residual, choice and cell spaces learn; networks are judged as any."""

from random import Random

import pytest

from searches.spaces import network_presets as presets
from searches.spaces.cell_presets import NAS_BENCH_201_SMALL
from searches.spaces.registry import load
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training.recalibration import recalibrate
from searches.training.settings import SupernetTrainingSettings
from searches.training.supernet import SupernetTraining

SETTINGS = SupernetTrainingSettings(epochs=12, batch_size=16, learning_rate=0.05, warmup_epochs=1)
DEFINITIONS = {
    "ofa_resnet50": {
        **presets.OFA_RESNET50_SMALL,
        "resolutions": [8, 12],
        "stem_stride": 1,
        "stages": [{"width": 48, "depth": 1, "stride": 2}],
    },
    "residual": {
        **presets.RESIDUAL_SMALL,
        "resolutions": [8, 12],
        "stages": presets.RESIDUAL_SMALL["stages"][1:],
    },
    "proxyless": {
        **presets.PROXYLESS_SMALL,
        "resolutions": [12],
        "stages": [{"width": 16, "stride": 2, "n_blocks": 3}],
    },
    "cells": {**NAS_BENCH_201_SMALL, "resolutions": [12]},
}


@pytest.mark.slow
@pytest.mark.parametrize("family", DEFINITIONS)
def test_networks_of_a_trained_supernet_tell_images_apart(family, tiny_data):
    task = MobileTask(load(DEFINITIONS[family]), tiny_data, MobileSettings())
    training = SupernetTraining(task, SETTINGS, seed=0)
    assert training.advance(deadline=float("inf"), tick=lambda: True).done
    rng, accuracies = Random(0), []
    for _ in range(5):
        network = training.module.extract(task.space.sample(rng))
        resolution = network.config["resolution"]
        recalibrate(network, task, resolution=resolution)
        quality = task.quality(network, "test", resolution=resolution, provenance="supernet")
        accuracies.append(quality["accuracy"].value)
    assert sum(accuracies) / len(accuracies) > 0.6  # a third by chance
