"""What whole networks teach: better predictions of other networks, with honest intervals."""

import json
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from devices.profiles.cost import CostModel
from devices.profiles.kit.plan import plan
from devices.profiles.profile import ModelRow
from tests.devices.real_tables import empty_profile, model_row
from tests.devices.simulated import SimulatedDevice, blocks, networks

SPACE = blocks(resolutions=(16, 24))
BORDER_MS = 0.05  # what no row shows
UNSEEN = networks(SPACE, 100, seed=9)


def operations_of(row):
    return [SPACE[i] for i in row if i >= 0]


def timed(device, n, seed=1, split=None):
    rng = Random(seed)
    rows = networks(SPACE, n, seed=seed)
    for row in rows:
        noise = 1 + rng.gauss(0, device.noise)
        ms = device.network_ms(operations_of(row)) * noise
        yield model_row(operations_of(row), ms, split)


def errors(profile, device):
    costs = CostModel(profile, allow_analytic=True).table(SPACE).total(UNSEEN)
    truth = np.array([device.network_ms(operations_of(row)) for row in UNSEEN])
    inside = (costs.latency_low_ms <= truth) & (truth <= costs.latency_high_ms)
    return np.abs(costs.latency_ms / truth - 1).mean(), inside.mean()


@pytest.fixture
def device():
    return SimulatedDevice(border_ms=BORDER_MS)


def test_ten_networks_take_the_bias_of_a_table_away(device):
    rows = device.profile(SPACE)
    with_networks = replace(rows, models=tuple(timed(device, 10)))

    before, _ = errors(rows, device)
    after, covered = errors(with_networks, device)

    assert before > 0.10
    assert after < 0.02
    assert covered >= 0.8


