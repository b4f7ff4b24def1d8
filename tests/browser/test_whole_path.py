"""From the printed link to a file that classifies: nothing made up, no process replaced."""

import re
import sys

import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import expect

from searches.datasets.digits import digits
from tests.browser.plots import click_a_front_point

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

STARTED, TRAINED, FINISHED, MADE = 30_000, 120_000, 120_000, 60_000  # ms, of a busy machine
N_NETWORKS = 16
POINTS = """() => document.querySelector("front-plot .plot").data
  .filter((trace) => trace.customdata).reduce((n, trace) => n + trace.x.length, 0)"""


def start_a_small_search(page) -> None:
    page.get_by_role("link", name="New search").click()
    page.get_by_role("textbox", name="Name").fill("Whole path")
    page.get_by_role("radio", name="Handwritten digits").check()
    page.get_by_role("radio", name="MobileNetV3, small").check()
    page.get_by_text("Settings of Supernet").click()
    for setting, value in (("epochs", 3), ("warmup_epochs", 1), ("batch_size", 32)):
        page.locator(f"[name=evaluator-supernet-{setting}]").fill(str(value))
    page.locator("[name=budget]").fill(str(N_NETWORKS))
    page.locator("[name=batch]").fill("4")
    body = page.locator("#rest-body")  # of the last change
    expect(body).to_contain_text(f'"budget": {N_NETWORKS}', timeout=STARTED)
    expect(body).to_contain_text('"batch": 4', timeout=STARTED)
    expect(page.get_by_text("These choices fit together.")).to_be_visible()
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url("**/runs/*/")


def watch_the_front_grow(page) -> None:
    """The open page alone shows it: it is never loaded again."""
    page.evaluate("() => { window.isTheSamePage = true; }")
    status = page.locator("#run-status .chip").first
    expect(page.get_by_text("The front appears here")).to_be_visible(timeout=STARTED)
    expect(page.locator("front-plot[data-drawn] .point").first).to_be_visible(timeout=TRAINED)
    expect(status).to_have_text("Running")
    n_first = page.evaluate(POINTS)
    assert 0 < n_first < N_NETWORKS
    page.wait_for_function(f"() => ({POINTS})() > {n_first}", timeout=FINISHED)
    expect(status).to_have_text("Finished", timeout=FINISHED)
    page.wait_for_function(f"() => ({POINTS})() === {N_NETWORKS}", timeout=STARTED)
    assert page.evaluate("() => window.isTheSamePage")


def choose_a_point(page) -> None:
    number = click_a_front_point(page)
    panel = page.locator("#trial")
    expect(panel.get_by_role("heading", name=f"Network {number}")).to_be_visible()
    panel.get_by_role("button", name="Choose this network").click()
    panel.get_by_label("Extra epochs").fill("4")
    panel.get_by_role("button", name="Make the model").click()
    page.wait_for_url("**/models/*/")


def download_onnx(page, path) -> None:
    row = page.locator(".file", has_text="model.onnx")
    expect(row).to_be_visible(timeout=MADE)
    with page.expect_download() as download:
        row.get_by_role("link", name="Download").click()
    download.value.save_as(path)


def reported_accuracy(page) -> float:
    """Percent of the test images, as the model's page says of the very file."""
    text = page.locator("dl.facts", has_text="model.onnx").inner_text()
    return float(re.search(r"Accuracy of model\.onnx\s+([\d.]+) %", text)[1])


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """Bilinear between pixel centres, as two products with hat functions: [n, 1, size, size]."""
    n = images.shape[1]
    places = np.clip((np.arange(size) + 0.5) * n / size - 0.5, 0, n - 1)
    hats = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(n)))  # [size, n]
    return (hats @ images @ hats.T)[:, None].astype(np.float32)


def measured_accuracy(path) -> float:
    """Percent of the test images of scikit-learn's digits that the file gets right."""
    data = digits()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    images = resized(data.x_test[..., 0] / 255, given.shape[2])
    (scores,) = session.run(None, {given.name: images})
    return 100 * (scores.argmax(1) == data.y_test).mean()


def test_from_the_printed_link_to_a_file_that_keeps_its_promise(started, tmp_path):
    start_a_small_search(started)
    watch_the_front_grow(started)
    choose_a_point(started)
    download_onnx(started, tmp_path / "model.onnx")
    found = measured_accuracy(tmp_path / "model.onnx")
    assert found == pytest.approx(reported_accuracy(started), abs=0.1)
    assert found > 30  # chance is 10 %
