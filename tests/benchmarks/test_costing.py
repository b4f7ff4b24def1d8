"""How fast architectures are priced, beside pricing them one by one."""

import time
from random import Random

import numpy as np
import pytest

from devices import services as devices
from devices.models import DeviceProfile
from searches.runner.costing import Costing
from searches.spaces import registry
from searches.spaces.registry import FAMILIES

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db]


def test_pricing_a_population_beats_pricing_one_by_one(capsys):
    devices.add_builtin()
    device = DeviceProfile.objects.get(name__startswith="Raspberry Pi 4B")
    definition = {"family": "ofa_mobilenet_v3", **FAMILIES["ofa_mobilenet_v3"].presets["full"]}
    space = registry.load(definition)
    costing = Costing(space, {device.pk: device.latest()})
    rng = Random(0)
    population = [space.sample(rng) for _ in range(20_000)]
    costing.values(population[:10], "latency", device.pk)  # the table is made once per space

    began = time.perf_counter()
    vectorised = costing.values(population, "latency", device.pk)
    fast = len(population) / (time.perf_counter() - began)

    table = space.operation_table()
    numbers = {operation: i for i, operation in enumerate(table)}
    slots, constant = costing._tables[device.pk].slot_costs("latency")
    began = time.perf_counter()
    plain = [
        constant + sum(slots[numbers[operation]] for operation in space.operations(genes))
        for genes in population[:500]
    ]
    slow = 500 / (time.perf_counter() - began)

    np.testing.assert_allclose(vectorised[:500], plain, rtol=1e-9)
    with capsys.disabled():
        print(f"\n{fast:,.0f} architectures/s; one by one {slow:,.0f}; ratio {fast / slow:.1f}")
    assert fast > 10 * slow
