"""What a person does in the browser."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from searches.models import Run, Trial
from tests.browser.plots import click_a_front_point
from tests.frontend import rows

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def run(ada):
    found = rows.run(ada)
    rows.trained(found)
    rows.searched(found, 200)
    return found


@pytest.fixture
def run_page(web, live_server, run):
    """The page of a finished run, with its plot drawn."""
    web.goto(live_server.url + reverse("run", args=[run.pk]))
    web.locator("front-plot[data-drawn] .main-svg").first.wait_for()
    return web


def markers(web) -> int:
    return web.locator("front-plot .scatterlayer .point").count()


def test_the_list_shows_the_newest_front(web, live_server, run):
    web.reload()
    web.locator("front-plot[data-drawn]").wait_for()
    expect(web.get_by_role("heading", name=run.name)).to_be_visible()
    expect(web.locator("front-plot .plot-note")).to_contain_text("on the front")


def test_the_plot_draws_every_judged_network(run_page, run):
    assert markers(run_page) == run.trials.filter(status=Trial.Status.DONE).count()


def test_another_axis_is_drawn_and_kept_in_the_address(run_page):
    run_page.get_by_label("Across", exact=True).select_option(label="Storage")
    title = run_page.locator("front-plot .xtitle")
    expect(title).to_contain_text("Storage")
    assert "x=storage" in run_page.url
    run_page.reload()
    expect(run_page.locator("front-plot .xtitle")).to_contain_text("Storage")


def test_a_clicked_point_opens_its_network(run_page):
    number = click_a_front_point(run_page)
    panel = run_page.locator("#trial")
    expect(panel.get_by_role("heading", name=f"Network {number}")).to_be_visible()
    expect(panel.locator("svg.network rect").first).to_be_visible()
    run_page.reload()
    expect(panel.get_by_role("heading", name=f"Network {number}")).to_be_visible()


def test_a_row_of_the_table_opens_its_network(run_page):
    row = run_page.locator("#networks tbody tr").nth(2)
    number = row.get_attribute("data-trial")
    row.locator("td").nth(1).click()
    heading = run_page.locator("#trial").get_by_role("heading", name=f"Network {number}")
    expect(heading).to_be_visible()
    expect(row).to_have_attribute("aria-selected", "true")


def test_the_table_is_sorted_without_leaving_the_page(run_page):
    run_page.locator("#networks th").get_by_text("Storage").click()
    expect(run_page.locator("#networks th[aria-sort]")).to_contain_text("Storage")
    assert "sort=value_2" in run_page.url
    values = run_page.locator("#networks tbody tr").evaluate_all(
        "rows => rows.map((row) => JSON.parse(row.dataset.values)[2])"
    )
    assert values == sorted(values)


def test_a_limit_greys_out_points_and_rows_at_once(run_page):
    run_page.get_by_text("Limits: grey out").click()
    slider = run_page.get_by_label("Limit on Latency")
    slider.fill("40")
    expect(run_page.locator(".limits-count")).to_contain_text("within these limits")
    expect(run_page.locator("#networks tr.beyond").first).to_be_visible()
    colours = run_page.evaluate(
        """() => {
          const traces = document.querySelector("front-plot .plot").data;
          return new Set(traces.find((t) => t.meta?.role === "front").marker.color).size;
        }"""
    )
    assert colours == 2
    assert "limit.latency" in run_page.url


def test_a_zoom_survives_the_next_networks(run_page, run):
    Run.objects.filter(pk=run.pk).update(status="running", stage="search")
    run_page.evaluate(
        "() => Plotly.relayout(document.querySelector('front-plot .plot'), "
        "{'xaxis.range': [0.2, 0.6], 'yaxis.range': [0.9, 1]})"
    )
    Run.objects.filter(pk=run.pk).update(n_told=201)
    with run_page.expect_response(lambda response: "front.json" in response.url):
        run_page.evaluate("() => document.body.dispatchEvent(new CustomEvent('run-moved'))")
    run_page.wait_for_timeout(200)
    assert run_page.evaluate(
        "() => document.querySelector('front-plot .plot').layout.xaxis.range"
    ) == [0.2, 0.6]


def test_the_front_grows_while_the_search_runs(web, live_server, ada):
    run = rows.run(ada)
    rows.trained(run)
    Run.objects.filter(pk=run.pk).update(stage="search", status="running")
    web.goto(live_server.url + reverse("run", args=[run.pk]))
    expect(web.get_by_text("The front appears here")).to_be_visible()
    rows.searched(run, 40, ends=False)
    expect(web.locator("front-plot[data-drawn] .point").first).to_be_visible(timeout=8000)
    expect(web.locator("#networks tbody tr").first).to_be_visible()


def test_a_run_that_ends_stops_asking(web, live_server, run):
    Run.objects.filter(pk=run.pk).update(status="running", stage="verify")
    web.goto(live_server.url + reverse("run", args=[run.pk]))
    expect(web.locator("#run-pause")).to_be_visible()
    Run.objects.filter(pk=run.pk).update(status="finished")
    expect(web.locator("#run-extend")).to_be_visible(timeout=8000)
    asked = []
    web.on("request", lambda request: asked.append(request.url))
    web.wait_for_timeout(2600)
    assert [address for address in asked if "/runs/" in address] == []


def test_a_confirmation_stays_open_while_the_status_is_refreshed(web, live_server, run):
    Run.objects.filter(pk=run.pk).update(status="running", stage="search")
    web.goto(live_server.url + reverse("run", args=[run.pk]))
    with web.expect_response(lambda response: "/status/" in response.url):
        web.locator("#run-cancel").click()
    dialog = web.locator("#cancel-run")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel the run").click()
    expect(web.get_by_text("Results so far are kept.")).to_be_visible()
    run.refresh_from_db()
    assert run.status == Run.Status.CANCELLED


def test_a_network_is_chosen_and_its_file_downloaded(run_page, run, live_server):
    click_a_front_point(run_page)
    run_page.get_by_role("button", name="Choose this network").click()
    run_page.locator("#choose-trial").get_by_label("Name").fill("For the door")
    run_page.get_by_role("button", name="Make the model").click()
    expect(run_page.get_by_role("heading", name="For the door")).to_be_visible()
    ready = rows.model(run, run.trials.filter(on_front=True).first())
    run_page.goto(live_server.url + reverse("model", args=[ready.pk]))
    with run_page.expect_download() as download:
        run_page.get_by_role("link", name="Download", exact=True).first.click()
    assert download.value.suggested_filename == "model.onnx"


def test_a_search_is_started_from_the_form(web, live_server, ada):
    rows.dataset(ada)
    rows.space()
    rows.device(None, "This machine", is_host=True)
    web.goto(live_server.url + reverse("run-new"))
    expect(web.get_by_text("These choices fit together.")).to_be_visible()
    limit = web.get_by_role("row", name="Latency").get_by_role("spinbutton")
    limit.fill("0.001")
    expect(web.get_by_text("smallest reachable value").first).to_be_visible()
    limit.fill("2")
    expect(web.get_by_text("would rest on guesses").first).to_be_visible()
    web.get_by_label("Accept limits that rest on guesses").check()
    expect(web.get_by_text("These choices fit together.")).to_be_visible()
    web.get_by_text("The same over REST").click()
    body = json.loads(web.locator("#rest-body").inner_text())
    assert body["limits"][0]["at_most"] == 2
    web.get_by_role("button", name="Start the search").click()
    web.wait_for_url(re.compile(r"/runs/\d+/"))  # only then is the row there
    assert reverse("run", args=[Run.objects.get().pk]) in web.url
    expect(web.locator("#run-status .chip").first).to_have_text("Queued")


def test_only_the_settings_of_the_chosen_strategy_are_shown(web, live_server, ada):
    rows.dataset(ada)
    rows.space()
    web.goto(live_server.url + reverse("run-new"))
    expect(web.get_by_text("Settings of Evolution (NSGA-II)")).to_be_visible()
    expect(web.get_by_text("Settings of Random search")).to_be_hidden()
    web.get_by_role("radio", name="Random search").check()
    expect(web.get_by_text("Settings of Random search")).to_be_visible()


def test_another_target_brings_the_data_and_spaces_that_fit_it(web, live_server, ada):
    rows.dataset(ada)
    rows.space()
    rows.leaves(ada)
    rows.perceptrons()
    rows.device(None, "This machine", is_host=True)
    web.goto(live_server.url + reverse("run-new"))
    expect(web.get_by_text("These choices fit together.")).to_be_visible()
    expect(web.get_by_role("radio", name="Leaves")).to_be_hidden()
    web.get_by_role("radio", name="Rows of numbers").check()
    expect(web.get_by_role("radio", name="Leaves")).to_be_checked()
    expect(web.get_by_role("radio", name="Perceptrons")).to_be_checked()
    expect(web.get_by_role("radio", name="Stripes")).to_be_hidden()
    web.get_by_text("The same over REST").click()
    body = web.locator("#rest-body")
    expect(body).to_contain_text('"target": "features"')
    expect(web.get_by_text("These choices fit together.")).to_be_visible()


def test_dark_mode_is_switched_and_kept(run_page):
    def background() -> str:
        return run_page.evaluate("() => getComputedStyle(document.body).backgroundColor")

    light = background()
    run_page.get_by_role("button", name="Light or dark").click()
    dark = background()
    assert light != dark
    run_page.reload()
    assert background() == dark


def test_the_plot_follows_the_theme(run_page):
    def grid() -> str:
        return run_page.evaluate(
            "() => document.querySelector('front-plot .plot').layout.xaxis.gridcolor"
        )

    light = grid()
    run_page.get_by_role("button", name="Light or dark").click()
    assert grid() != light


def test_the_keyboard_reaches_the_content_first(run_page):
    run_page.keyboard.press("Tab")
    expect(run_page.get_by_text("Skip to the content")).to_be_focused()
    run_page.keyboard.press("Enter")
    assert run_page.evaluate("() => document.activeElement.id") == "main"


PAGES = [
    ("run-list", []),
    ("run-new", []),
    ("run", ["run"]),
    ("device-list", []),
    ("device", ["device"]),
    ("dataset-list", []),
    ("dataset", ["dataset"]),
    ("space-list", []),
    ("space", ["space"]),
    ("model-list", []),
    ("model", ["model"]),
    ("account", []),
]


@pytest.mark.parametrize("width", [360, 820, 1360])
def test_no_page_scrolls_sideways(web, live_server, run, width):
    member = run.trials.filter(on_front=True).first()
    ids = {
        "run": run.pk,
        "device": run.pinned.get().device_id,
        "dataset": run.dataset_id,
        "space": run.space_id,
        "model": rows.model(run, member).pk,
    }
    web.set_viewport_size({"width": width, "height": 800})
    too_wide = []
    for name, needs in PAGES:
        asked = f"?trial={member.number}" if name == "run" else ""
        web.goto(live_server.url + reverse(name, args=[ids[n] for n in needs]) + asked)
        web.wait_for_load_state("networkidle")
        if web.evaluate("() => document.documentElement.scrollWidth") > width:
            too_wide.append(name)
    assert too_wide == []


def test_everything_but_plots_works_without_scripts(browser, live_server, ada, run):
    client = Client()
    client.force_login(ada)
    context = browser.new_context(java_script_enabled=False)
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + reverse("run", args=[run.pk]))
    page.locator("#networks th").get_by_text("Storage").click()
    expect(page.locator("#networks th[aria-sort]")).to_contain_text("Storage")
    page.locator("#networks tbody a").first.click()
    expect(page.locator("svg.network")).to_be_visible()
    page.get_by_role("button", name="Choose this network").click()
    page.get_by_role("button", name="Make the model").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    context.close()