def test_a_tenth_of_the_rows_and_ten_networks_are_within_6_percent(device):
    rows = device.profile(plan(SPACE, limit=len(SPACE) // 10))

    after, covered = errors(replace(rows, models=tuple(timed(device, 10))), device)

    assert after < 0.06
    assert covered >= 0.8


def test_ten_networks_alone_are_within_5_percent(device):
    profile = empty_profile(models=tuple(timed(device, 10)))

    after, covered = errors(profile, device)

    assert after < 0.05
    assert covered >= 0.8


def test_networks_go_before_the_data_sheet():
    device = SimulatedDevice(border_ms=BORDER_MS)
    facts = {"kind": "cpu", "peak_flops": {"fp32": 2e9}, "bandwidth_bytes_per_s": 1e9}
    sheet = empty_profile()
    sheet = replace(sheet, device=replace(sheet.device, **facts))

    for n, most in ((1, 0.25), (10, 0.05)):
        assert errors(replace(sheet, models=tuple(timed(device, n))), device)[0] < most
    assert errors(sheet, device)[0] > 1


def test_held_out_networks_teach_nothing(device):
    learnt = [*timed(device, 6), *timed(device, 8, seed=2, split="holdout")]
    slower = [*learnt[:6], *(replace(row, mean_ms=3 * row.mean_ms) for row in learnt[6:])]
    rows = device.profile(SPACE)

    honest, other = (CostModel.fit(replace(rows, models=tuple(m))) for m in (learnt, slower))

    assert honest["calibration"] == other["calibration"]
    assert honest["judgement"]["n"] == 8
    assert honest["judgement"]["mape"] < 0.05
    assert other["judgement"]["mape"] == pytest.approx(2 / 3, abs=0.03)


def test_the_judgement_equals_predictions_without_the_held_out_networks(device):
    held_out = tuple(timed(device, 20, seed=2, split="holdout"))
    rows = replace(device.profile(SPACE), models=tuple(timed(device, 6)))
    found = CostModel.fit(replace(rows, models=rows.models + held_out))["judgement"]

    alone = CostModel(rows).table(SPACE).total(networks(SPACE, 20, seed=2))

    measured = np.array([row.mean_ms for row in held_out])
    assert found["method"] == "held out"
    assert [p["measured_ms"] for p in found["points"]] == measured.tolist()
    predicted = [p["predicted_ms"] for p in found["points"]]
    assert predicted == pytest.approx(alone.latency_ms.tolist(), rel=1e-5)
    assert found["mape"] == pytest.approx(np.abs(alone.latency_ms / measured - 1).mean(), abs=1e-5)


def test_unmarked_networks_are_judged_in_turn(device):
    found = CostModel.fit(replace(device.profile(SPACE), models=tuple(timed(device, 12))))

    judgement = found["judgement"]
    assert (judgement["method"], judgement["n"]) == ("in turn", 12)
    assert judgement["mape"] < 0.03 < judgement["uncalibrated"]["mape"]
    assert found["calibration"]["n_networks"] == 12


@pytest.mark.parametrize("n", [0, 1, 4])
def test_too_few_networks_are_not_judged(device, n):
    found = CostModel.fit(replace(device.profile(SPACE), models=tuple(timed(device, n))))

    assert found.get("judgement") is None


def test_the_proxy_stands_beside(device):
    found = CostModel.fit(replace(device.profile(SPACE), models=tuple(timed(device, 30))))

    judgement = found["judgement"]
    assert judgement["spearman"] > judgement["macs"]["spearman"]
    assert judgement["mape"] < judgement["macs"]["mape"]


def test_a_network_folded_to_a_constant_ruins_nothing(device):
    rows = list(timed(device, 12))
    rows[3] = replace(rows[3], mean_ms=rows[3].mean_ms / 1000)

    profile = empty_profile(models=tuple(rows))

    assert CostModel.fit(profile)["n_folded"] == 1
    assert errors(profile, device)[0] < 0.05


def test_what_is_learnt_survives_storage(device):
    profile = replace(device.profile(SPACE[:40]), models=tuple(timed(device, 12)))
    stored = json.loads(json.dumps(CostModel.fit(profile), allow_nan=False))

    anew = CostModel(profile).table(SPACE).total(UNSEEN)
    again = CostModel(profile, fits=stored).table(SPACE).total(UNSEEN)

    assert again.latency_ms.tolist() == anew.latency_ms.tolist()
    assert again.latency_high_ms.tolist() == anew.latency_high_ms.tolist()


def test_sums_over_slots_are_the_calibrated_latency(device):
    profile = replace(device.profile(SPACE), models=tuple(timed(device, 10)))
    table = CostModel(profile).table(SPACE)
    slots, constant = table.slot_costs("latency")

    for row, ms in zip(UNSEEN[:20], table.total(UNSEEN[:20]).latency_ms, strict=True):
        assert constant + sum(slots[i] for i in row if i >= 0) == pytest.approx(ms, rel=1e-12)


def test_energy_follows_the_calibrated_latency(device):
    profile = replace(device.profile(SPACE), models=tuple(timed(device, 10)))
    profile = replace(profile, device=replace(profile.device, power_w={"active": 4.0}))

    costs = CostModel(profile).table(SPACE).total(UNSEEN)

    assert costs.energy_mj == pytest.approx(4.0 * costs.latency_ms, rel=1e-9)


def test_networks_of_numbers_alone_are_judged_too():
    rng = np.random.default_rng(0)
    widths, depths = rng.integers(16, 128, 60), rng.integers(2, 9, 60)
    times = (2 + 0.1 * widths * depths) * np.exp(rng.normal(0, 0.03, 60))
    triples = zip(widths.tolist(), depths.tolist(), times.tolist(), strict=True)
    rows = [ModelRow({"width": w, "depth": d}, ms) for w, d, ms in triples]

    found = CostModel.fit(empty_profile(models=tuple(rows)))["judgement"]

    assert (found["method"], found["n"]) == ("in turn", 60)
    assert 0.01 < found["mape"] < 0.06
    assert found["coverage"] >= 0.8
