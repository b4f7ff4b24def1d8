"""The tree of lineages and the control of a hypernetwork in a browser."""

from random import Random

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from searches.models import Supernet
from tests.frontend import rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONTROL = {
    "networks": 24,
    "loss": 1.25,
    "loss_shuffled": 1.5,
    "gain": 0.25,
    "error": 0.03,
    "share_better": 0.875,
    "is_heard": True,
}


@pytest.fixture
def run(ada):
    """Four founders; every later network is the child of an earlier one."""
    found = rows.run(ada)
    rows.trained(found)
    rows.searched(found, 40)
    found.evaluator = "inherited"
    found.save()
    rng, work, epochs = Random(0), {}, {}
    for place, trial in enumerate(found.trials.order_by("number")):
        parent = rng.choice(sorted(work)) if place >= 4 else None
        own = 2 if place >= 4 else 10
        work[trial.number] = own * 1e6 * (1 + rng.random()) + work.get(parent, 0.0)
        epochs[trial.number] = own + epochs.get(parent, 0)
        story = {"epochs": own, "total_epochs": epochs[trial.number], "total_seconds": 3.0}
        story |= {"total_work": work[trial.number], "seconds": 1.0}
        told = {"share": 0.8, "operators": ["larger kernels", "wider"]} if parent else {}
        data = trial.data | {"lineage": story | told} | ({"parent": parent} if parent else {})
        found.trials.filter(pk=trial.pk).update(data=data)
    return found


def test_the_tree_is_drawn_and_a_network_lists_its_ancestors(web, live_server, run, tmp_path):
    last = run.trials.filter(data__has_key="parent").order_by("-number").first()
    address = live_server.url + reverse("run", args=[run.pk])
    web.goto(f"{address}?trial={last.number}")
    tree = web.locator("curve-plot[data-url*=lineage]")
    expect(tree.locator(".main-svg").first).to_be_visible()
    expect(tree).to_contain_text("from scratch")
    expect(web.locator("#trial")).to_contain_text("larger kernels, wider")
    web.screenshot(path=tmp_path / "lineage.png", full_page=True)


def test_the_control_is_shown(web, live_server, run):
    Supernet.objects.filter(runs=run).update(report={"control": CONTROL})
    run.evaluator = "hypernetwork"
    run.save()
    web.goto(live_server.url + reverse("run", args=[run.pk]))
    expect(web.get_by_role("heading", name="Control")).to_be_visible()
    expect(web.locator("main")).to_contain_text("0.2500 ± 0.0300")
