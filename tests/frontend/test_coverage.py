"""Pages that say what a profile knows, how good it is, and take what a network really took."""

import pytest
from django.urls import reverse

from frontend import profile_plots
from searches.models import Trial
from tests.frontend import rows

JUDGEMENT = {
    "method": "held out",
    "n": 2,
    "mape": 0.04,
    "within_5": 0.5,
    "within_10": 1.0,
    "bias": -0.01,
    "spearman": 1.0,
    "coverage": 1.0,
    "points": [
        {"network": n, "measured_ms": ms, "predicted_ms": ms, "low_ms": 0.9 * ms, "high_ms": 9.0}
        for n, ms in (("a", 2.0), ("b", 3.0))
    ],
}


def html_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_map_shows_each_operation_and_the_page_its_numbers(web):
    device, space = rows.device(), rows.space()
    address = reverse("device-coverage", args=[device.pk])
    assert "Choose a space" in html_of(web.get(address))
    answer = web.get(address, {"space": space.pk})
    html, figure = html_of(answer), answer.context["figure"]
    [heat] = figure["data"]
    known = [z for line in heat["z"] for z in line if z is not None]
    assert len(known) == answer.context["answer"]["total"]
    assert known.count(4) == answer.context["answer"]["looked_up"]
    assert "would rest on guesses" in html


def test_another_persons_device_has_no_map(web, bob):
    device = rows.device(bob, "Not hers")
    assert web.get(reverse("device-coverage", args=[device.pk])).status_code == 404


def test_the_profile_says_whether_networks_have_checked_it(web, ada):
    device = rows.device(ada, "Mine")
    address = reverse("device", args=[device.pk])
    assert "Not checked against whole networks." in html_of(web.get(address))
    version = device.latest()
    version.fits = {**version.fits, "judgement": JUDGEMENT}
    version.save()
    html = html_of(web.get(address))
    assert "within 10 % for 2" in html
    assert "−1.00 %" in html


def test_the_plot_holds_the_networks_with_their_intervals():
    line, networks = profile_plots.agreement(JUDGEMENT)["data"]
    assert networks["x"] == networks["y"] == [2.0, 3.0]
    assert networks["error_y"]["array"] == [7.0, 6.0]
    assert line["x"] == line["y"] == [1.8, 9.0]


@pytest.fixture
def trial(ada):
    device = rows.device(ada, "Mine")
    run = rows.run(ada, on=device)
    trials = rows.searched(run, 20, n_failed=0)
    return next(trial for trial in trials if trial.status == Trial.Status.DONE)


def post(web, trial, form):
    address = reverse("trial-measured", args=[trial.run_id, trial.number])
    return web.post(address, form, follow=True)


def test_what_a_network_took_makes_a_version_of_ones_own_device(web, trial):
    device = trial.run.pinned.get().device
    page = reverse("trial", args=[trial.run_id, trial.number])
    assert "What it really takes" in html_of(web.get(page))
    expected = trial.measures[f"latency@{device.pk}"]["value"]
    form = {"device": device.pk, "latency_ms": f"{1.2 * expected:.6g}"}
    answer = web.post(
        reverse("trial-measured", args=[trial.run_id, trial.number]), form, follow=True
    )
    assert "has version 2, which later searches use" in html_of(answer)
    assert device.latest().fits["calibration"]["scale"] == pytest.approx(1.2, rel=1e-3)


def test_a_time_in_another_unit_is_refused_on_the_page(web, trial):
    device = trial.run.pinned.get().device
    expected = trial.measures[f"latency@{device.pk}"]["value"]
    form = {"device": device.pk, "latency_ms": 1000 * expected}
    answer = web.post(
        reverse("trial-measured", args=[trial.run_id, trial.number]), form, follow=True
    )
    assert "is it in another unit" in html_of(answer)
    assert device.versions.count() == 1
