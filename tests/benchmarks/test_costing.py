"""How fast architectures are priced on a table of measured blocks, beside one by one."""

import time
from random import Random

import numpy as np
import pytest

from devices.models import DeviceProfile
from devices.profiles.cost import CostModel
from devices.versions import add_version
from searches.runner.costing import Costing
from searches.spaces import registry
from searches.spaces.registry import FAMILIES
from tests.devices.simulated import SimulatedDevice

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db]
WANTED = 500_000  # architectures per second and core; Once-for-All's table class does 8,400 on two
N, N_PLAIN, ROUNDS = 40_000, 300, 5


def test_a_core_prices_half_a_million_architectures_a_second(capsys):
    definition = {"family": "ofa_mobilenet_v3", **FAMILIES["ofa_mobilenet_v3"].presets["full"]}
    space = registry.load(definition)
    profile = SimulatedDevice().profile(space.operation_table())
    device = DeviceProfile.objects.create(name="Table of all blocks")
    costing = Costing(space, {device.pk: add_version(device, profile)})
    rng = Random(0)
    population = [space.sample(rng) for _ in range(N)]
    costing.costs(population[:10], device.pk)  # the table is made once per space

    rates = []
    for _ in range(ROUNDS):  # the clock of this process alone; the best round had the cache
        began = time.process_time()
        costs = costing.costs(population, device.pk)
        rates.append(N / (time.process_time() - began))

    model = CostModel(profile)
    began = time.process_time()
    plain = []
    for genes in population[:N_PLAIN]:
        operations = space.operations(genes)
        plain.append(model.table(operations).total([range(len(operations))]))
    slow = N_PLAIN / (time.process_time() - began)

    for name in ("latency_ms", "latency_high_ms", "macs", "storage_bytes", "peak_memory_bytes"):
        one_by_one = [getattr(one, name)[0] for one in plain]
        np.testing.assert_allclose(getattr(costs, name)[:N_PLAIN], one_by_one, rtol=1e-12)
    fast = max(rates)
    with capsys.disabled():
        print(f"\n{fast:,.0f} architectures/s and core with intervals and all costs", end="; ")
        print(f"one by one {slow:,.0f}; ratio {fast / slow:,.0f}")
    assert fast >= WANTED
