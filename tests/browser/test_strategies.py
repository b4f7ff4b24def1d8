"""Strategies from the form to their front, with real workers, and one that does not fit."""

import sys
from collections.abc import Mapping
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

QUICK, ENDS = 30_000, 120_000  # ms, of a busy machine
BUDGET = 6


def fill_in(page, *, space: str, strategy: str, settings: Mapping[str, int]) -> None:
    page.goto(urljoin(page.url, "/runs/new/"))
    page.get_by_role("radio", name="Handwritten digits").check()
    page.get_by_role("radio", name=space).check()
    page.get_by_role("radio", name=strategy).check()
    for summary in page.locator("details.settings:visible > summary").all():
        summary.click()
    for name, value in settings.items():
        page.locator(f"[name={name}]").fill(str(value))
    page.get_by_role("spinbutton", name="Budget").fill(str(BUDGET))
    expect(page.locator("#rest-body")).to_contain_text(f'"budget": {BUDGET}', timeout=QUICK)


def start(page) -> str:
    """Press the button; the address of the run's page."""
    expect(page.get_by_text("These choices fit together.")).to_be_visible(timeout=QUICK)
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url("**/runs/*/")
    return page.url


def expect_a_front(page, address: str) -> None:
    page.goto(address)
    chip = page.locator("#run-status .chip").first
    expect(chip).to_have_text("Finished", timeout=ENDS)
    expect(page.locator("front-plot[data-drawn] .point").first).to_be_visible(timeout=QUICK)
    expect(page.locator("#networks tbody tr").first).to_be_visible()


def expect_a_map_of_choices(page) -> None:
    """The heat map's rows are the layers, its columns what each may be, and each row sums to 1."""
    plot = page.locator("curve-plot", has=page.get_by_label("Probability of every option"))
    expect(plot.locator(".heatmaplayer image")).to_be_visible(timeout=QUICK)
    drawn = plot.locator(".plot").evaluate(
        "(box) => ({ rows: box.data[0].y, columns: box.data[0].x, cells: box.data[0].z })"
    )
    assert "k3 e3" in drawn["columns"]
    assert len(drawn["rows"]) == len(set(drawn["rows"])) > 1
    for cells in drawn["cells"]:
        assert sum(filter(None, cells)) == pytest.approx(1, abs=0.01)


def test_a_one_shot_strategy_and_an_evolution_run_from_the_form_to_their_fronts(started):
    judged = {"evaluator-supernet-recalibration_images": 64}
    training = {"strategy-gdas-epochs": 2, "strategy-gdas-warmup_epochs": 1}
    shared = {"evaluator-supernet-epochs": 2, "evaluator-supernet-warmup_epochs": 1}

    fill_in(started, space="MobileNetV3, small", strategy="GDAS", settings={})
    reason = "GDAS needs choices that can be mixed with weights"
    expect(started.locator("#preview")).to_contain_text(reason, timeout=QUICK)
    fill_in(started, space="ProxylessNAS, small", strategy="GDAS", settings={**judged, **training})
    one_shot = start(started)
    fill_in(
        started,
        space="MobileNetV3, small",
        strategy="Regularised evolution",
        settings={**judged, **shared},
    )
    evolution = start(started)
    expect_a_front(started, one_shot)
    expect_a_map_of_choices(started)
    expect_a_front(started, evolution)
    expect(started.get_by_role("heading", name="Choices")).to_be_hidden()
