"""Tables of known results in the browser: the form that follows them, and strategies compared."""

import json
import re
from itertools import product

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.frontend import rows
from tests.searches import tables

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# 200 look-ups; generous, as other tests may share the machine.
SEARCHED = 30_000  # ms
N_OPTIONS = 8


def file_of(path):
    """512 rows in which error and delay trade off."""
    lines = ["a,b,c,error (% min),delay (ms min)"]
    for a, b, c in product(range(N_OPTIONS), repeat=3):
        strength = 1 + a + 1.5 * b + 0.7 * c
        lines.append(f"{a},{b},{c},{60 / strength + a * b % 3:.3f},{strength + b * c % 4:.3f}")
    path.write_text("\n".join(lines))
    return path


@pytest.mark.django_db(transaction=True)
def test_the_form_follows_the_chosen_table(web, live_server, ada):
    pictures = rows.dataset(ada)
    rows.space()
    rows.device(None, "This machine", is_host=True)
    tables.upload(ada, name="First")
    tables.upload(ada, name="Second", content=b"a,gain (max)\nx,1\ny,2\n")
    web.goto(live_server.url + reverse("run-new") + f"?dataset={pictures.pk}")
    expect(web.locator("tr.group:visible").first).to_have_text("Quality")
    expect(web.locator("tr.group").get_by_text("Measured in")).to_have_count(2)
    web.get_by_role("radio", name="Table of known results").check()
    expect(web.get_by_role("radio", name="Look-up")).to_be_checked()
    dataset = web.locator("[name=dataset]:checked + span strong").inner_text()
    space = web.locator("[name=space]:checked + span strong")
    expect(space).to_have_text(dataset)
    expect(web.locator("tr.group:visible")).to_have_text([f"Measured in “{dataset}”"])
    other = "Second" if dataset == "First" else "First"
    web.locator("[name=dataset]:visible").nth(1 if other == "Second" else 0).check()
    expect(space).to_have_text(other)
    expect(web.locator("tr.group:visible")).to_have_text([f"Measured in “{other}”"])
    expect(web.get_by_text("These choices fit together.")).to_be_visible()
    web.get_by_role("radio", name="Mobile image").check()
    expect(web.get_by_role("radio", name="Stripes")).to_be_checked()
    expect(web.locator("input[name=evaluator][value=supernet]")).to_be_checked()


def search(page, strategy) -> None:
    page.get_by_role("textbox", name="Name").fill(strategy)
    page.get_by_role("radio", name=strategy, exact=False).check()
    expect(page.get_by_text("These choices fit together.")).to_be_visible(timeout=SEARCHED)
    body = page.locator("#rest-body")
    page.wait_for_function(
        "(name) => JSON.parse(document.querySelector('#rest-body').textContent).name === name",
        arg=strategy,
    )
    assert json.loads(body.text_content())["target"] == "table"
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url("**/runs/*/")
    status = page.locator("#run-status .chip").first
    expect(status).to_have_text("Finished", timeout=SEARCHED)
    expect(page.locator("#run-status")).to_contain_text("200 networks judged")


def test_strategies_are_compared_on_an_uploaded_table(started, launcher, tmp_path):
    page = started
    page.locator("nav").get_by_role("link", name="Data sets").click()
    page.get_by_role("textbox", name="Name").fill("Known")
    page.locator("input[type=file]").set_input_files(file_of(tmp_path / "known.csv"))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("512 of 512 possible architectures")).to_be_visible()
    for strategy in ("Evolution (NSGA-II)", "Random search"):
        page.locator("nav").get_by_role("link", name="Data sets").click()
        page.get_by_role("link", name="Known").click()
        page.get_by_role("link", name="Search with it").click()
        search(page, strategy)
    page.locator("nav").get_by_role("link", name="Runs").click()
    for name in ("Evolution (NSGA-II)", "Random search"):
        page.get_by_role("checkbox", name=f"Compare {name}").check()
    page.get_by_role("button", name="Compare ticked").click()
    expect(page.get_by_role("heading", name="Compare runs")).to_be_visible()
    volumes = page.locator("table.data tbody tr td:nth-child(5)").all_inner_texts()
    assert len(volumes) == 2
    assert all(re.fullmatch(r"0\.[5-9]\d+", text) for text in volumes)
    expect(page.locator("curve-plot .main-svg").first).to_be_visible()
    drawn = "() => document.querySelectorAll('curve-plot .plot')[1].data.map((t) => t.x.at(-1))"
    assert page.evaluate(drawn) == [200, 200]
