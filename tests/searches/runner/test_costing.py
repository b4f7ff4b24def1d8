"""Costs of architectures: bounds against brute force, violations, feasibility."""

import re
from random import Random
from time import perf_counter

import numpy as np
import pytest
from django.contrib.auth.models import User

from devices import services as devices
from devices.models import DeviceProfile
from searches.objectives.limits import Limit
from searches.objectives.objectives import Objective
from searches.runner.costing import COLUMNS, Costing, unreachable
from searches.spaces.registry import load

pytestmark = pytest.mark.django_db


@pytest.fixture
def costing(tiny_space):
    """The tiny space on an analytic device: every architecture can be listed."""
    devices.add_builtin()
    device = DeviceProfile.objects.get(name__startswith="Raspberry Pi 4B")
    return Costing(tiny_space, {device.pk: device.latest()})


@pytest.fixture
def device(costing):
    return next(iter(costing.versions))


@pytest.fixture
def everything(tiny_space):
    return list(tiny_space.enumerate())


@pytest.mark.parametrize("measure", COLUMNS)
def test_bounds_are_those_of_a_list_of_all_architectures(costing, device, everything, measure):
    values = costing.values(everything, measure, device)
    bound = costing.bound(measure, device)
    assert bound.minimum == pytest.approx(values.min(), rel=1e-9)
    assert bound.maximum == pytest.approx(values.max(), rel=1e-9)
    assert costing.values([bound.cheapest], measure, device)[0] == bound.minimum


@pytest.mark.parametrize("depths", [[1, 8], [1, 2, 3, 4, 5, 6, 7, 8]])
def test_the_bounds_of_a_deep_space_are_found_at_once(tiny_space, depths):
    choices = {"depths": depths, "kernels": [3, 5, 7], "expands": [2, 3, 4, 6]}
    definition = tiny_space.to_json()
    units = [{**unit, **choices} for unit in definition["units"]] * 2
    costing = Costing(load({**definition, "units": units}), {})
    started = perf_counter()
    bound = costing.bound("peak_memory", None)
    assert perf_counter() - started < 1
    sampled = [costing.space.sample(Random(seed)) for seed in range(200)]
    values = costing.values(sampled, "peak_memory", None)
    assert bound.minimum <= values.min() <= values.max() <= bound.maximum


def test_measures_carry_unit_provenance_and_interval(costing, device, everything):
    measures = costing.measures(everything[:1])[0]
    latency = measures[f"latency@{device}"]
    assert (latency.unit, latency.provenance) == ("ms", "analytic")
    assert latency.spread[0] < latency.value < latency.spread[1]
    assert measures["macs"].value == sum(
        operation.macs() for operation in costing.space.operations(everything[0])
    )


def test_losses_known_before_an_evaluation_are_the_costs_alone(costing, device, everything):
    asked = [Objective("accuracy", direction="max"), Objective("latency", device)]
    found = costing.losses(everything, asked)
    assert np.isnan(found[:, 0]).all()
    assert found[:, 1] == pytest.approx(costing.values(everything, "latency", device))


def test_violations_agree_with_each_limit_alone(costing, device, everything):
    middle = float(np.median(costing.values(everything, "latency", device)))
    limits = [
        Limit("latency", device, at_most=middle),
        Limit("latency", device, at_most=middle, statistic="upper"),
        Limit("latency", device, at_least=middle, statistic="upper"),
        Limit("parameters", at_least=3000),
    ]
    measured = costing.measures(everything)
    slow = [sum(limit.violation(m[limit.key]) for limit in limits) for m in measured]
    assert costing.violations(everything, limits) == pytest.approx(slow)


@pytest.mark.slow
def test_the_most_feasible_architecture_meets_limits_that_can_be_met(costing, device, everything):
    values = costing.values(everything, "latency", device)
    limit = Limit("latency", device, at_most=float(values.min()) * 1.0001)
    assert costing.most_feasible([limit], Random(0))[1] == 0


def test_the_search_for_a_feasible_architecture_ends_when_there_is_none(costing, device):
    low = costing.bound("macs", None).minimum
    limits = [Limit("macs", at_most=low), Limit("parameters", at_least=10**9)]
    assert costing.most_feasible(limits, Random(0))[1] > 0


FACTORS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}


def named_values(message):
    """The numbers behind “value is”, in the stored unit: “43.3 kB (43212 B)” names two."""
    text = message.split("value is ")[1].rstrip(".")
    found = re.findall(r"([\d.]+) ?([kMG]?)(?:B|ms|mJ|\b)", text)
    assert found
    return [float(digits) * FACTORS[prefix] for digits, prefix in found]


@pytest.mark.parametrize("statistic", ["value", "upper"])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_limit_out_of_reach_names_a_value_that_can_be_asked_for(
    costing, device, name, statistic
):
    where = device if name in ("latency", "energy") else None
    phone = "my phone" if where else ""
    for side, beyond in (("at_most", 0.5), ("at_least", 2.0)):
        bound = costing.limited(Limit(name, where, statistic=statistic, **{side: 1.0}))
        end = bound.minimum if side == "at_most" else bound.maximum
        limit = Limit(name, where, statistic=statistic, **{side: end * beyond})
        message = unreachable(limit, bound, phone)
        assert ("on my phone at" in message) == (where is not None)
        for nearest in named_values(message):
            assert nearest == pytest.approx(end, rel=0.011)
            asked = Limit(name, where, statistic=statistic, **{side: nearest})
            assert unreachable(asked, bound) == ""
            ends = [bound.cheapest, bound.dearest]
            assert min(costing.violations(ends, [asked])) == 0


def test_a_limit_on_the_interval_is_compared_with_its_reachable_ends(costing, device, everything):
    costs = costing.costs(everything, device)
    low, high = costs.latency_low_ms.max(), costs.latency_high_ms.min()
    plain = costing.bound("latency", device)
    for at_most, refused in [(high * 0.999, True), (high * 1.001, False)]:
        limit = Limit("latency", device, at_most=at_most, statistic="upper")
        assert plain.minimum < at_most
        assert (
            "smallest reachable upper value" in unreachable(limit, costing.limited(limit))
        ) == refused
    for at_least, refused in [(low * 1.001, True), (low * 0.999, False)]:
        limit = Limit("latency", device, at_least=at_least, statistic="upper")
        assert plain.maximum > at_least
        assert (
            "largest reachable lower value" in unreachable(limit, costing.limited(limit))
        ) == refused


def test_an_unmeasured_energy_is_not_known(costing, device):
    User.objects.create_user("alice")
    phone = DeviceProfile.objects.get(name__startswith="Snapdragon")
    costing = Costing(costing.space, {phone.pk: phone.latest()})
    assert not costing.knows("energy", phone.pk)
    assert f"energy@{phone.pk}" not in costing.measures([costing.space.sample(Random(0))])[0]
