"""What the evidence on this machine says follows from the times, and noise says nothing."""

import pytest

from devices.profiles.kit.files import machine, timing
from devices.profiles.profile import Profile
from tests.devices.simulated import SimulatedDevice
from tests.evidence import hostprofile


@pytest.fixture(scope="module")
def kit():
    return hostprofile.kit()


def measured(kit, factor):
    """Profile and times of a device on which every second pass takes longer by a factor."""
    device = SimulatedDevice(noise=0.0)

    def timed(role, ms, **facts):
        passes = [[int(1e6 * ms)], [int(1e6 * ms * factor)]] * 3
        return timing.Timing({"role": role, **facts}, passes)

    timings = [timed("op", device.true_ms(op), op=op.to_dict()) for op in kit.operations]
    for network in kit.networks:
        ms = device.network_ms(network.operations)
        timings.append(timed("model", ms, arch=network.arch, split=network.split))
    runtime = {"engine": "simulated", "threads": 1}
    found = machine.document({"kit_id": "k"}, timings, runtime)
    found["overhead_ms"] = 0.002
    return Profile.from_dict(found), timings


def test_the_kit_holds_all_blocks_of_two_resolutions_and_seventy_networks(kit):
    assert len(kit.operations) == 190
    assert [n.split for n in kit.networks].count("holdout") == 60
    assert len({str(n.arch["genes"]) for n in kit.networks}) == 70


def test_quiet_times_bear_the_claims_out_or_not(kit):
    found = hostprofile.found(*measured(kit, 1.0))
    assert found["is_conclusive"]
    assert found["judged"]["all rows"]["mape"] < 0.05
    assert found["holds"]["better than the MAC proxy"] is True


def test_noisy_times_say_nothing(kit):
    found = hostprofile.found(*measured(kit, 1.2))
    assert not found["is_conclusive"]
    assert set(found["holds"].values()) == {None}
