"""The trust panel in a browser: the form, the figure, and what fell off on the plot."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from searches.models import FullTraining
from tests.frontend import rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def run(ada):
    found = rows.run(ada)
    rows.trained(found)
    rows.searched(found, 80)
    return found


def test_a_person_asks_for_a_sample_and_sees_what_it_says(web, live_server, run, tmp_path):
    address = live_server.url + reverse("run", args=[run.pk])
    web.goto(address)
    panel = web.locator("#trust")
    panel.get_by_label("Networks").fill("12")
    panel.get_by_role("button", name="Train the sample").click()
    expect(web.locator("#trust-state")).to_contain_text("0 of 12")
    assert FullTraining.objects.filter(run=run, due_at__isnull=False).count() == 12
    panel.get_by_role("button", name="Stop").click()
    expect(web.locator("#trust-state")).to_contain_text("stopped")
    panel.get_by_role("button", name="Delete these trainings").click()
    assert not FullTraining.objects.exists()
    member = run.trials.filter(on_front=True).order_by("-value_0").first()
    rows.fully_trained(run, sample=24, fallen=[member.number])
    web.goto(address)
    expect(web.locator("#trust-state curve-plot .main-svg").first).to_be_visible()
    expect(panel).to_contain_text("Multiply-accumulates")
    expect(panel.locator("tbody").first).to_contain_text("±")
    roles = "Array.from(document.querySelectorAll('front-plot .plot')[0].data, t => t.meta?.role)"
    assert {"fallen", "full"} <= set(web.evaluate(roles))
    expect(web.locator("#networks")).to_contain_text("fell off at full training")
